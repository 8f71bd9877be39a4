/** Multiplication without carries: PCLMULQDQ. SDM Vol. 2. */
import { SCRATCH } from '../../layout'

const EVERY_FOURTH: u64 = 0x1111_1111_1111_1111

/**
 * The low 64 bits of the product. With only every fourth bit of a factor set, up to fifteen carries of an ordinary product stay within the three
 * bits between; one more could reach the next, but only in bits beyond 60 · 60, which are cut off.
 */
function lowProduct(x: u64, y: u64): u64 {
  let product: u64 = 0
  for (let i: u64 = 0; i < 4; i++) {
    let part: u64 = 0
    for (let j: u64 = 0; j < 4; j++) {
      part ^= (x & (EVERY_FOURTH << j)) * (y & (EVERY_FOURTH << ((i - j) & 3)))
    }
    product |= part & (EVERY_FOURTH << i)
  }
  return product
}

function swapBits(x: u64, mask: u64, distance: u64): u64 {
  return ((x >> distance) & mask) | ((x & mask) << distance)
}

function reverse(x: u64): u64 {
  x = swapBits(x, 0x5555_5555_5555_5555, 1)
  x = swapBits(x, 0x3333_3333_3333_3333, 2)
  x = swapBits(x, 0x0f0f_0f0f_0f0f_0f0f, 4)
  return bswap<u64>(x)
}

/** The low half of x · y; the high half goes to SCRATCH at 8. Reversed factors give the reversed product, one bit lower. */
export function carrylessMultiply(cpu: usize, x: u64, y: u64): u64 {
  store<u64>(cpu, reverse(lowProduct(reverse(x), reverse(y))) >> 1, SCRATCH + 8)
  return lowProduct(x, y)
}
