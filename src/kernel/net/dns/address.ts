/** Reads a dotted quad, four decimal numbers without leading zeros, and stores it in host order; false if it is something else. */
export function parseAddress(text: usize, length: u32, target: usize): bool {
  let address: u32 = 0
  let part: u32 = 0
  let digits: u32 = 0
  let dots: u32 = 0
  for (let index: u32 = 0; index < length; index++) {
    const char = load<u8>(text + index) as u32
    if (char == 46) {
      if (digits == 0 || ++dots > 3) return false
      address = (address << 8) | part
      part = 0
      digits = 0
      continue
    }
    if (char < 48 || char > 57 || (digits > 0 && part == 0)) return false
    part = part * 10 + (char - 48)
    digits++
    if (part > 255) return false
  }
  if (dots != 3 || digits == 0) return false
  store<u32>(target, (address << 8) | part)
  return true
}
