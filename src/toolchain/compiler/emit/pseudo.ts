import type { Inst } from '../lower/mir.ts'
import { edx } from '../../../isa/index.ts'
import { opposite } from '../lower/compare.ts'
import type { CodeWriter } from './code.ts'
import { writeMove } from './moves.ts'

/** Instructions of the machine form that become several, with branches inside. Operand positions as in `operandAt`. */
export type Pseudo = (code: CodeWriter, inst: Inst, position: number) => void

/** Remainder of RDX:RAX; IDIV would raise #DE for the divisor −1, whose remainder is always 0. */
const rem: Pseudo = (code, inst, position) => {
  const operand = inst.operands[0]!
  if (operand.kind !== 'reg') throw new Error('rem needs a register')
  const divisor = code.at(operand.reg, position, operand.bits)
  const minusOne = code.label()
  const done = code.label()
  code.emit('cmp', divisor, -1)
  code.branch('je', minusOne)
  code.emit(operand.bits === 64 ? 'cqo' : 'cdq')
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

export const pseudos: Record<string, Pseudo> = {
  rem,
  select,
}
