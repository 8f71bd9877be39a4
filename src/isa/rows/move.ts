import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** Moves between registers, memory and immediates, with extension, exchange and byte order. */
export const move: RowDraft[] = family(
  'base',
  `
  MOV r/m8:w, r8          | 88 /r          | MR |
  MOV r/mv:w, rv          | ov 89 /r       | MR |
  MOV r8:w, r/m8          | 8A /r          | RM |
  MOV rv:w, r/mv          | ov 8B /r       | RM |
  MOV rv/m16:w, Sreg      | ov 8C /r       | MR |
  MOV Sreg:w, rv/m16      | ov 8E /r       | RM |
  MOV AL:w, moffs8        | A0             | F  |
  MOV rAX:w, moffsv       | ov A1          | F  |
  MOV moffs8:w, AL        | A2             | F  |
  MOV moffsv:w, rAX       | ov A3          | F  |
  MOV r8:w, imm8          | B0 +r ib       | OI |
  MOV rv:w, immv          | ov B8 +r iv    | OI |
  MOV r/m8:w, imm8        | C6 /0 ib       | MI |
  MOV r/mv:w, immz        | ov C7 /0 iz    | MI |
  MOVZX rv:w, r/m8        | ov 0F B6 /r    | RM |
  MOVZX rv:w, r/m16       | ov 0F B7 /r    | RM |
  MOVSX rv:w, r/m8        | ov 0F BE /r    | RM |
  MOVSX rv:w, r/m16       | ov 0F BF /r    | RM |
  MOVSXD r16:w, r/m16     | o16 63 /r      | RM | 64
  MOVSXD r32:w, r/m32     | o32 63 /r      | RM | 64
  MOVSXD r64:w, r/m32     | o64 63 /r      | RM | 64
  MOVNTI m32:w, r32       | NP 0F C3 /r | MR | SSE2
  MOVNTI m64:w, r64       | NP REX.W 0F C3 /r | MR | SSE2
  MOVBE rv:w, mv          | NFx ov 0F 38 F0 /r | RM | MOVBE
  MOVBE mv:w, rv          | NFx ov 0F 38 F1 /r | MR | MOVBE
  BSWAP rv:rw             | ov 0F C8 +r    | O  |
  XCHG r/m8:rw, r8:rw     | 86 /r          | MR | lock
  XCHG r/mv:rw, rv:rw     | ov 87 /r       | MR | lock
  XCHG rv:rw, rAX:rw      | ov 90 +r       | O  |
  LEA rv:w, m:-           | ov 8D /r       | RM |
  XLATB                   | D7             | ZO |
  LES r16:w, m16:16       | o16 C4 /r      | RM | !64
  LES r32:w, m16:32       | o32 C4 /r      | RM | !64
  LDS r16:w, m16:16       | o16 C5 /r      | RM | !64
  LDS r32:w, m16:32       | o32 C5 /r      | RM | !64
  LSS r16:w, m16:16       | o16 0F B2 /r   | RM |
  LSS r32:w, m16:32       | o32 0F B2 /r   | RM |
  LSS r64:w, m16:64       | o64 0F B2 /r   | RM |
  LFS r16:w, m16:16       | o16 0F B4 /r   | RM |
  LFS r32:w, m16:32       | o32 0F B4 /r   | RM |
  LFS r64:w, m16:64       | o64 0F B4 /r   | RM |
  LGS r16:w, m16:16       | o16 0F B5 /r   | RM |
  LGS r32:w, m16:32       | o32 0F B5 /r   | RM |
  LGS r64:w, m16:64       | o64 0F B5 /r   | RM |
  `,
)
