import { type Memory, type Register, mem, symbol } from '../../../isa/index.ts'
import { floatBytes } from '../lower/float.ts'
import type { Inst } from '../lower/mir.ts'
import type { CodeWriter } from './code.ts'
import { type Pseudo, operandRegister } from './pseudo.ts'

/** Scalar float operations that need branches. Each comes for `ss` and for `sd`. */

type Suffix = 'ss' | 'sd'

/** 2 to the power of 63, in memory. */
function twoTo63(code: CodeWriter, suffix: Suffix, sign = 1): Memory {
  const bytes = floatBytes(suffix === 'ss' ? 'f32' : 'f64', sign * 2 ** 63)
  return mem({ rip: symbol(code.context.constant(bytes)), size: bytes.length * 8 })
}

/**
 * min and max: x86 returns the second operand when one is NaN or both are zeros. Equal operands are combined
 * bitwise (OR gives −0 for min, AND gives +0 for max), unordered ones added, which gives a quiet NaN.
 */
function extremum(suffix: Suffix, op: 'min' | 'max'): Pseudo {
  return (code, inst, position) => {
    const to = operandRegister(code, inst, 0, position, 128)
    const other = operandRegister(code, inst, 1, position, 128)
    const [differ, unordered, done] = [code.label(), code.label(), code.label()]
    code.emit(`ucomi${suffix}`, to, other)
    code.branch('jne', differ)
    code.branch('jp', unordered)
    code.emit(op === 'min' ? 'orps' : 'andps', to, other)
    code.branch('jmp', done)
    code.bind(unordered)
    code.emit(`add${suffix}`, to, other)
    code.branch('jmp', done)
    code.bind(differ)
    code.emit(`${op}${suffix}`, to, other)
    code.bind(done)
  }
}

/** An unsigned 64-bit integer with its top bit set is halved, rounding to odd, converted and doubled. */
function fromUnsigned(suffix: Suffix): Pseudo {
  return (code, inst, position) => {
    const to = operandRegister(code, inst, 0, position, 128)
    const from = operandRegister(code, inst, 1, position)
    const half = operandRegister(code, inst, 2, position)
    const [large, done] = [code.label(), code.label()]
    code.emit('test', from, from)
    code.branch('js', large)
    code.emit(`cvtsi2${suffix}`, to, from)
    code.branch('jmp', done)
    code.bind(large)
    // The lowest bit must stay set if the one shifted out was: carry goes there.
    const odd = code.label()
    code.emit('mov', half, from)
    code.emit('shr', half, 1)
    code.branch('jae', odd)
    code.emit('or', half, 1)
    code.bind(odd)
    code.emit(`cvtsi2${suffix}`, to, half)
    code.emit(`add${suffix}`, to, to)
    code.bind(done)
  }
}

interface ToInteger {
  to: Register
  from: Register
  scratch: Register
}

function operands(code: CodeWriter, inst: Inst, position: number): ToInteger {
  return {
    to: operandRegister(code, inst, 0, position, 64),
    from: operandRegister(code, inst, 1, position, 128),
    scratch: operandRegister(code, inst, 2, position, 128),
  }
}

/** CVTTSD2SI gives INT64_MIN for what is out of range; that is right for −2^63 only. */
function truncateSigned(suffix: Suffix): Pseudo {
  return (code, inst, position) => {
    const { to, from } = operands(code, inst, position)
    const done = code.label()
    const trap = code.trapLabel('conversion', inst.at)
    code.emit(`cvtt${suffix}2si`, to, from)
    code.emit('cmp', to, 1)
    code.branch('jno', done)
    code.emit(`ucomi${suffix}`, from, twoTo63(code, suffix, -1))
    code.branch('jne', trap)
    code.branch('jp', trap)
    code.bind(done)
  }
}

function truncateUnsigned(suffix: Suffix): Pseudo {
  return (code, inst, position) => {
    const { to, from, scratch } = operands(code, inst, position)
    const [large, done] = [code.label(), code.label()]
    const trap = code.trapLabel('conversion', inst.at)
    code.emit(`ucomi${suffix}`, from, twoTo63(code, suffix))
    code.branch('jae', large)
    code.emit(`cvtt${suffix}2si`, to, from)
    code.emit('test', to, to)
    code.branch('js', trap)
    code.branch('jmp', done)
    code.bind(large)
    code.emit('movaps', scratch, from)
    code.emit(`sub${suffix}`, scratch, twoTo63(code, suffix))
    code.emit(`cvtt${suffix}2si`, to, scratch)
    code.emit('test', to, to)
    code.branch('js', trap)
    code.emit('btc', to, 63)
    code.bind(done)
  }
}

function saturateSigned(suffix: Suffix): Pseudo {
  return (code, inst, position) => {
    const { to, from, scratch } = operands(code, inst, position)
    const [nan, done] = [code.label(), code.label()]
    code.emit(`cvtt${suffix}2si`, to, from)
    code.emit('cmp', to, 1)
    code.branch('jno', done)
    code.emit('xorps', scratch, scratch)
    code.emit(`ucomi${suffix}`, from, scratch)
    code.branch('jp', nan)
    code.branch('jb', done)
    // Too large: INT64_MIN − 1 is INT64_MAX.
    code.emit('sub', to, 1)
    code.branch('jmp', done)
    code.bind(nan)
    code.emit('xor', to, to)
    code.bind(done)
  }
}

function saturateUnsigned(suffix: Suffix): Pseudo {
  return (code, inst, position) => {
    const { to, from, scratch } = operands(code, inst, position)
    const [positive, large, fits, done] = [code.label(), code.label(), code.label(), code.label()]
    code.emit('xorps', scratch, scratch)
    code.emit(`ucomi${suffix}`, from, scratch)
    code.branch('ja', positive)
    code.emit('xor', to, to)
    code.branch('jmp', done)
    code.bind(positive)
    code.emit(`ucomi${suffix}`, from, twoTo63(code, suffix))
    code.branch('jae', large)
    code.emit(`cvtt${suffix}2si`, to, from)
    code.branch('jmp', done)
    code.bind(large)
    code.emit('movaps', scratch, from)
    code.emit(`sub${suffix}`, scratch, twoTo63(code, suffix))
    code.emit(`cvtt${suffix}2si`, to, scratch)
    code.emit('test', to, to)
    code.branch('jns', fits)
    code.emit('mov', to, -1)
    code.branch('jmp', done)
    code.bind(fits)
    code.emit('btc', to, 63)
    code.bind(done)
  }
}

const pseudos: Record<string, Pseudo> = {}
for (const suffix of ['ss', 'sd'] as const) {
  pseudos[`fmin${suffix}`] = extremum(suffix, 'min')
  pseudos[`fmax${suffix}`] = extremum(suffix, 'max')
  pseudos[`cvtu64${suffix}`] = fromUnsigned(suffix)
  pseudos[`trunc64s${suffix}`] = truncateSigned(suffix)
  pseudos[`trunc64u${suffix}`] = truncateUnsigned(suffix)
  pseudos[`sat64s${suffix}`] = saturateSigned(suffix)
  pseudos[`sat64u${suffix}`] = saturateUnsigned(suffix)
}

export const floatPseudos: Readonly<Record<string, Pseudo>> = pseudos
