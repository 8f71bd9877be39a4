import type { Value } from '../ssa/ir.ts'
import { floatBytes, inMemory, zero } from './float.ts'
import { type Lower, type Lowering, bitsOf } from './lowering.ts'
import type { Reg } from './mir.ts'

/** Conversions between integers and floats. */

type Float = 'f32' | 'f64'

const suffixOf = (type: Float): string => (type === 'f32' ? 'ss' : 'sd')

/** From a signed integer, or an unsigned 32-bit one, which is a signed 64-bit one because its upper half is zero. */
function fromInteger(type: Float, bits: 32 | 64): Lower {
  return (lowering, value) => {
    const from = lowering.any(lowering.use(value.args[0]!), bits)
    // CVTSI2SD keeps the upper part of its destination: start from zero, so as not to wait for the old value.
    const start = zero(lowering, value, type)
    lowering.emit(`cvtsi2${suffixOf(type)}`, [lowering.def(lowering.use(value)), from], start)
  }
}

/** A spilled i32 has its upper half in the slot too, but only as wide as the register: read it into one. */
const fromUnsigned32 =
  (type: Float): Lower =>
  (lowering, value) => {
    const from = lowering.reg(lowering.use(value.args[0]!), 64)
    lowering.emit(
      `cvtsi2${suffixOf(type)}`,
      [lowering.def(lowering.use(value)), from],
      zero(lowering, value, type),
    )
  }

const fromUnsigned64 =
  (type: Float): Lower =>
  (lowering, value) => {
    const from = lowering.reg(lowering.use(value.args[0]!), 64)
    const half = lowering.reg(lowering.temp('gpr', 64), 64, 'temp')
    const start = zero(lowering, value, type)
    lowering.emit(`cvtu64${suffixOf(type)}`, [lowering.def(lowering.use(value)), from, half], start)
  }

/** To a 32-bit integer by way of 64 bits: it is in range if narrowing loses nothing. */
function truncate32(type: Float, signed: boolean): Lower {
  return (lowering, value) => {
    const wide = lowering.temp('gpr', 64)
    lowering.emit(`cvtt${suffixOf(type)}2si`, [
      lowering.def(wide),
      lowering.any(lowering.use(value.args[0]!)),
    ])
    const to = lowering.use(value)
    if (signed) {
      const narrowed = lowering.temp('gpr', 64)
      lowering.emit('movsxd', [lowering.def(narrowed), lowering.reg(wide, 32)])
      lowering.emit('cmp', [lowering.reg(narrowed), lowering.reg(wide)])
      lowering.emit('trapif', [lowering.trap('conversion')]).condition = 'ne'
      lowering.emit('mov', [lowering.def(to, 32), lowering.reg(wide, 32)])
    } else {
      lowering.emit('mov', [lowering.def(to, 32), lowering.reg(wide, 32)])
      lowering.emit('cmp', [lowering.reg(to, 64), lowering.reg(wide)])
      lowering.emit('trapif', [lowering.trap('conversion')]).condition = 'ne'
    }
  }
}

/** To a 64-bit integer, with a trap or saturating: see the pseudo instruction of that name. */
function to64(pseudo: string, type: Float): Lower {
  return (lowering, value) => {
    const from = lowering.reg(lowering.use(value.args[0]!), bitsOf(type), 'late')
    const scratch = lowering.reg(lowering.temp('xmm', 128), 128, 'temp')
    lowering.emit(`${pseudo}${suffixOf(type)}`, [lowering.def(lowering.use(value)), from, scratch])
  }
}

/** Saturating to 32 bits: NaN becomes 0 by masking, the rest is clamped as a double, where all limits are exact. */
function saturate32(type: Float, signed: boolean): Lower {
  return (lowering, value) => {
    let from: Reg = lowering.use(value.args[0]!)
    if (type === 'f32') {
      const double = lowering.temp('xmm', 64)
      lowering.emit('cvtss2sd', [lowering.def(double), lowering.any(from)])
      from = double
    }
    const step = (op: string, tied: Reg, operands: Parameters<Lowering['emit']>[1]): Reg => {
      const to = lowering.temp('xmm', 64)
      lowering.emit(op, [lowering.def(to), ...operands], tied)
      return to
    }
    const [low, high] = signed ? [-0x8000_0000, 0x7fff_ffff] : [0, 0xffff_ffff]
    const ordered = step('cmpsd', from, [lowering.reg(from), { kind: 'imm', value: 7 }])
    const number = step('andps', ordered, [lowering.reg(from)])
    const below = step('minsd', number, [inMemory(lowering, floatBytes('f64', high))])
    const clamped = step('maxsd', below, [inMemory(lowering, floatBytes('f64', low))])
    if (signed) {
      lowering.emit('cvttsd2si', [lowering.def(lowering.use(value), 32), lowering.reg(clamped)])
      return
    }
    const wide = lowering.temp('gpr', 64)
    lowering.emit('cvttsd2si', [lowering.def(wide), lowering.reg(clamped)])
    lowering.emit('mov', [lowering.def(lowering.use(value), 32), lowering.reg(wide, 32)])
  }
}

/** The same bits in a register of the other kind. */
function reinterpret(op: string, bits: number): Lower {
  return (lowering, value) => {
    const from: Value = value.args[0]!
    lowering.emit(op, [lowering.def(lowering.use(value), bits), lowering.any(lowering.use(from), bits)])
  }
}

const lowerings: Record<string, Lower> = {
  'i32.reinterpret_f32': reinterpret('movd', 32),
  'i64.reinterpret_f64': reinterpret('movq', 64),
  'f32.reinterpret_i32': reinterpret('movd', 32),
  'f64.reinterpret_i64': reinterpret('movq', 64),
}
for (const type of ['f32', 'f64'] as const) {
  Object.assign(lowerings, {
    [`${type}.convert_i32_s`]: fromInteger(type, 32),
    [`${type}.convert_i32_u`]: fromUnsigned32(type),
    [`${type}.convert_i64_s`]: fromInteger(type, 64),
    [`${type}.convert_i64_u`]: fromUnsigned64(type),
    [`i32.trunc_${type}_s`]: truncate32(type, true),
    [`i32.trunc_${type}_u`]: truncate32(type, false),
    [`i64.trunc_${type}_s`]: to64('trunc64s', type),
    [`i64.trunc_${type}_u`]: to64('trunc64u', type),
    [`i32.trunc_sat_${type}_s`]: saturate32(type, true),
    [`i32.trunc_sat_${type}_u`]: saturate32(type, false),
    [`i64.trunc_sat_${type}_s`]: to64('sat64s', type),
    [`i64.trunc_sat_${type}_u`]: to64('sat64u', type),
  })
}

export const convertLowerings: Readonly<Record<string, Lower>> = lowerings
