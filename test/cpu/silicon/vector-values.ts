/** Values for vector registers that matter to vector instructions. */
import type { Random } from './random.ts'

const singles = [
  0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001,
  0xffa00000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff, 0x4f000000, 0xcf000000, 0x4effffff,
  0x5f000000, 0xdf000000, 0x3f000000, 0x3fc00000, 0x40200000,
]
const doubles = [
  0n,
  1n << 63n,
  0x3ff0000000000000n,
  0xbff0000000000000n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x7ff8000000000000n,
  0xfff8000000000001n,
  0x7ff0000000000001n,
  0xfff4000000000000n,
  1n,
  0x000fffffffffffffn,
  0x0010000000000000n,
  0x7fefffffffffffffn,
  0x41e0000000000000n,
  0xc1e0000000000000n,
  0xc1e0000000200000n,
  0xc1e00000001fffffn,
  0x41dfffffffc00000n,
  0x41dfffffffe00000n,
  0x43e0000000000000n,
  0xc3e0000000000000n,
  0x3fe0000000000000n,
  0x3ff8000000000000n,
  0x4004000000000000n,
]

/** Sixteen bytes: anything, or floats of one precision, many of them special, many of moderate size. */
export function vectorValue(random: Random): Uint8Array {
  const bytes = random.bytes(16)
  const view = new DataView(bytes.buffer)
  const kind = random.below(6)
  if (kind === 0) return bytes
  // Short strings of few letters, for the string comparisons.
  if (kind === 5) return bytes.map((byte, at) => (at > bytes[0]! % 24 ? 0 : 1 + (byte % 3)))
  if (kind < 3) {
    for (let lane = 0; lane < 4; lane++) {
      const choice = random.below(4)
      const moderate = (random.u32() - 0x80000000) / (1 << random.below(31))
      if (choice < 2) view.setUint32(4 * lane, random.pick(singles), true)
      else if (choice === 2) view.setFloat32(4 * lane, moderate, true)
    }
    return bytes
  }
  for (let lane = 0; lane < 2; lane++) {
    const choice = random.below(4)
    const moderate = (random.u32() - 0x80000000) / 2 ** random.below(33)
    if (choice < 2) view.setBigUint64(8 * lane, random.pick(doubles), true)
    else if (choice === 2) view.setFloat64(8 * lane, moderate, true)
  }
  return bytes
}
