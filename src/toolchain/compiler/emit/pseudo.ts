import { type Register, edx, rax } from '../../../isa/index.ts'
import { opposite } from '../lower/compare.ts'
import type { Inst } from '../lower/mir.ts'
import { type CodeWriter, register } from './code.ts'
import { floatPseudos } from './pseudo-float.ts'
import { writeMove } from './moves.ts'

/** Instructions of the machine form that become several, with branches inside. */
export type Pseudo = (code: CodeWriter, inst: Inst, position: number) => void

/** The machine register of an operand; results are looked up after the instruction, the others before. */
export function operandRegister(
  code: CodeWriter,
  inst: Inst,
  index: number,
  position: number,
  bits?: number,
): Register {
  const operand = inst.operands[index]
  if (operand?.kind !== 'reg') throw new Error(`${inst.op} needs a register`)
  return code.at(operand.reg, operand.access === 'def' ? position + 1 : position, bits ?? operand.bits)
}

/** Remainder of RDX:RAX; IDIV would raise #DE for the divisor −1, whose remainder is always 0. */
const rem: Pseudo = (code, inst, position) => {
  const divisor = operandRegister(code, inst, 0, position)
  const minusOne = code.label()
  const done = code.label()
  code.emit('cmp', divisor, -1)
  code.branch('je', minusOne)
  code.emit(divisor.size === 64 ? 'cqo' : 'cdq')
  code.emit('idiv', divisor)
  code.branch('jmp', done)
  code.bind(minusOne)
  code.emit('xor', edx, edx)
  code.bind(done)
}

/** select in an XMM register: the result holds the second value; jump over the move of the first. */
const select: Pseudo = (code, inst, position) => {
  const [to, from] = inst.operands
  if (to?.kind !== 'reg' || from?.kind !== 'reg') throw new Error('select needs registers')
  const over = code.label()
  if (inst.condition === 'fne') {
    const take = code.label()
    code.branch('jp', take)
    code.branch('je', over)
    code.bind(take)
  } else code.branch(`j${opposite(inst.condition)}`, over)
  const target = code.placement.locate(to.reg, position + 1)
  writeMove(code, target, code.placement.locate(from.reg, position))
  code.bind(over)
}

/** Read, change and write back as long as somebody else wrote between. The old value ends in RAX. */
const rmw: Pseudo = (code, inst, position) => {
  const target = inst.operands[0]!
  if (target.kind !== 'mem') throw new Error('rmw needs memory')
  const { bits } = target
  const operand = operandRegister(code, inst, 1, position, Math.max(bits, 32))
  const changed = operandRegister(code, inst, 2, position, Math.max(bits, 32))
  const narrow = operandRegister(code, inst, 2, position, bits)
  const again = code.label()
  code.emit(
    bits < 32 ? 'movzx' : 'mov',
    register('gpr', rax.number, Math.max(bits, 32)),
    code.memory(target, position),
  )
  code.bind(again)
  code.emit('mov', changed, register('gpr', rax.number, changed.size))
  code.emit(inst.condition, changed, operand)
  code.asm.prefix('lock')
  code.emit('cmpxchg', code.memory(target, position), narrow)
  code.branch('jne', again)
}

export const pseudos: Record<string, Pseudo> = { rem, select, rmw, ...floatPseudos }
