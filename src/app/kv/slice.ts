/** Bytes that belong to somebody else: an argument of a request, a key in a table. */

@unmanaged
export class Slice {
  start: usize
  length: u32
}

const EXPONENT: i32 = 1
const DIGITS: i32 = 2

export function equals(slice: Slice, start: usize, length: u32): bool {
  return slice.length == length && memory.compare(slice.start, start, length) == 0
}

export function lower(byte: u32): u32 {
  return byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte
}

/** Whether the bytes are `word`, which is in small letters, whatever the case of theirs. */
export function isWord(slice: Slice, word: string): bool {
  if (slice.length != <u32>word.length) return false
  for (let i = 0; i < word.length; i++)
    if (lower(load<u8>(slice.start + i)) != <u32>word.charCodeAt(i)) return false
  return true
}

export function toText(slice: Slice): string {
  return String.UTF8.decodeUnsafe(slice.start, slice.length)
}

/** The number of the last `parseInteger` or `parseReal` that has returned true. */
export let integer: i64 = 0
export let real: f64 = 0

/** A 64-bit number as its shortest text, as Redis has it: no sign but `-`, no leading zeros, no spaces. */
export function parseInteger(start: usize, length: u32): bool {
  if (length == 0 || length > 20) return false
  const isNegative = load<u8>(start) == 0x2d
  let at: u32 = isNegative ? 1 : 0
  if (at == length) return false
  const first = load<u8>(start + at)
  if (first == 0x30) {
    integer = 0
    return length == 1
  }
  let value: u64 = 0
  for (; at < length; at++) {
    const digit = <u32>load<u8>(start + at) - 0x30
    if (digit > 9) return false
    if (value > (u64.MAX_VALUE - digit) / 10) return false
    value = value * 10 + digit
  }
  if (value > (isNegative ? (<u64>1) << 63 : <u64>i64.MAX_VALUE)) return false
  integer = isNegative ? -(<i64>value) : <i64>value
  return true
}

/** Whether the text is [sign] digits [. digits] [e [sign] digits], with a digit before the exponent. */
function isDecimal(start: usize, length: u32): bool {
  let seen = 0
  let hasPoint = false
  for (let i: u32 = 0; i < length; i++) {
    const byte = load<u8>(start + i)
    if (byte >= 0x30 && byte <= 0x39) seen |= DIGITS
    else if (byte == 0x2e && !hasPoint && !(seen & EXPONENT)) hasPoint = true
    else if ((byte | 0x20) == 0x65 && seen == DIGITS) seen = EXPONENT
    else if (byte != 0x2b && byte != 0x2d) return false
    else if (i != 0 && (load<u8>(start + i - 1) | 0x20) != 0x65) return false
  }
  return (seen & DIGITS) != 0
}

/** A decimal number, or an infinity as `inf`, `+inf`, `-infinity`. */
export function parseReal(slice: Slice): bool {
  if (slice.length <= 15 && parseInteger(slice.start, slice.length)) {
    real = <f64>integer
    return true
  }
  if (slice.length == 0 || slice.length > 400) return false
  if (isDecimal(slice.start, slice.length)) {
    real = parseFloat(toText(slice))
    return true
  }
  const word = toText(slice).toLowerCase()
  const sign = word.startsWith('-') ? -1.0 : 1.0
  const name = word.startsWith('-') || word.startsWith('+') ? word.slice(1) : word
  real = sign * Infinity
  return name == 'inf' || name == 'infinity'
}
