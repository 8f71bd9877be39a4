/**
 * PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (manual volume 2, section 4.1). The immediate says: bit 0 words instead of bytes, bit 1 signed,
 * bits 3:2 aggregation, bits 5:4 polarity, bit 6 which end of the result, or whether the mask has whole elements.
 */
import {
  add,
  and,
  clz,
  ctz,
  extendU,
  geU,
  gtU,
  i32,
  int,
  laneOp,
  ltS,
  ltU,
  ne,
  neg,
  op,
  or,
  select,
  shl,
  shrU,
  sub,
  xor,
  type FunctionBuilder,
  type I32,
  type I64,
  type V128,
  type Variable,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
import { toI32, type Value } from '../values.ts'
import { vectored } from './form.ts'
import { immediate, IOTA, lanes, maskOfBits, vector, ZERO } from './lanes.ts'

const RAX = 0
const RCX = 1
const RDX = 2

type Shape = 'i8x16' | 'i16x8'

/** One of the two strings, with its length in elements. */
interface Text {
  readonly value: V128
  readonly length: I32
  /** All ones in the elements that belong to the string. */
  readonly valid: V128
}

const ONES = lanes(-1n, -1n)
const numbers: Record<Shape, V128> = { i8x16: IOTA, i16x8: lanes(0, 1, 2, 3, 4, 5, 6, 7) }
const count = (shape: Shape): number => (shape === 'i8x16' ? 16 : 8)

const bitmask = (shape: Shape, v: V128): I32 =>
  shape === 'i8x16' ? op('i8x16.bitmask', v) : op('i16x8.bitmask', v)

/** Elements from element `from` on; zeros behind the end. */
function from(shape: Shape, v: V128, element: I32): V128 {
  const bytes = shape === 'i8x16' ? element : shl(element, i32(1))
  return op('i8x16.swizzle', v, op('i8x16.add', IOTA, op('i8x16.splat', bytes)))
}

/** One element in every place. */
function everywhere(shape: Shape, v: V128, element: I32): V128 {
  if (shape === 'i8x16') return op('i8x16.swizzle', v, op('i8x16.splat', element))
  const pair = add(op('i32.mul', element, i32(0x0202)), i32(0x0100))
  return op('i8x16.swizzle', v, op('i16x8.splat', pair))
}

/** Up to the first zero. */
function implicitLength(shape: Shape, v: V128): I32 {
  return ctz(or(bitmask(shape, vector(`${shape}.eq`, v, ZERO)), i32(1 << count(shape))))
}

/** The magnitude of EAX or EDX (RAX or RDX with REX.W), at most all elements. */
function explicitLength(c: Context, shape: Shape, register: number, bits: number): I32 {
  const length: Value = c.gpr(register, bits)
  const zero = int(length.type, 0)
  const magnitude = c.let(select(ltS(length, zero), neg(length), length))
  const limit = int(length.type, count(shape))
  return toI32(select(gtU(magnitude, limit), limit, magnitude))
}

function text(
  c: Context,
  shape: Shape,
  value: V128,
  explicit: { register: number; bits: number } | null,
): Text {
  const length = c.let(
    explicit ? explicitLength(c, shape, explicit.register, explicit.bits) : implicitLength(shape, value),
  )
  const valid = c.let(vector(`${shape}.lt_s`, numbers[shape], vector(`${shape}.splat`, length)))
  return { value, length, valid }
}

/** Runs `body` for the elements 0, `step`, … whose group of `step` ends below `limit`. */
function forElements(f: FunctionBuilder, limit: I32, step: number, body: (element: I32) => void): void {
  const element: Variable<'i32'> = f.variable('i32', i32(0))
  f.block((end) =>
    f.loop((start) => {
      f.brIf(end, geU(add(element.value, i32(step - 1)), limit))
      body(f.let(element.value))
      f.set(element, add(element.value, i32(step)))
      f.br(start)
    }),
  )
}

/** The four aggregations: one element of the result for each of `y`, as all ones or zeros. */
function aggregate(c: Context, shape: Shape, imm: I32, x: Text, y: Text): V128 {
  const { f } = c
  const result = f.variable('v128')

  const equalAny = (): void => {
    f.set(result, ZERO)
    forElements(f, x.length, 1, (i) => {
      const hit = vector(`${shape}.eq`, y.value, everywhere(shape, x.value, i))
      f.set(result, op('v128.or', result.value, hit))
    })
    f.set(result, op('v128.and', result.value, y.valid))
  }

  const ranges = (): void => {
    // Signed order is unsigned order with the signs flipped.
    const flip = select(
      and(imm, i32(2)),
      vector(`${shape}.splat`, i32(shape === 'i8x16' ? 0x80 : 0x8000)),
      ZERO,
    )
    const low = f.let(op('v128.xor', x.value, flip))
    const value = f.let(op('v128.xor', y.value, flip))
    f.set(result, ZERO)
    forElements(f, x.length, 2, (i) => {
      const above = vector(`${shape}.ge_u`, value, everywhere(shape, low, i))
      const below = vector(`${shape}.le_u`, value, everywhere(shape, low, add(i, i32(1))))
      f.set(result, op('v128.or', result.value, op('v128.and', above, below)))
    })
    f.set(result, op('v128.and', result.value, y.valid))
  }

  const equalEach = (): void => {
    const both = op('v128.and', x.valid, y.valid)
    const neither = op('v128.not', op('v128.or', x.valid, y.valid))
    const equal = vector(`${shape}.eq`, x.value, y.value)
    f.set(result, op('v128.or', op('v128.and', equal, both), neither))
  }

  // x as a substring of y from each place on; what would lie behind the end of the register is not compared.
  const equalOrdered = (): void => {
    f.set(result, ONES)
    forElements(f, x.length, 1, (i) => {
      const equal = vector(`${shape}.eq`, from(shape, y.value, i), everywhere(shape, x.value, i))
      const hit = op('v128.and', equal, from(shape, y.valid, i))
      const outside = op('v128.not', from(shape, ONES, i))
      f.set(result, op('v128.and', result.value, op('v128.or', hit, outside)))
    })
  }

  f.switch(and(shrU(imm, i32(2)), i32(3)), [equalAny, ranges, equalEach, equalOrdered])
  return c.let(result.value)
}

/** The result as bits, after polarity: 01 inverts all, 11 those of elements in `y`. */
function withPolarity(shape: Shape, imm: I32, aggregated: V128, y: Text): I32 {
  const polarity = and(shrU(imm, i32(4)), i32(3))
  const all = select(op('i32.eq', polarity, i32(1)), i32((1 << count(shape)) - 1), i32(0))
  const inverted = select(op('i32.eq', polarity, i32(3)), bitmask(shape, y.valid), all)
  return xor(bitmask(shape, aggregated), inverted)
}

function writeFlags(c: Context, shape: Shape, bits: I32, x: Text, y: Text): void {
  const n = i32(count(shape))
  const carry = ne(bits, i32(0))
  const zero = shl(ltU(y.length, n), i32(6))
  const sign = shl(ltU(x.length, n), i32(7))
  const overflow = shl(and(bits, i32(1)), i32(11))
  c.setAllFlags(extendU(or(or(carry, zero), or(sign, overflow))))
}

function writeIndex(c: Context, shape: Shape, imm: I32, bits: I32): void {
  const none = i32(count(shape))
  const first = ctz(or(bits, i32(1 << count(shape))))
  const last = select(bits, sub(i32(31), clz(bits)), none)
  c.setGpr(RCX, 32, select(and(imm, i32(0x40)), last, first))
}

function elementMask(shape: Shape, bits: I32): V128 {
  if (shape === 'i16x8') return maskOfBits('i16x8', bits)
  const powers = lanes(1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128)
  const bytes = op('i8x16.swizzle', op('i32x4.splat', bits), lanes(0n, 0x0101010101010101n))
  return op('i8x16.eq', op('v128.and', bytes, powers), powers)
}

function writeMask(c: Context, shape: Shape, imm: I32, bits: I32): void {
  const plainBits = laneOp('i64x2.replace_lane', 0, ZERO, extendU(bits) as I64)
  c.setVector(0, select(and(imm, i32(0x40)), elementMask(shape, bits), plainBits))
  if (c.shape.vex) c.setVector(0, ZERO, 1)
}

/** `lengthBits` is 0 where a zero element ends the string. */
function compareStrings(lengthBits: 0 | 32 | 64, index: boolean): Definition {
  return vectored((c) => {
    const yValue = c.readVector(1)
    const xValue = c.readVector(0)
    const imm = immediate(c, 2)
    const explicit = (register: number): { register: number; bits: number } | null =>
      lengthBits === 0 ? null : { register, bits: lengthBits }
    const form = (shape: Shape) => (): void => {
      const x = text(c, shape, xValue, explicit(RAX))
      const y = text(c, shape, yValue, explicit(RDX))
      const bits = c.let(withPolarity(shape, imm, aggregate(c, shape, imm, x, y), y))
      writeFlags(c, shape, bits, x, y)
      if (index) writeIndex(c, shape, imm, bits)
      else writeMask(c, shape, imm, bits)
    }
    c.f.if(and(imm, i32(1)), form('i16x8'), form('i8x16'))
  })
}

export const sseString: Definitions = {
  ids: {
    'pcmpestri.xmm.xm128.imm8.w1': compareStrings(64, true),
    'pcmpestrm.xmm.xm128.imm8.w1': compareStrings(64, false),
    'vpcmpestri.xmm.xm128.imm8.w1': compareStrings(64, true),
    'vpcmpestrm.xmm.xm128.imm8.w1': compareStrings(64, false),
  },
  mnemonics: {
    pcmpestri: compareStrings(32, true),
    pcmpestrm: compareStrings(32, false),
    pcmpistri: compareStrings(0, true),
    pcmpistrm: compareStrings(0, false),
  },
}
