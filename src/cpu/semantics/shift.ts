/** Shifts and rotates. The count is taken modulo 32, or 64 for 64-bit operands; a count of 0 leaves the flags alone. */
import * as L from '../layout.ts'
import {
  and,
  eqz,
  extendU,
  i32,
  i64,
  int,
  mul,
  ne,
  or,
  remU,
  rotl,
  rotr,
  select,
  shl,
  shrS,
  shrU,
  sub,
  wrap,
  xor,
  type I32,
  type I64,
} from '../wasm/index.ts'
import { partialFlags } from './arithmetic.ts'
import type { Context } from './context.ts'
import { plain, type Definition, type Definitions } from './definition.ts'
import { signBit, signed, toI32, toI64, truncate, type Value } from './values.ts'

const bit0 = (value: Value): I32 => toI32(and(value, int(value.type, 1)))

/** The masked count as a value of the operand's type. */
function countOf(c: Context, index: number, bits: number): Value {
  const count = c.read(index, 8) as I32
  return c.let(bits === 64 ? extendU(and(count, i32(63))) : and(count, i32(31)))
}

interface Shifted {
  result: Value
  carry: I32
  overflow: I32
}

function shift(compute: (c: Context, x: Value, n: Value, bits: number) => Shifted): Definition {
  return plain((c) => {
    const { bits } = c.operand(0)
    const n = countOf(c, 1, bits)
    const x = c.readForWrite(0)
    const { result, carry, overflow } = compute(c, x, n, bits)
    c.writeBack(0, result)
    c.setFlagsWhen(ne(n, int(n.type, 0)), L.FLAGS_PARTIAL, bits, result, partialFlags(carry, overflow))
  })
}

const shiftLeft = shift((c, x, n, bits) => {
  const result = c.let(truncate(shl(x, n), bits))
  // The last bit out: bit `bits - n` of x, for n ≥ 1; with 8 and 16 bits n may exceed the size.
  const carry = c.let(bit0(bits < 32 ? shrU(shl(x, n), i32(bits)) : shrU(x, sub(int(x.type, bits), n))))
  return { result, carry, overflow: xor(signBit(result, bits), carry) }
})

const shiftRight = shift((c, x, n, bits) => {
  const result = c.let(shrU(x, n))
  const carry = c.let(bit0(shrU(x, sub(n, int(n.type, 1)))))
  return { result, carry, overflow: signBit(x, bits) }
})

const shiftArithmetic = shift((c, x, n, bits) => {
  const wide = c.let(signed(x, bits))
  const result = c.let(truncate(shrS(wide, n), bits))
  return { result, carry: c.let(bit0(shrS(wide, sub(n, int(n.type, 1))))), overflow: i32(0) }
})

/** A byte or word repeated through 32 bits rotates as in its own width. */
function repeated(x: Value, bits: number): Value {
  if (bits === 8) return mul(x as I32, i32(0x01010101))
  return bits === 16 ? mul(x as I32, i32(0x00010001)) : x
}

function rotate(left: boolean): Definition {
  return plain((c) => {
    const { bits } = c.operand(0)
    const n = countOf(c, 1, bits)
    const x = repeated(c.readForWrite(0), bits)
    const result = c.let(truncate(left ? rotl(x, n) : rotr(x, n), bits))
    c.writeBack(0, result)
    const top = c.let(signBit(result, bits))
    const carry = left ? c.let(bit0(result)) : top
    const overflow = xor(top, left ? carry : bit0(shrU(result, int(result.type, bits - 2))))
    c.setCarryOverflowWhen(ne(n, int(n.type, 0)), carry, overflow)
  })
}

/** RCL and RCR up to 32 bits: a rotation of bits + 1 bits within an i64. */
function rotateNarrow(c: Context, x: I32, n: I32, carry: I32, bits: number, left: boolean): [Value, I32] {
  const size = bits + 1
  const count = extendU(bits < 32 ? remU(n, i32(size)) : n)
  const turn = c.let(left ? count : select(eqz(count), i64(0), sub(i64(size), count)))
  const whole = c.let(or(extendU(x), shl(extendU(carry), i64(bits))))
  const rotated = c.let(or(shl(whole, turn), shrU(whole, sub(i64(size), turn))))
  return [c.let(truncate(wrap(rotated), bits)), c.let(bit0(shrU(rotated, i64(bits))))]
}

/** The same for 64 bits, by parts; `n` ≥ 1. */
function rotateWide(c: Context, x: I64, n: I64, carry: I64, left: boolean): [Value, I32] {
  const rest = c.let(sub(i64(64), n))
  const before = sub(n, i64(1))
  const result = left
    ? or(or(shl(x, n), shl(carry, before)), shrU(shrU(x, i64(1)), rest))
    : or(or(shrU(x, n), shl(carry, rest)), shl(shl(x, i64(1)), rest))
  return [c.let(result), c.let(bit0(left ? shrU(x, rest) : shrU(x, before)))]
}

function rotateThroughCarry(left: boolean): Definition {
  return plain((c) => {
    const { bits } = c.operand(0)
    const n = countOf(c, 1, bits)
    const oldCarry = c.carry()
    const x = c.readForWrite(0)
    const turned = c.let(ne(n, int(n.type, 0)))
    const [rotated, carry] =
      bits === 64
        ? rotateWide(c, x as I64, n as I64, extendU(oldCarry), left)
        : rotateNarrow(c, x as I32, n as I32, oldCarry, bits, left)
    const result = bits === 64 ? c.let(select(turned, rotated, x)) : rotated
    c.writeBack(0, result)
    const top = signBit(result, bits)
    const overflow = xor(top, left ? carry : bit0(shrU(result, int(result.type, bits - 2))))
    c.setCarryOverflowWhen(turned, carry, overflow)
  })
}

/** SHLD and SHRD. With 16 bits and a count above 16 everything is undefined. */
function double(left: boolean): Definition {
  return plain((c) => {
    const { bits } = c.operand(0)
    const n = countOf(c, 2, bits)
    const x = c.readForWrite(0)
    const y = c.read(1)
    const turned = c.let(ne(n, int(n.type, 0)))
    const rest = c.let(sub(int(n.type, bits), n))
    const moved = left ? or(shl(x, n), shrU(y, rest)) : or(shrU(x, n), shl(y, rest))
    const result = c.let(truncate(select(turned, moved, x), bits))
    c.writeBack(0, result)
    const carry = bit0(left ? shrU(x, rest) : shrU(x, sub(n, int(n.type, 1))))
    const overflow = xor(signBit(result, bits), signBit(x, bits))
    c.setFlagsWhen(turned, L.FLAGS_PARTIAL, bits, result, partialFlags(carry, overflow))
  })
}

/** BMI2: shifts that leave the flags alone; the count is the third operand. */
function plainShift(combine: (x: Value, n: Value, bits: number) => Value): Definition {
  return plain((c) => {
    const { bits } = c.operand(0)
    const count = c.read(2, c.operand(2).kind === 'immediate' ? 8 : bits)
    const n = bits === 64 ? toI64(count) : toI32(count)
    c.write(0, combine(c.read(1), n, bits))
  })
}

export const shifts: Definitions = {
  mnemonics: {
    shl: shiftLeft,
    sal: shiftLeft,
    shr: shiftRight,
    sar: shiftArithmetic,
    rol: rotate(true),
    ror: rotate(false),
    rcl: rotateThroughCarry(true),
    rcr: rotateThroughCarry(false),
    shld: double(true),
    shrd: double(false),
    // wasm takes shift counts modulo the width, as these do.
    shlx: plainShift(shl),
    shrx: plainShift(shrU),
    sarx: plainShift(shrS),
    rorx: plainShift(rotr),
  },
}
