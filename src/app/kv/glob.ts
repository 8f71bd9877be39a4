/** Patterns of KEYS and SCAN: `*`, `?`, `[a-z]`, `[^a]`, and `\` before a byte that means itself. */
import { Slice } from './slice'

/** Where the class that begins behind `[` at `at` ends, and whether `byte` is in it. */
let classEnd: usize = 0

function isInClass(at: usize, end: usize, byte: u8): bool {
  const isNegated = at < end && load<u8>(at) == 0x5e
  if (isNegated) at++
  let isFound = false
  while (at < end && load<u8>(at) != 0x5d) {
    if (load<u8>(at) == 0x5c && at + 1 < end) {
      at++
      if (load<u8>(at) == byte) isFound = true
    } else if (at + 2 < end && load<u8>(at + 1) == 0x2d) {
      const from = load<u8>(at)
      const to = load<u8>(at + 2)
      if (byte >= min(from, to) && byte <= max(from, to)) isFound = true
      at += 2
    } else if (load<u8>(at) == byte) isFound = true
    at++
  }
  classEnd = min(at + 1, end)
  return isFound != isNegated
}

/** Whether the pattern's element at `at`, no star, takes `byte`; `classEnd` is then where the next element begins. */
function takes(at: usize, end: usize, byte: u8): bool {
  let element = load<u8>(at)
  if (element == 0x5b) return isInClass(at + 1, end, byte)
  if (element == 0x5c && at + 1 < end) element = load<u8>(++at)
  else if (element == 0x3f) {
    classEnd = at + 1
    return true
  }
  classEnd = at + 1
  return element == byte
}

/** Only the last star ever needs to be tried again, so that the time is at most the product of both lengths. */
export function matches(pattern: Slice, text: usize, length: u32): bool {
  const end = pattern.start + pattern.length
  const textEnd = text + length
  let at = pattern.start
  let star: usize = 0
  let starText: usize = 0
  while (text < textEnd) {
    if (at < end && load<u8>(at) == 0x2a) {
      star = ++at
      starText = text
    } else if (at < end && takes(at, end, load<u8>(text))) {
      at = classEnd
      text++
    } else if (star != 0) {
      at = star
      text = ++starText
    } else return false
  }
  while (at < end && load<u8>(at) == 0x2a) at++
  return at == end
}
