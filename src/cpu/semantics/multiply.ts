/** MUL, IMUL, DIV, IDIV, MULX, and the sign extensions of the accumulator. */
import * as L from '../layout.ts'
import { and, extendS, i32, i64, mul, ne, shrS, shrU, wrap, type I32, type I64 } from '../wasm/index.ts'
import { partialFlags } from './arithmetic.ts'
import type { Context } from './context.ts'
import { plain, type Definition, type Definitions } from './definition.ts'
import { signed, signed64, toI64, type Value } from './values.ts'

const RAX = 0
const RDX = 2

/** CF = OF = `overflow`; SF, ZF, AF and PF are undefined and follow from the low half. */
function setMultiplyFlags(c: Context, bits: number, low: Value, overflow: I32): void {
  c.setFlags(L.FLAGS_PARTIAL, bits, low, partialFlags(overflow, overflow))
}

/** A product as two values of `bits` bits; 8-, 16- and 32-bit products fit into an i64. */
function product(
  c: Context,
  bits: number,
  x: Value,
  y: Value,
  isSigned: boolean,
): { low: Value; high: Value } {
  if (bits === 64) {
    const high = c.pure(isSigned ? 'imulHigh64' : 'mulHigh64', x, y)
    return { low: c.let(mul(x, y)), high }
  }
  const widen = (v: Value): I64 => (isSigned ? signed64(v, bits) : toI64(v))
  const whole = c.let(mul(widen(x), widen(y)))
  const high = c.let(and(wrap(shrU(whole, i64(bits))), i32(bits === 32 ? -1 : (1 << bits) - 1)))
  const low = c.let(and(wrap(whole), i32(bits === 32 ? -1 : (1 << bits) - 1)))
  return { low, high }
}

function overflows(bits: number, low: Value, high: Value, isSigned: boolean): I32 {
  if (!isSigned) return ne(high, bits === 64 ? i64(0) : i32(0))
  const fill = bits === 64 ? shrS(low as I64, i64(63)) : shrS(signed(low, bits) as I32, i32(31))
  return ne(bits === 64 ? high : signed(high, bits), fill)
}

/** The one-operand forms: AX, DX:AX, EDX:EAX or RDX:RAX gets the product. */
function wide(isSigned: boolean): (c: Context) => void {
  return (c) => {
    const { bits } = c.operand(0)
    const { low, high } = product(c, bits, c.gpr(RAX, bits), c.read(0), isSigned)
    setMultiplyFlags(c, bits, low, c.let(overflows(bits, low, high, isSigned)))
    c.setGpr(RAX, bits, low)
    if (bits === 8) c.setGprHigh(RAX, high)
    else c.setGpr(RDX, bits, high)
  }
}

function imul(c: Context): void {
  if (c.operands.length === 1) return wide(true)(c)
  const { bits } = c.operand(0)
  const [x, y] = c.operands.length === 2 ? [c.read(0), c.read(1)] : [c.read(1), c.read(2, bits)]
  const { low, high } = product(c, bits, x, y, true)
  setMultiplyFlags(c, bits, low, c.let(overflows(bits, low, high, true)))
  c.write(0, low)
}

function divide(name: 'div' | 'idiv'): Definition {
  return plain((c) => {
    const bits = c.operand(0).bits as 8 | 16 | 32 | 64
    c.system(`${name}${bits}`, c.read(0))
  })
}

/** MULX: the second destination gets the low half, so that with one register twice the high half stays. */
function mulx(c: Context): void {
  const { bits } = c.operand(0)
  const { low, high } = product(c, bits, c.gpr(RDX, bits), c.read(2), false)
  c.write(1, low)
  c.write(0, high)
}

/** CBW, CWDE, CDQE: the accumulator's lower half into the whole. */
const extendAccumulator = (bits: number): Definition =>
  plain((c) => {
    const half = c.gpr(RAX, bits / 2)
    c.setGpr(RAX, bits, bits === 64 ? extendS(half as I32) : signed(half, bits / 2))
  })

/** CWD, CDQ, CQO: its sign into all of rDX. */
const fillWithSign = (bits: number): Definition =>
  plain((c) => {
    const value = c.gpr(RAX, bits)
    c.setGpr(RDX, bits, bits === 64 ? shrS(value as I64, i64(63)) : shrS(signed(value, bits) as I32, i32(31)))
  })

export const multiply: Definitions = {
  mnemonics: {
    mul: plain(wide(false)),
    imul: plain(imul),
    mulx: plain(mulx),
    div: divide('div'),
    idiv: divide('idiv'),
    cbw: extendAccumulator(16),
    cwde: extendAccumulator(32),
    cdqe: extendAccumulator(64),
    cwd: fillWithSign(16),
    cdq: fillWithSign(32),
    cqo: fillWithSign(64),
  },
}
