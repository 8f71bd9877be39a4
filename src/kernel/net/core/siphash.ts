/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) of two 64-bit words: the keyed function behind initial sequence numbers
 * (RFC 6528), ephemeral ports (RFC 6056) and the connection table.
 */

@unmanaged
export class SipKey {
  k0: u64
  k1: u64

  constructor(k0: u64, k1: u64) {
    this.k0 = k0
    this.k1 = k1
  }

  /** The hash of the 16 bytes (m0, m1), each word little-endian. */
  hash(m0: u64, m1: u64): u64 {
    let v0 = this.k0 ^ (((0x736f6d65 as u64) << 32) | 0x70736575)
    let v1 = this.k1 ^ (((0x646f7261 as u64) << 32) | 0x6e646f6d)
    let v2 = this.k0 ^ (((0x6c796765 as u64) << 32) | 0x6e657261)
    let v3 = this.k1 ^ (((0x74656462 as u64) << 32) | 0x79746573)
    for (let block = 0; block < 4; block++) {
      // The last block carries the length, 16, in its top byte; the fourth pass is the finalisation.
      const message = block == 0 ? m0 : block == 1 ? m1 : block == 2 ? (16 as u64) << 56 : 0
      const rounds = block == 3 ? 4 : 2
      if (block == 3) v2 ^= 0xff
      v3 ^= message
      for (let round = 0; round < rounds; round++) {
        v0 += v1
        v1 = rotl<u64>(v1, 13) ^ v0
        v0 = rotl<u64>(v0, 32)
        v2 += v3
        v3 = rotl<u64>(v3, 16) ^ v2
        v0 += v3
        v3 = rotl<u64>(v3, 21) ^ v0
        v2 += v1
        v1 = rotl<u64>(v1, 17) ^ v2
        v2 = rotl<u64>(v2, 32)
      }
      v0 ^= message
    }
    return v0 ^ v1 ^ v2 ^ v3
  }
}
