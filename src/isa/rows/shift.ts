import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** Manual: table A-6, group 2. `/6` is the undocumented second SHL. OF is defined for a count of 1 only; a count of 0 changes no flag. */
const group2: readonly [mnemonic: string, digit: number, flags: string, alias: string][] = [
  ['ROL', 0, 'w:c', ''],
  ['ROR', 1, 'w:c', ''],
  ['RCL', 2, 'r:c w:c', ''],
  ['RCR', 3, 'r:c w:c', ''],
  ['SHL', 4, 'w:szpc u:a', ''],
  ['SHR', 5, 'w:szpc u:a', ''],
  ['SHL', 6, 'w:szpc u:a', 'alias id=sal'],
  ['SAR', 7, 'w:szpc u:a', ''],
]

const counted = group2.flatMap(([name, digit, flags, alias]) => {
  const byOne = `${flags.replace('w:', 'w:o')} ${alias}`
  const byMore = `${flags.includes('u:') ? flags.replace('u:', 'u:o') : `${flags} u:o`} ${alias}`
  return family(
    'base',
    `
    ${name} r/m8:rw, 1     | D0 /${digit}       | M  | ${byOne}
    ${name} r/mv:rw, 1     | ov D1 /${digit}    | M  | ${byOne}
    ${name} r/m8:rw, CL    | D2 /${digit}       | M  | ${byMore}
    ${name} r/mv:rw, CL    | ov D3 /${digit}    | M  | ${byMore}
    ${name} r/m8:rw, imm8  | C0 /${digit} ib    | MI | ${byMore}
    ${name} r/mv:rw, imm8  | ov C1 /${digit} ib | MI | ${byMore}
    `,
  )
})

const double = family(
  'base',
  `
  SHLD r/mv:rw, rv, imm8 | ov 0F A4 /r ib | MRI | w:szpc u:oa
  SHLD r/mv:rw, rv, CL   | ov 0F A5 /r    | MR  | w:szpc u:oa
  SHRD r/mv:rw, rv, imm8 | ov 0F AC /r ib | MRI | w:szpc u:oa
  SHRD r/mv:rw, rv, CL   | ov 0F AD /r    | MR  | w:szpc u:oa
  `,
)

export const shift: RowDraft[] = [...counted, ...double]
