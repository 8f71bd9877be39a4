import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

export const stack: RowDraft[] = family(
  'base',
  `
  PUSH rv         | ov 50 +r d64   | O  |
  PUSH r/mv       | ov FF /6 d64   | M  |
  PUSH simm8      | ov 6A ib d64   | I  |
  PUSH immz       | ov 68 iz d64   | I  |
  PUSH ES         | ox 06          | ZO | !64
  PUSH CS         | ox 0E          | ZO | !64
  PUSH SS         | ox 16          | ZO | !64
  PUSH DS         | ox 1E          | ZO | !64
  PUSH FS         | ov 0F A0 d64   | ZO |
  PUSH GS         | ov 0F A8 d64   | ZO |
  POP rv:w        | ov 58 +r d64   | O  |
  POP r/mv:w      | ov 8F /0 d64   | M  |
  POP ES:w        | ox 07          | ZO | !64
  POP SS:w        | ox 17          | ZO | !64
  POP DS:w        | ox 1F          | ZO | !64
  POP FS:w        | ov 0F A1 d64   | ZO |
  POP GS:w        | ov 0F A9 d64   | ZO |
  PUSHA           | o16 60         | ZO | !64
  PUSHAD          | o32 60         | ZO | !64
  POPA            | o16 61         | ZO | !64
  POPAD           | o32 61         | ZO | !64
  PUSHF           | o16 9C d64     | ZO | r:oszapctidnrk
  PUSHFD          | o32 9C d64     | ZO | r:oszapctidnrk
  PUSHFQ          | o64 9C d64     | ZO | r:oszapctidnrk
  POPF            | o16 9D d64     | ZO | w:oszapctidn
  POPFD           | o32 9D d64     | ZO | w:oszapctidnrk
  POPFQ           | o64 9D d64     | ZO | w:oszapctidnrk
  ENTER imm16, imm8 | ov C8 iw ib d64 | II |
  LEAVE           | ov C9 d64      | ZO |
  `,
)
