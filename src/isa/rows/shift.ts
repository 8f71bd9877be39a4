import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** Manual: table A-6, group 2. `/6` is the undocumented second SHL. */
const group2: readonly [mnemonic: string, digit: number, flags: string][] = [
  ['ROL', 0, 'w:oc'],
  ['ROR', 1, 'w:oc'],
  ['RCL', 2, 'r:c w:oc'],
  ['RCR', 3, 'r:c w:oc'],
  ['SHL', 4, 'w:oszpc u:a'],
  ['SHR', 5, 'w:oszpc u:a'],
  ['SHL', 6, 'w:oszpc u:a alias id=sal'],
  ['SAR', 7, 'w:oszpc u:a'],
]

const counted = group2.flatMap(([name, digit, flags]) =>
  family(
    'base',
    `
    ${name} r/m8:rw, 1     | D0 /${digit}       | M  | ${flags}
    ${name} r/mv:rw, 1     | ov D1 /${digit}    | M  | ${flags}
    ${name} r/m8:rw, CL    | D2 /${digit}       | M  | ${flags}
    ${name} r/mv:rw, CL    | ov D3 /${digit}    | M  | ${flags}
    ${name} r/m8:rw, imm8  | C0 /${digit} ib    | MI | ${flags}
    ${name} r/mv:rw, imm8  | ov C1 /${digit} ib | MI | ${flags}
    `,
  ),
)

const double = family(
  'base',
  `
  SHLD r/mv:rw, rv, imm8 | ov 0F A4 /r ib | MRI | w:oszpc u:a
  SHLD r/mv:rw, rv, CL   | ov 0F A5 /r    | MR  | w:oszpc u:a
  SHRD r/mv:rw, rv, imm8 | ov 0F AC /r ib | MRI | w:oszpc u:a
  SHRD r/mv:rw, rv, CL   | ov 0F AD /r    | MR  | w:oszpc u:a
  `,
)

export const shift: RowDraft[] = [...counted, ...double]
