/** Comparisons of X and Y: MINPS and MAXPS, CMPPS and its 32 predicates, COMISS. SDM Vol. 2A. */
import { DE, IE, signal } from './flags'
import * as F from './format'
import { DENORMAL, NAN, X, Y, ZERO, isSignaling, order } from './number'

/* What a comparison can find. */
const LESS: u32 = 1
const EQUAL: u32 = 2
const GREATER: u32 = 4
const UNORDERED: u32 = 8

/** For each predicate what makes it true, plus SIGNALS when a quiet NaN is invalid. Table 3-1 (CMPPD). */
const SIGNALS: u32 = 16
const PREDICATES: StaticArray<u8> = [
  2, 17, 19, 8, 13, 30, 28, 7, 10, 25, 27, 0, 5, 22, 20, 15, 18, 1, 3, 24, 29, 14, 12, 23, 26, 9, 11, 16, 21,
  6, 4, 31,
]

/** Compares, and flags; `quiet`: quiet NaNs are no reason to. */
function relation(quiet: bool): u32 {
  if (X.kind == NAN || Y.kind == NAN) {
    if (!quiet || isSignaling(X) || isSignaling(Y)) signal(IE)
    return UNORDERED
  }
  if (X.kind == DENORMAL || Y.kind == DENORMAL) signal(DE)
  const found = order(X, Y)
  return found < 0 ? LESS : found ? GREATER : EQUAL
}

/** 1 when the predicate holds. */
export function holds(predicate: u32): u64 {
  const wanted: u32 = unchecked(PREDICATES[predicate & 31])
  return u64((relation(!(wanted & SIGNALS)) & wanted) != 0)
}

/** ZF, PF and CF: 111 unordered, 000 greater, 001 less, 100 equal. */
export function conditions(quiet: bool): u64 {
  const found = relation(quiet)
  return found == UNORDERED ? 0x45 : found == LESS ? 1 : found == EQUAL ? 0x40 : 0
}

/** The smaller operand, or the larger; the second when they are equal or one is a NaN. `x`, `y`: their bits. */
export function minMax(format: u32, largest: bool, x: u64, y: u64): u64 {
  const found = relation(false)
  const first = found == (largest ? GREATER : LESS)
  const n = first ? X : Y
  // A denormal may have become a zero.
  if (n.kind == ZERO && F.denormalsAreZeros) return F.zeroIn(format, n.sign)
  return first ? x : y
}
