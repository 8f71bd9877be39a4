/** Text for the console, written piece by piece without allocating: it must work while the heap is broken. */
import { writeByte } from '../driver/serial'

/** The characters of a string constant; those above U+00FF become `?`. */
export function print(text: string): void {
  const start = changetype<usize>(text)
  const length = text.length
  for (let i = 0; i < length; i++) {
    const unit = load<u16>(start + ((<usize>i) << 1))
    if (unit == 10) writeByte(13)
    writeByte(unit < 256 ? unit : 63)
  }
}

/** `length` bytes at `address`, as they are. */
export function printBytes(address: usize, length: usize): void {
  for (let i: usize = 0; i < length; i++) {
    const byte = <u32>load<u8>(address + i)
    if (byte == 10) writeByte(13)
    writeByte(byte)
  }
}

/** A string that ends with a zero byte, at most 255 bytes of it. */
export function printZeroTerminated(address: usize): void {
  let length: usize = 0
  while (length < 255 && load<u8>(address + length) != 0) length++
  printBytes(address, length)
}

export function printDecimal(value: u64): void {
  let divisor: u64 = 1
  while (value / divisor >= 10) divisor *= 10
  for (; divisor > 0; divisor /= 10) writeByte(<u32>(48 + ((value / divisor) % 10)))
}

export function printSigned(value: i64): void {
  if (value < 0) writeByte(45)
  printDecimal(value < 0 ? -value : value)
}

/** Hexadecimal with `0x` and at least one digit. */
export function printHex(value: u64): void {
  print('0x')
  let shift: i32 = 60
  while (shift > 0 && value >> shift == 0) shift -= 4
  for (; shift >= 0; shift -= 4) {
    const digit = <u32>(value >> shift) & 15
    writeByte(digit < 10 ? 48 + digit : 87 + digit)
  }
}
