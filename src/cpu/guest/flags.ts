/** RFLAGS from and to its stored form: lazy arithmetic flags (layout's FLAGS_KIND …) beside the eager rest. */
import * as L from '../layout'

/** CF, PF, AF, ZF, SF and OF. */
export const ARITHMETIC_FLAGS: u64 = 0x8d5
const CF: u64 = 1
const AF: u64 = 0x10
const OF: u64 = 0x800

function kindOf(cpu: usize): u32 {
  return load<u32>(cpu + L.FLAGS_KIND)
}

/** CF, 0 or 1. */
export function getCarry(cpu: usize): u64 {
  const kind = kindOf(cpu)
  const x = load<u64>(cpu + L.FLAGS_X)
  const result = load<u64>(cpu + L.FLAGS_RESULT)
  switch (kind & 0xff) {
    // Sign extension keeps the unsigned order, so the comparisons hold for every operand size.
    case L.FLAGS_ADD:
      return u64(result < x)
    case L.FLAGS_SUB:
      return u64(result > x)
    case L.FLAGS_LOGIC:
      return 0
    default:
      return x & CF
  }
}

/** CF, AF and OF at their places in RFLAGS. */
function carries(cpu: usize): u64 {
  const kind = kindOf(cpu)
  const top = u64(kind >> 8)
  const x = load<u64>(cpu + L.FLAGS_X)
  const r = load<u64>(cpu + L.FLAGS_RESULT)
  switch (kind & 0xff) {
    case L.FLAGS_ADD: {
      const y = r - x
      return u64(r < x) | ((x ^ y ^ r) & AF) | (((((x ^ r) & (y ^ r)) >> top) & 1) << 11)
    }
    case L.FLAGS_SUB: {
      const y = x - r
      return u64(r > x) | ((x ^ y ^ r) & AF) | (((((x ^ y) & (x ^ r)) >> top) & 1) << 11)
    }
    case L.FLAGS_LOGIC:
      return 0
    case L.FLAGS_INC:
      return x | (u64((r & 15) == 0) << 4) | (u64(r == ~(<u64>0) << top) << 11)
    case L.FLAGS_DEC:
      return x | (u64((r & 15) == 15) << 4) | (u64(r == ((<u64>1) << top) - 1) << 11)
    default:
      return x & (CF | AF | OF)
  }
}

/** RFLAGS with every flag materialised. */
export function getRflags(cpu: usize): u64 {
  const rest = load<u64>(cpu + L.RFLAGS)
  if ((kindOf(cpu) & 0xff) == L.FLAGS_EXPLICIT) return rest | load<u64>(cpu + L.FLAGS_X)
  const r = load<u64>(cpu + L.FLAGS_RESULT)
  const parity = (popcnt(r & 0xff) & 1) ^ 1
  return rest | carries(cpu) | (parity << 2) | (u64(r == 0) << 6) | ((r >> 63) << 7)
}

/** Stores all of RFLAGS. Reserved bits are the caller's affair; bit 1 reads as 1. */
export function setRflags(cpu: usize, value: u64): void {
  store<u64>(cpu + L.RFLAGS, (value & ~ARITHMETIC_FLAGS) | 2)
  setArithmeticFlags(cpu, value)
}

/** Stores the six arithmetic flags out of `value` and leaves the others alone. */
export function setArithmeticFlags(cpu: usize, value: u64): void {
  store<u32>(cpu + L.FLAGS_KIND, L.FLAGS_EXPLICIT)
  store<u64>(cpu + L.FLAGS_X, value & ARITHMETIC_FLAGS)
  store<u64>(cpu + L.FLAGS_RESULT, ((value >> 6) & 1) ^ 1)
}

/** Leaves the flags as CMP x, y of `bits` wide operands does; both sign-extended to 64 bits. */
export function setFlagsOfCompare(cpu: usize, x: i64, y: i64, bits: u32): void {
  const unused = 64 - bits
  store<u32>(cpu + L.FLAGS_KIND, L.FLAGS_SUB | ((bits - 1) << 8))
  store<i64>(cpu + L.FLAGS_X, x)
  store<i64>(cpu + L.FLAGS_RESULT, ((x - y) << unused) >> unused)
}
