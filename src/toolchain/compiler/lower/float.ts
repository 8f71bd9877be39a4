import type { ValueType } from '../reader/types.ts'
import type { Value } from '../ssa/ir.ts'
import { constantBytes } from '../emit/constants.ts'
import { type Lower, type Lowering, atSymbol, bitsOf } from './lowering.ts'
import type { MemOperand, Operand } from './mir.ts'
import { fusedLoad, imm } from './operands.ts'

/** Scalar floating point. */

/** A constant in memory, as an operand. */
export function inMemory(lowering: Lowering, bytes: Uint8Array): MemOperand {
  return atSymbol(lowering.context.constant(bytes), bytes.length * 8)
}

/** The right operand of a scalar float instruction. */
export function floatRight(lowering: Lowering, value: Value): Operand {
  if (value.op === 'f32.const' || value.op === 'f64.const') return inMemory(lowering, constantBytes(value))
  return fusedLoad(lowering, value) ?? lowering.any(lowering.use(value))
}

/** The bytes of a vector whose lanes all hold these bits. */
export function repeated(bits: bigint, laneBits: 8 | 16 | 32 | 64): Uint8Array {
  const bytes = new Uint8Array(16)
  for (let index = 0; index < 16; index++) {
    bytes[index] = Number((bits >> BigInt((index * 8) % laneBits)) & 0xffn)
  }
  return bytes
}

export function floatBytes(type: 'f32' | 'f64', value: number): Uint8Array {
  const bytes = new Uint8Array(bitsOf(type) / 8)
  const view = new DataView(bytes.buffer)
  if (type === 'f32') view.setFloat32(0, value, true)
  else view.setFloat64(0, value, true)
  return bytes
}

/** A zero, as what an instruction starts from that keeps the upper part of its destination. */
export function zero(lowering: Lowering, like: Value, type: ValueType): Value {
  return lowering.graph.newValue(`${type}.const`, type, [], like.block, like.at)
}

function binary(op: string, commutative: boolean): Lower {
  return (lowering, value) => {
    const [left, right] = value.args as [Value, Value]
    const operand = floatRight(lowering, right)
    const inst = lowering.emit(op, [lowering.def(lowering.use(value)), operand], lowering.source(left))
    inst.commutative = commutative
  }
}

/** MIN and MAX have x86's own idea of NaN and of zeros: `fmin` and `fmax` put it right. */
function extremum(op: string): Lower {
  return (lowering, value) => {
    const [left, right] = value.args as [Value, Value]
    const other = lowering.use(right)
    const to = lowering.use(value)
    lowering.emit(op, [lowering.def(to), lowering.reg(other)], lowering.source(left))
  }
}

/** ROUNDSS with the rounding mode given and the inexact exception suppressed. */
function round(op: string, mode: number): Lower {
  return (lowering, value) => {
    const to = lowering.def(lowering.use(value))
    lowering.emit(op, [to, floatRight(lowering, value.args[0]!), imm(mode)])
  }
}

function unary(op: string): Lower {
  return (lowering, value) => {
    lowering.emit(op, [lowering.def(lowering.use(value)), floatRight(lowering, value.args[0]!)])
  }
}

const signBit = (bits: number): bigint => 1n << BigInt(bits - 1)

/** abs and neg change the sign bit alone, NaNs included. */
function signOperation(op: string, bits: 32 | 64, mask: bigint): Lower {
  return (lowering, value) => {
    const constant = inMemory(lowering, repeated(mask, bits))
    lowering.emit(op, [lowering.def(lowering.use(value)), constant], lowering.source(value.args[0]!))
  }
}

function copySign(bits: 32 | 64): Lower {
  return (lowering, value) => {
    const [magnitude, sign] = value.args as [Value, Value]
    const absolute = lowering.temp('xmm', 128)
    const signOnly = lowering.temp('xmm', 128)
    const mask = (each: bigint): MemOperand => inMemory(lowering, repeated(each, bits))
    lowering.emit('andps', [lowering.def(absolute), mask(signBit(bits) - 1n)], lowering.source(magnitude))
    lowering.emit('andps', [lowering.def(signOnly), mask(signBit(bits))], lowering.source(sign))
    lowering.emit('orps', [lowering.def(lowering.use(value)), lowering.reg(signOnly)], absolute)
  }
}

const lowerings: Record<string, Lower> = {}
for (const [type, suffix, bits] of [
  ['f32', 'ss', 32],
  ['f64', 'sd', 64],
] as const) {
  Object.assign(lowerings, {
    [`${type}.add`]: binary(`add${suffix}`, true),
    [`${type}.sub`]: binary(`sub${suffix}`, false),
    [`${type}.mul`]: binary(`mul${suffix}`, true),
    [`${type}.div`]: binary(`div${suffix}`, false),
    [`${type}.min`]: extremum(`fmin${suffix}`),
    [`${type}.max`]: extremum(`fmax${suffix}`),
    [`${type}.sqrt`]: unary(`sqrt${suffix}`),
    [`${type}.ceil`]: round(`round${suffix}`, 10),
    [`${type}.floor`]: round(`round${suffix}`, 9),
    [`${type}.trunc`]: round(`round${suffix}`, 11),
    [`${type}.nearest`]: round(`round${suffix}`, 8),
    [`${type}.abs`]: signOperation('andps', bits, signBit(bits) - 1n),
    [`${type}.neg`]: signOperation('xorps', bits, signBit(bits)),
    [`${type}.copysign`]: copySign(bits),
  })
}
lowerings['f32.demote_f64'] = unary('cvtsd2ss')
lowerings['f64.promote_f32'] = unary('cvtss2sd')

export const floatLowerings: Readonly<Record<string, Lower>> = lowerings
