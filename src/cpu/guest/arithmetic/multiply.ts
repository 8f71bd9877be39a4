/** High halves of 64 × 64 → 128 bit products. */
export function mulHigh64(_cpu: usize, x: u64, y: u64): u64 {
  const xLow = x & 0xffff_ffff
  const yLow = y & 0xffff_ffff
  const xHigh = x >> 32
  const yHigh = y >> 32
  const low = xLow * yLow
  const cross = xHigh * yLow + (low >> 32)
  const other = xLow * yHigh + (cross & 0xffff_ffff)
  return xHigh * yHigh + (cross >> 32) + (other >> 32)
}

export function imulHigh64(cpu: usize, x: i64, y: i64): i64 {
  const high = <i64>mulHigh64(cpu, <u64>x, <u64>y)
  return high - ((x >> 63) & y) - ((y >> 63) & x)
}
