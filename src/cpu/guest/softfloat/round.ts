/** Rounding as FCW.RC and MXCSR.RC encode it. SDM Vol. 1, 4.8.4. */
export const NEAREST: u32 = 0
export const DOWN: u32 = 1
export const UP: u32 = 2
export const TRUNCATE: u32 = 3

const HALF: u64 = 0x8000_0000_0000_0000

/** Whether a remainder below the last place, in units of 2⁻⁶⁴ of it, makes the magnitude go up. */
export function goesUp(rounding: u32, sign: u32, odd: u64, rest: u64): bool {
  if (!rest) return false
  if (rounding == NEAREST) return rest > HALF || (rest == HALF && odd != 0)
  if (rounding == TRUNCATE) return false
  return (rounding == UP) == (sign == 0)
}

/** Whether an overflow gives infinity rather than the largest number. */
export function overflowsToInfinity(rounding: u32, sign: u32): bool {
  return rounding == NEAREST || (rounding == UP && !sign) || (rounding == DOWN && sign != 0)
}
