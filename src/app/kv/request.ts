/** Requests in RESP2: multibulk, and inline for people with `nc`. Lengths come from the peer: each is checked before anything is done with it. */
import { Buffer } from './buffer'
import { give, isRoomFor, take } from './memory'
import { splitLine } from './inline'
import { integer, parseInteger, Slice } from './slice'

export const INCOMPLETE: i32 = 0
export const COMPLETE: i32 = 1
/** The peer does not speak the protocol; `error` says why. */
export const BROKEN: i32 = -1

/** The longest line: an inline request, or one that announces a length. */
const LONGEST_LINE: u32 = 64 << 10
const MOST_ARGUMENTS: i64 = 1 << 20
/** Redis has 512 MiB. */
export const LONGEST_BULK: i64 = 64 << 20

const SLICE: usize = 8

export class Request {
  /** Number of arguments, the command's name among them, of a complete request. */
  count: u32 = 0
  error: string = ''
  /** Bytes of the buffer that have been parsed; the whole request when it is complete. */
  length: u32 = 0
  private slices: usize = 0
  private room: u32 = 0
  /** Bulks that are still to come, and the length of the one whose header has been read, or -1. */
  private left: i64 = 0
  private bulk: i64 = -1

  at(index: u32): Slice {
    return changetype<Slice>(this.slices + <usize>index * SLICE)
  }

  /** The request has been answered, and the buffer has let go of it. */
  clear(): void {
    this.count = this.length = 0
    this.left = 0
    this.bulk = -1
    if (this.room > 1024) this.release()
  }

  release(): void {
    give(this.slices)
    this.slices = 0
    this.room = 0
  }

  /** Goes on with what has come. Arguments are slices of the buffer until that grows. */
  parse(input: Buffer): i32 {
    if (this.length == 0 && input.length > 0) {
      if (load<u8>(input.start) != 0x2a) return this.parseInline(input)
      const status = this.parseNumber(input, 'mbulk count string', 'invalid multibulk length')
      if (status != COMPLETE) return status
      if (integer > MOST_ARGUMENTS) return this.fail('invalid multibulk length')
      this.left = max<i64>(integer, 0)
    }
    if (this.length == 0) return INCOMPLETE
    for (; this.left > 0; this.left--) {
      const status = this.parseBulk(input)
      if (status != COMPLETE) return status
    }
    // Until now they were distances, since the buffer may have moved between two parts of a request.
    for (let i: u32 = 0; i < this.count; i++) this.at(i).start += input.start
    return COMPLETE
  }

  private fail(message: string): i32 {
    this.error = `ERR Protocol error: ${message}`
    return BROKEN
  }

  /** A line of one byte and a number, which is then `integer`. */
  private parseNumber(input: Buffer, what: string, message: string): i32 {
    const from = input.start + this.length
    const end = findLineEnd(from, input.length - this.length)
    if (end == 0) return input.length - this.length > LONGEST_LINE ? this.fail(`too big ${what}`) : INCOMPLETE
    if (!parseInteger(from + 1, <u32>(end - from) - 1)) return this.fail(message)
    this.length = <u32>(end - input.start) + 2
    return COMPLETE
  }

  private parseBulk(input: Buffer): i32 {
    if (this.bulk < 0) {
      if (this.length == input.length) return INCOMPLETE
      const type = load<u8>(input.start + this.length)
      if (type != 0x24) return this.fail(`expected '$', got '${String.fromCharCode(type)}'`)
      const status = this.parseNumber(input, 'bulk count string', 'invalid bulk length')
      if (status != COMPLETE) return status
      if (integer < 0 || integer > LONGEST_BULK) return this.fail('invalid bulk length')
      this.bulk = integer
    }
    const length = <u32>this.bulk
    if (input.length - this.length < length + 2) return INCOMPLETE
    if (!this.add(this.length, length)) return this.fail('too many arguments for the memory that is left')
    this.length += length + 2
    this.bulk = -1
    return COMPLETE
  }

  private parseInline(input: Buffer): i32 {
    let length: u32 = 0
    const most = min(input.length, LONGEST_LINE)
    while (length < most && load<u8>(input.start + length) != 10) length++
    if (length == input.length) return INCOMPLETE
    if (length == most) return this.fail('too big inline request')
    this.length = length + 1
    if (length > 0 && load<u8>(input.start + length - 1) == 13) length--
    return splitLine(this, input.start, length) ? COMPLETE : this.fail('unbalanced quotes in request')
  }

  /** One more argument, where `start` is an address or, until the request is complete, a distance in the buffer. */
  add(start: usize, length: u32): bool {
    if (this.count == this.room) {
      const room = max<u32>(16, this.room * 2)
      const size = <usize>room * SLICE
      if (room > 1024 && !isRoomFor(size)) return false
      const slices = take(size)
      memory.copy(slices, this.slices, <usize>this.count * SLICE)
      give(this.slices)
      this.slices = slices
      this.room = room
    }
    const slice = this.at(this.count++)
    slice.start = start
    slice.length = length
    return true
  }
}

/** Where CR LF stands, or 0. */
function findLineEnd(from: usize, length: u32): usize {
  const most = min(length, LONGEST_LINE)
  for (let i: u32 = 1; i < most; i++)
    if (load<u8>(from + i) == 10 && load<u8>(from + i - 1) == 13) return from + i - 1
  return 0
}
