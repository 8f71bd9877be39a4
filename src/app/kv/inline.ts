/** Words of an inline request: separated by spaces, with quotes as in Redis: "\x41\n" with escapes, 'it\'s' without. */
import { Request } from './request'

function isSpace(byte: u8): bool {
  return byte == 32 || (byte >= 9 && byte <= 13) || byte == 0
}

function hexDigit(byte: u8): i32 {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const small = byte | 0x20
  return small >= 0x61 && small <= 0x66 ? small - 0x57 : -1
}

function escaped(byte: u8): u8 {
  if (byte == 0x6e) return 10
  if (byte == 0x72) return 13
  if (byte == 0x74) return 9
  if (byte == 0x62) return 8
  return byte == 0x61 ? 7 : byte
}

/** Where the quoted part that begins behind `at` ends, unquoted bytes moved to `to`; 0 if it does not end, or goes on behind the quote. */
let written: usize = 0

function unquote(at: usize, end: usize, quote: u8): usize {
  while (at < end) {
    const byte = load<u8>(at++)
    if (byte == quote) return at == end || isSpace(load<u8>(at)) ? at : 0
    if (byte != 0x5c || at == end) {
      store<u8>(written++, byte)
      continue
    }
    const next = load<u8>(at)
    if (quote == 0x27) {
      store<u8>(written++, next == quote ? load<u8>(at++) : byte)
      continue
    }
    const isHex =
      next == 0x78 && at + 2 < end && hexDigit(load<u8>(at + 1)) >= 0 && hexDigit(load<u8>(at + 2)) >= 0
    if (isHex) store<u8>(written++, <u8>((hexDigit(load<u8>(at + 1)) << 4) | hexDigit(load<u8>(at + 2))))
    else store<u8>(written++, escaped(next))
    at += isHex ? 3 : 1
  }
  return 0
}

/** Adds the words of a line to `request`, unquoted in place; false if quotes do not balance. */
export function splitLine(request: Request, start: usize, length: u32): bool {
  const end = start + length
  let at = start
  while (true) {
    while (at < end && isSpace(load<u8>(at))) at++
    if (at == end) return true
    const word = (written = at)
    while (at < end && !isSpace(load<u8>(at))) {
      const byte = load<u8>(at++)
      if (byte == 0x22 || byte == 0x27) {
        at = unquote(at, end, byte)
        if (at == 0) return false
      } else store<u8>(written++, byte)
    }
    if (!request.add(word, <u32>(written - word))) return false
  }
}
