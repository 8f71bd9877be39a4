/**
 * Pairs of a comparison and a branch that get one handler: the branch then compares the operands instead of looking at stored flags. The
 * pair's handler stands in the record of the first; the second keeps its own, for whoever jumps to it.
 */
import { conditionNames } from '../semantics/flags.ts'
import type { Shape } from '../semantics/operand.ts'

/** Instructions on registers only: nothing happens between the two that could end a run. */
const firsts = new Set(['cmp', 'test', 'sub', 'add', 'and', 'inc', 'dec'])

/** The branches: within their page, in 64-bit code. */
export const fusedBranches: readonly Shape[] = conditionNames.map((name) => ({
  meaning: `j${name}`,
  operands: [{ kind: 'relative', bits: 0, index: 0, form: null }],
  vex: false,
  operandBits: 64,
  long: true,
  segmented: false,
  samePage: true,
  traced: false,
}))

/** Whether a branch may be fused to code of this shape. */
export function canLead(shape: Shape): boolean {
  return (
    firsts.has(shape.meaning) &&
    shape.long &&
    shape.operands.every(({ kind }) => kind === 'gpr' || kind === 'immediate')
  )
}

/** Name of the handler of a pair. */
export function fusedKey(first: string, branchMeaning: string): string {
  return `${first}+${branchMeaning}`
}
