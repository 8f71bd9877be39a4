/** Floating point of the vector registers, lane by lane: what generated code calls when MXCSR or the operands are not plain. SDM Vol. 1, 11.5. */
import * as O from '../../float-operations'
import * as L from '../../layout'
import { CR4_OSXMMEXCPT, VECTOR_XM } from '../bits'
import { raise, raiseUd } from '../raise'
import { cr4Has } from '../state'
import { add } from './add'
import * as compare from './compare'
import * as convert from './convert'
import { divide, squareRoot } from './divide'
import { BEFORE, raised } from './flags'
import * as F from './format'
import { X, Y, Z, unpackFormat } from './number'
import { fuse, multiply } from './multiply'
import { quickDouble, quickFuse, quickSingle, result as quick } from './quick'

function arithmetic(operation: u32, format: u32): u64 {
  if (operation == O.FLOAT_SQRT) {
    if (F.propagateOne(format)) return F.nan
    squareRoot(X)
    return F.valueIn(format)
  }
  if (F.propagateTwo(format)) return F.nan
  if (operation <= <u32>O.FLOAT_SUB) add(X, Y, u32(operation == O.FLOAT_SUB), F.rounding)
  else if (operation == O.FLOAT_MUL) multiply(X, Y)
  else divide(X, Y)
  return F.valueIn(format)
}

function subtracts(operation: u32): bool {
  return operation == O.FLOAT_FMSUB || operation == O.FLOAT_FNMSUB
}

function negatedIf(bits: u64, flips: bool): u64 {
  return bits ^ ((<u64>flips) << 63)
}

function fused(operation: u32, format: u32): u64 {
  if (F.propagateThree(format)) return F.nan
  fuse(X, Y, Z, u32(operation >= <u32>O.FLOAT_FNMADD), u32(subtracts(operation)), F.rounding)
  return F.valueIn(format)
}

/** One lane. */
function operate(operation: u32, format: u32, immediate: u32, x: u64, y: u64, z: u64): u64 {
  if (operation == O.FLOAT_FROM_INT32) return convert.fromInteger(format, <i32>x)
  if (operation == O.FLOAT_FROM_INT64) return convert.fromInteger(format, <i64>x)
  if (operation == O.FLOAT_FROM_HALF) {
    unpackFormat(X, 11, 5, x)
    return convert.fromHalf()
  }
  if (operation <= <u32>O.FLOAT_SQRT) {
    const done =
      format == O.FLOAT_DOUBLE ? quickDouble(operation, x, y) : quickSingle(operation, <u32>x, <u32>y)
    if (done) return quick
  }
  F.read(X, format, x)
  switch (operation) {
    case O.FLOAT_SQRT:
      return arithmetic(operation, format)
    case O.FLOAT_ROUND:
      return convert.toIntegral(format, immediate, x)
    case O.FLOAT_TO_INT32:
      return convert.toInteger(32, immediate)
    case O.FLOAT_TO_INT64:
      return convert.toInteger(64, immediate)
    case O.FLOAT_WIDEN:
      return convert.toFormat(O.FLOAT_DOUBLE)
    case O.FLOAT_NARROW:
      return convert.toFormat(O.FLOAT_SINGLE)
    case O.FLOAT_TO_HALF:
      return convert.toHalf(immediate)
  }
  F.read(Y, format, y)
  switch (operation) {
    case O.FLOAT_MIN:
    case O.FLOAT_MAX:
      return compare.minMax(format, operation == O.FLOAT_MAX, x, y)
    case O.FLOAT_COMPARE:
      return 0 - compare.holds(immediate)
    case O.FLOAT_ORDER:
      return compare.conditions(immediate != 0)
    case O.FLOAT_FMADD:
    case O.FLOAT_FMSUB:
    case O.FLOAT_FNMADD:
    case O.FLOAT_FNMSUB:
      if (
        format == O.FLOAT_DOUBLE &&
        F.plain &&
        quickFuse(negatedIf(x, operation >= <u32>O.FLOAT_FNMADD), y, negatedIf(z, subtracts(operation)))
      )
        return quick
      F.read(Z, format, z)
      return fused(operation, format)
  }
  return arithmetic(operation, format)
}

/** Sets the flags of MXCSR. One that is not masked raises #XM, or #UD without CR4.OSXMMEXCPT; one found in the operands hides those of rounding. */
function conclude(cpu: usize): void {
  const unmasked = raised & ~F.masks
  const flags = unmasked & BEFORE ? raised & BEFORE : raised
  store<u32>(cpu, load<u32>(cpu, L.MXCSR) | flags, L.MXCSR)
  if (!unmasked) return
  if (cr4Has(cpu, CR4_OSXMMEXCPT)) raise(cpu, VECTOR_XM, 0, 0)
  else raiseUd(cpu)
}

export function floatScalar(cpu: usize, code: u32, immediate: u32, x: u64, y: u64, z: u64): u64 {
  F.begin(load<u32>(cpu, L.MXCSR))
  const result = operate(code & 0xff, (code >> 8) & 0xff, immediate, x, y, z)
  conclude(cpu)
  return result
}

function sizeOf(format: u32): u32 {
  return format == O.FLOAT_SINGLE ? 4 : format == O.FLOAT_DOUBLE ? 8 : 2
}

/** Bytes of an operand's lane, and of the result's. */
function sizeBefore(operation: u32, format: u32): u32 {
  if (operation == O.FLOAT_FROM_INT32) return 4
  return operation == O.FLOAT_FROM_INT64 ? 8 : sizeOf(format)
}

function sizeAfter(operation: u32, format: u32): u32 {
  switch (operation) {
    case O.FLOAT_TO_INT32:
    case O.FLOAT_NARROW:
    case O.FLOAT_FROM_HALF:
      return 4
    case O.FLOAT_TO_INT64:
    case O.FLOAT_WIDEN:
      return 8
    case O.FLOAT_TO_HALF:
      return 2
  }
  return sizeOf(format)
}

function readLane(address: usize, size: u32): u64 {
  return size == 4 ? load<u32>(address) : size == 8 ? load<u64>(address) : load<u16>(address)
}

export function floatLanes(cpu: usize, code: u32, immediate: u32, lanes: u32): u64 {
  F.begin(load<u32>(cpu, L.MXCSR))
  const even = code & 0xff
  const odd = code >> 16 ? code >> 16 : even
  const format = (code >> 8) & 0xff
  const before = sizeBefore(even, format)
  const after = sizeAfter(even, format)
  const operands = cpu + L.FLOAT_OPERANDS
  for (let lane: u32 = 0; lane < lanes; lane++) {
    const at = operands + lane * before
    const x = readLane(at, before)
    const y = readLane(at + L.FLOAT_OPERAND_SIZE, before)
    const z = readLane(at + 2 * L.FLOAT_OPERAND_SIZE, before)
    const result = operate(lane & 1 ? odd : even, format, immediate, x, y, z)
    const to = cpu + L.FLOAT_RESULT + lane * after
    if (after == 4) store<u32>(to, <u32>result)
    else if (after == 8) store<u64>(to, result)
    else store<u16>(to, <u16>result)
  }
  conclude(cpu)
  return 0
}
