/** DIV and IDIV. #DE when the divisor is zero or the quotient does not fit. SDM Vol. 2A. */
import { VECTOR_DE } from '../bits'
import { raise } from '../raise'
import { getGpr, RAX, RDX, setGpr, setGpr32 } from '../state'
import { CONTINUE } from '../status'

function raiseDe(cpu: usize): i32 {
  return raise(cpu, VECTOR_DE, 0, 0)
}

function setLow(cpu: usize, register: u32, mask: u64, value: u64): void {
  setGpr(cpu, register, (getGpr(cpu, register) & ~mask) | (value & mask))
}

/** AX / r8: AL ← quotient, AH ← remainder. */
export function div8(cpu: usize, divisor: u32): i32 {
  const d = divisor & 0xff
  const ax = <u32>getGpr(cpu, RAX) & 0xffff
  if (d == 0 || ax / d > 0xff) return raiseDe(cpu)
  setLow(cpu, RAX, 0xffff, (ax / d) | ((ax % d) << 8))
  return CONTINUE
}

/** DX:AX / r16 */
export function div16(cpu: usize, divisor: u32): i32 {
  const d = divisor & 0xffff
  const dividend = ((<u32>getGpr(cpu, RDX)) << 16) | (<u32>getGpr(cpu, RAX) & 0xffff)
  if (d == 0 || dividend / d > 0xffff) return raiseDe(cpu)
  setLow(cpu, RAX, 0xffff, dividend / d)
  setLow(cpu, RDX, 0xffff, dividend % d)
  return CONTINUE
}

/** EDX:EAX / r32 */
export function div32(cpu: usize, divisor: u32): i32 {
  const d = <u64>divisor
  const dividend = (getGpr(cpu, RDX) << 32) | (getGpr(cpu, RAX) & 0xffff_ffff)
  if (d == 0 || dividend / d > 0xffff_ffff) return raiseDe(cpu)
  setGpr32(cpu, RAX, <u32>(dividend / d))
  setGpr32(cpu, RDX, <u32>(dividend % d))
  return CONTINUE
}

/** RDX:RAX / r64 */
export function div64(cpu: usize, divisor: u64): i32 {
  const high = getGpr(cpu, RDX)
  if (high >= divisor) return raiseDe(cpu)
  const low = getGpr(cpu, RAX)
  const quotient = divideWide(high, low, divisor)
  setGpr(cpu, RAX, quotient)
  setGpr(cpu, RDX, low - quotient * divisor)
  return CONTINUE
}

export function idiv8(cpu: usize, divisor: i32): i32 {
  const d = <i32>(<i8>divisor)
  const ax = <i32>(<i16>getGpr(cpu, RAX))
  if (d == 0) return raiseDe(cpu)
  const quotient = ax / d
  if (quotient != <i32>(<i8>quotient)) return raiseDe(cpu)
  setLow(cpu, RAX, 0xffff, <u64>((quotient & 0xff) | ((ax % d) << 8)))
  return CONTINUE
}

export function idiv16(cpu: usize, divisor: i32): i32 {
  const d = <i64>(<i16>divisor)
  const dividend = <i64>(<i32>(((<u32>getGpr(cpu, RDX)) << 16) | (<u32>getGpr(cpu, RAX) & 0xffff)))
  if (d == 0) return raiseDe(cpu)
  const quotient = dividend / d
  if (quotient != <i64>(<i16>quotient)) return raiseDe(cpu)
  setLow(cpu, RAX, 0xffff, <u64>quotient)
  setLow(cpu, RDX, 0xffff, <u64>(dividend % d))
  return CONTINUE
}

export function idiv32(cpu: usize, divisor: i32): i32 {
  const d = <i64>divisor
  const dividend = <i64>((getGpr(cpu, RDX) << 32) | (getGpr(cpu, RAX) & 0xffff_ffff))
  // The one quotient that even 64 bits cannot hold would trap in the host.
  if (d == 0 || (d == -1 && dividend == i64.MIN_VALUE)) return raiseDe(cpu)
  const quotient = dividend / d
  if (quotient != <i64>(<i32>quotient)) return raiseDe(cpu)
  setGpr32(cpu, RAX, <u32>quotient)
  setGpr32(cpu, RDX, <u32>(dividend % d))
  return CONTINUE
}

/** By magnitudes; the remainder has the sign of the dividend. */
export function idiv64(cpu: usize, divisor: i64): i32 {
  let high = getGpr(cpu, RDX)
  let low = getGpr(cpu, RAX)
  const isNegative = <i64>high < 0
  if (isNegative) {
    low = 0 - low
    high = low == 0 ? 0 - high : ~high
  }
  const d: u64 = divisor < 0 ? 0 - <u64>divisor : <u64>divisor
  if (high >= d) return raiseDe(cpu)
  const magnitude = divideWide(high, low, d)
  const remainder = low - magnitude * d
  const negates = isNegative != divisor < 0
  const largest: u64 = negates ? 1 << 63 : (1 << 63) - 1
  if (magnitude > largest) return raiseDe(cpu)
  setGpr(cpu, RAX, negates ? 0 - magnitude : magnitude)
  setGpr(cpu, RDX, isNegative ? 0 - remainder : remainder)
  return CONTINUE
}

/** Quotient of high:low by divisor, for high < divisor: schoolbook division with 32-bit digits (Knuth, algorithm D). */
function divideWide(high: u64, low: u64, divisor: u64): u64 {
  if (high == 0) return low / divisor
  const shift = clz(divisor)
  const d = divisor << shift
  const top = shift == 0 ? high : (high << shift) | (low >> (64 - shift))
  const rest = low << shift
  const q1 = digit(top, rest >> 32, d)
  const middle = (top << 32) + (rest >> 32) - q1 * d
  const q0 = digit(middle, rest & 0xffff_ffff, d)
  return (q1 << 32) + q0
}

/** One 32-bit digit of (top · 2³² + next) / d, where d has its top bit set. */
function digit(top: u64, next: u64, d: u64): u64 {
  const dHigh = d >> 32
  const dLow = d & 0xffff_ffff
  let q = top / dHigh
  let r = top % dHigh
  while (q >> 32 || q * dLow > ((r << 32) | next)) {
    q--
    r += dHigh
    if (r >> 32) break
  }
  return q
}
