/** Replies in RESP2. What is not sent yet waits here. */
import { Blob, startOf } from './blob'
import { Buffer } from './buffer'
import { Slice } from './slice'
import { keyOf, Node } from './table'

const LONGEST_NUMBER: u32 = 20

export class Reply extends Buffer {
  /** ASCII as it is. */
  text(text: string): void {
    const to = this.reserve(<u32>text.length)
    if (to == 0) return
    for (let i = 0; i < text.length; i++) store<u8>(to + i, <u8>text.charCodeAt(i))
    this.extend(<u32>text.length)
  }

  ok(): void {
    this.text('+OK\r\n')
  }

  /** A message that begins with its code, as in `ERR syntax error`. Line ends in it become spaces. */
  error(message: string): void {
    const bytes = String.UTF8.encode(message)
    const start = changetype<usize>(bytes)
    for (let i = 0; i < bytes.byteLength; i++)
      if (load<u8>(start + i) == 10 || load<u8>(start + i) == 13) store<u8>(start + i, 32)
    this.text('-')
    this.append(start, <u32>bytes.byteLength)
    this.text('\r\n')
  }

  syntaxError(): void {
    this.error('ERR syntax error')
  }

  notAnInteger(): void {
    this.error('ERR value is not an integer or out of range')
  }

  /** A number between `type` and a line end. */
  private line(type: u8, value: i64): void {
    const to = this.reserve(LONGEST_NUMBER + 3)
    if (to == 0) return
    store<u8>(to, type)
    const length = writeInteger(to + 1, value)
    store<u16>(to + 1 + length, 0x0a0d)
    this.extend(length + 3)
  }

  integer(value: i64): void {
    this.line(0x3a, value)
  }

  /** The `count` elements follow. */
  array(count: i64): void {
    this.line(0x2a, count)
  }

  nil(): void {
    this.text('$-1\r\n')
  }

  bulk(start: usize, length: u32): void {
    const to = this.reserve(length + LONGEST_NUMBER + 5)
    if (to == 0) return
    store<u8>(to, 0x24)
    const data = to + 1 + writeInteger(to + 1, length) + 2
    store<u16>(data - 2, 0x0a0d)
    memory.copy(data, start, length)
    store<u16>(data + length, 0x0a0d)
    this.extend(<u32>(data - to) + length + 2)
  }

  slice(slice: Slice): void {
    this.bulk(slice.start, slice.length)
  }

  blob(blob: Blob): void {
    this.bulk(startOf(blob), blob.length)
  }

  key(node: Node): void {
    this.bulk(keyOf(node), node.length)
  }

  string(text: string): void {
    const bytes = String.UTF8.encode(text)
    this.bulk(changetype<usize>(bytes), <u32>bytes.byteLength)
  }

  /** A score, in the shortest way that gives the same number when it is read. */
  real(value: f64): void {
    if (value == Infinity) this.string('inf')
    else if (value == -Infinity) this.string('-inf')
    else if (value == floor(value) && abs(value) < 1e15 && (value != 0 || 1 / value > 0))
      this.string((<i64>value).toString())
    else if (value == 0) this.string('-0')
    else this.string(value.toString())
  }
}

/** Writes a number in decimal: how many bytes. */
export function writeInteger(to: usize, value: i64): u32 {
  let length: u32 = 0
  let rest: u64 = <u64>value
  if (value < 0) {
    store<u8>(to, 0x2d)
    length = 1
    rest = -rest
  }
  let digits: u32 = 1
  for (let bound: u64 = 10; digits < 19 && rest >= bound; bound *= 10) digits++
  if (digits == 19 && rest >= 10_000_000_000_000_000_000) digits++
  for (let at = length + digits; at > length; rest /= 10) store<u8>(to + --at, <u8>(0x30 + (rest % 10)))
  return length + digits
}
