/**
 * How cryptographic instructions pass vectors: sources lie one behind the other in SCRATCH, doublewords lowest first. The result's low half is
 * the function's, its high half is left in SCRATCH at 8.
 */
import { SCRATCH } from '../../layout'

/** Doubleword `n` of source `source`. */
export function dword(cpu: usize, source: u32, n: u32): u32 {
  return load<u32>(cpu + source * 16 + n * 4, SCRATCH)
}

/** Gives back four doublewords, the lowest first. */
export function result(cpu: usize, d0: u32, d1: u32, d2: u32, d3: u32): u64 {
  store<u64>(cpu, ((<u64>d3) << 32) | d2, SCRATCH + 8)
  return ((<u64>d1) << 32) | d0
}
