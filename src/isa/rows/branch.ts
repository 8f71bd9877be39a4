import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** Unconditional, counted and far transfers, and software interrupts. Near branches are 64 bits wide in 64-bit mode, whatever the prefixes. */
export const branch: RowDraft[] = family(
  'base',
  `
  CALL relz        | ov E8 cz f64    | D  | branch=call
  CALL r/mv        | ov FF /2 f64    | M  | branch=call-indirect
  CALL ptr16:16    | o16 9A cp       | D  | !64 branch=call-far
  CALL ptr16:32    | o32 9A cp       | D  | !64 branch=call-far
  CALL m16:16      | o16 FF /3       | M  | branch=call-far
  CALL m16:32      | o32 FF /3       | M  | branch=call-far
  CALL m16:64      | o64 FF /3       | M  | branch=call-far
  JMP rel8         | ov EB cb f64    | D  | branch=jmp
  JMP relz         | ov E9 cz f64    | D  | branch=jmp
  JMP r/mv         | ov FF /4 f64    | M  | branch=jmp-indirect
  JMP ptr16:16     | o16 EA cp       | D  | !64 branch=jmp-far
  JMP ptr16:32     | o32 EA cp       | D  | !64 branch=jmp-far
  JMP m16:16       | o16 FF /5       | M  | branch=jmp-far
  JMP m16:32       | o32 FF /5       | M  | branch=jmp-far
  JMP m16:64       | o64 FF /5       | M  | branch=jmp-far
  RET              | ov C3 f64       | ZO | branch=ret
  RET imm16        | ov C2 iw f64    | I  | branch=ret
  RETF             | ox CB           | ZO | branch=ret-far
  RETFQ            | o64 CB          | ZO | branch=ret-far
  RETF imm16       | ox CA iw        | I  | branch=ret-far
  RETFQ imm16      | o64 CA iw       | I  | branch=ret-far
  LOOPNE rel8      | ov E0 cb f64    | D  | r:z branch=jcc
  LOOPE rel8       | ov E1 cb f64    | D  | r:z branch=jcc
  LOOP rel8        | ov E2 cb f64    | D  | branch=jcc
  JCXZ rel8        | ox a16 E3 cb    | D  | branch=jcc
  JECXZ rel8       | ov a32 E3 cb f64 | D  | branch=jcc
  JRCXZ rel8       | o64 a64 E3 cb f64 | D  | branch=jcc
  INT3             | CC              | ZO | branch=int 0:t
  INT imm8         | CD ib           | I  | branch=int 0:t
  INTO             | CE              | ZO | !64 r:o branch=int 0:t
  INT1             | F1              | ZO | branch=int 0:t
  IRET             | o16 CF          | ZO | branch=iret w:oszapctidnrk
  IRETD            | o32 CF          | ZO | branch=iret w:oszapctidnrk
  IRETQ            | o64 CF          | ZO | branch=iret w:oszapctidnrk
  BOUND r16, m16&16 | o16 62 /r      | RM | !64
  BOUND r32, m32&32 | o32 62 /r      | RM | !64
  `,
)
