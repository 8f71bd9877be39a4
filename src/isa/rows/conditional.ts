import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** Condition codes 0 … 15 (manual: appendix B.1.4.7) with the flags each reads. */
export const conditions: readonly [suffix: string, flags: string][] = [
  ['o', 'o'],
  ['no', 'o'],
  ['b', 'c'],
  ['ae', 'c'],
  ['e', 'z'],
  ['ne', 'z'],
  ['be', 'cz'],
  ['a', 'cz'],
  ['s', 's'],
  ['ns', 's'],
  ['p', 'p'],
  ['np', 'p'],
  ['l', 'so'],
  ['ge', 'so'],
  ['le', 'zso'],
  ['g', 'zso'],
]

function opcode(base: number, code: number): string {
  return (base + code).toString(16).toUpperCase()
}

export const conditional: RowDraft[] = conditions.flatMap(([suffix, flags], code) => {
  const cc = suffix.toUpperCase()
  return family(
    'base',
    `
    J${cc} rel8              | ov ${opcode(0x70, code)} cb f64     | D  | r:${flags} branch=jcc
    J${cc} relz              | ov 0F ${opcode(0x80, code)} cz f64  | D  | r:${flags} branch=jcc
    SET${cc} r/m8:w          | 0F ${opcode(0x90, code)} /r         | M  | r:${flags}
    CMOV${cc} rv:rw, r/mv    | ov 0F ${opcode(0x40, code)} /r      | RM | r:${flags} CMOV
    `,
  )
})
