/** FST, FSTP, FIST, FISTP, FISTTP and FBSTP to memory. SDM Vol. 2A; masked responses: Vol. 1, 8.5. */
import { writeUnaligned, probeWriteAs } from '../mmu/memory'
import { explicit } from '../mmu/translate'
import { ACCESS_WRITE } from '../mmu/access-kind'
import { CONTINUE, EXCEPTION } from '../status'
import { DECIMAL, DOUBLE, EXTENDED, SINGLE } from './memory-operand'
import * as N from './number'
import { Extended, X } from './number'
import { enter, pop, readStack, settle, stackFault } from './stack'
import { storeUsual } from './usual'
import { EXCEPTIONS, IE, OE, PE, UE, getFcw, isEmpty } from './state'

const DECIMAL_LIMIT: u64 = 999_999_999_999_999_999

/** What goes to memory: 64 bits, and 16 more of the formats with ten bytes. */
let image: u64 = 0
let imageHigh: u32 = 0

/** To a format with `bits` significant bits, hidden one included, and an exponent of `width` bits. */
function narrow(cpu: usize, n: Extended, bits: u32, width: u32): void {
  const sign = (<u64>n.sign) << (bits + width - 1)
  const top: u64 = ((1 << width) - 1) << (bits - 1)
  if (n.kind == N.UNSUPPORTED || n.kind == N.NAN) {
    N.propagateOne(n)
    const negative = (<u64>(N.resultExponent >> 15)) << (bits + width - 1)
    image = negative | top | ((N.resultSignificand << 1) >> (65 - bits))
    return
  }
  if (n.kind == N.ZERO) {
    image = sign
    return
  }
  if (n.kind == N.INFINITY) {
    image = sign | top
    return
  }
  const rounding = N.roundingControl(cpu)
  image = N.pack(bits, width, rounding, getFcw(cpu), false, n.sign, n.exponent, n.significand, 0)
}

/** Magnitude rounded by RC, or toward zero; IE when it does not fit `limit`. */
function integerOf(cpu: usize, truncate: bool, limit: u64): u64 {
  if (X.kind <= N.NAN || X.kind == N.INFINITY) {
    N.signal(IE)
    return 0
  }
  const before = N.raised
  const value = N.toIntegerMagnitude(X, truncate ? N.TRUNCATE : N.roundingControl(cpu))
  if (N.fits && value <= limit) return value
  N.setRaised(before | IE)
  N.setRoundedUp(false)
  return 0
}

function toInteger(cpu: usize, size: u32, truncate: bool): void {
  const lowest: u64 = (<u64>1) << (8 * size - 1)
  const value = integerOf(cpu, truncate, X.sign ? lowest : lowest - 1)
  image = N.raised & IE ? lowest : X.sign ? 0 - value : value
}

function toDecimal(cpu: usize): void {
  let value = integerOf(cpu, false, DECIMAL_LIMIT)
  if (N.raised & IE) {
    image = 0xc000_0000_0000_0000
    imageHigh = 0xffff
    return
  }
  image = 0
  for (let i = 0; i < 64; i += 4) {
    image |= (value % 10) << i
    value /= 10
  }
  imageHigh = <u32>(value % 10) | ((<u32>(value / 10)) << 4) | (X.sign << 15)
}

function indefinite(format: u32, size: u32): void {
  imageHigh = 0xffff
  if (format == SINGLE) image = 0xffc0_0000
  else if (format == DOUBLE) image = 0xfff8_0000_0000_0000
  else if (format == EXTENDED || format == DECIMAL) image = 0xc000_0000_0000_0000
  else image = (<u64>1) << (8 * size - 1)
}

/** Stores ST(0); `size` in bytes. Nothing is stored or popped when an unmasked exception other than #P is found. */
export function x87Store(cpu: usize, format: u32, va: u64, size: u32, pops: u32, truncate: u32): i32 {
  if (storeUsual(cpu, format, va, size, pops)) return CONTINUE
  if (probeWriteAs(cpu, va, size, explicit(cpu, ACCESS_WRITE))) return EXCEPTION
  enter(cpu)
  if (isEmpty(cpu, 0)) {
    stackFault(cpu, false)
    indefinite(format, size)
  } else {
    readStack(cpu, X, 0)
    if (format == SINGLE) narrow(cpu, X, 24, 8)
    else if (format == DOUBLE) narrow(cpu, X, 53, 11)
    else if (format == DECIMAL) toDecimal(cpu)
    else if (format != EXTENDED) toInteger(cpu, size, truncate != 0)
    else {
      image = X.rawSignificand
      imageHigh = X.rawExponent
    }
  }
  const stops = N.raised & ~getFcw(cpu) & EXCEPTIONS & ~PE
  // What is not stored has not been rounded.
  if (stops & (OE | UE)) {
    N.setRaised(N.raised & ~PE)
    N.setRoundedUp(false)
  }
  if (!stops) {
    writeUnaligned(cpu, va, min(size, 8), image)
    if (size > 8) writeUnaligned(cpu, va + 8, 2, imageHigh)
    if (pops) pop(cpu)
  }
  return settle(cpu)
}
