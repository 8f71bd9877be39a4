import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** AES, carry-less multiplication and SHA. */
export const crypto: RowDraft[] = [
  ...family(
    'AES',
    `
    AESIMC xmm:w, xmm/m128                 | 66 0F 38 DB /r    | RM  |
    AESENC xmm:rw, xmm/m128                | 66 0F 38 DC /r    | RM  |
    AESENCLAST xmm:rw, xmm/m128            | 66 0F 38 DD /r    | RM  |
    AESDEC xmm:rw, xmm/m128                | 66 0F 38 DE /r    | RM  |
    AESDECLAST xmm:rw, xmm/m128            | 66 0F 38 DF /r    | RM  |
    AESKEYGENASSIST xmm:w, xmm/m128, imm8  | 66 0F 3A DF /r ib | RMI |
    PCLMULQDQ xmm:rw, xmm/m128, imm8       | 66 0F 3A 44 /r ib | RMI | PCLMULQDQ
    VAESIMC xmm:w, xmm/m128                | VEX.128.66.0F38.WIG DB /r    | RM  |
    VAESKEYGENASSIST xmm:w, xmm/m128, imm8 | VEX.128.66.0F3A.WIG DF /r ib | RMI |
    `,
  ),
  ...[128, 256].flatMap((bits) => {
    const vector = bits === 128 ? 'xmm' : 'ymm'
    const source = `${vector}/m${bits}`
    const multiply = bits === 128 ? 'PCLMULQDQ' : 'VPCLMULQDQ'
    return family(
      bits === 128 ? 'AES' : 'VAES',
      `
      VAESENC ${vector}:w, ${vector}, ${source}     | VEX.${bits}.66.0F38.WIG DC /r | RVM |
      VAESENCLAST ${vector}:w, ${vector}, ${source} | VEX.${bits}.66.0F38.WIG DD /r | RVM |
      VAESDEC ${vector}:w, ${vector}, ${source}     | VEX.${bits}.66.0F38.WIG DE /r | RVM |
      VAESDECLAST ${vector}:w, ${vector}, ${source} | VEX.${bits}.66.0F38.WIG DF /r | RVM |
      VPCLMULQDQ ${vector}:w, ${vector}, ${source}, imm8 | VEX.${bits}.66.0F3A.WIG 44 /r ib | RVMI | ${multiply}
      `,
    )
  }),
  ...family(
    'SHA',
    `
    SHA1NEXTE xmm:rw, xmm/m128         | NP 0F 38 C8 /r    | RM  |
    SHA1MSG1 xmm:rw, xmm/m128          | NP 0F 38 C9 /r    | RM  |
    SHA1MSG2 xmm:rw, xmm/m128          | NP 0F 38 CA /r    | RM  |
    SHA256RNDS2 xmm:rw, xmm/m128, XMM0 | NP 0F 38 CB /r    | RM  |
    SHA256MSG1 xmm:rw, xmm/m128        | NP 0F 38 CC /r    | RM  |
    SHA256MSG2 xmm:rw, xmm/m128        | NP 0F 38 CD /r    | RM  |
    SHA1RNDS4 xmm:rw, xmm/m128, imm8   | NP 0F 3A CC /r ib | RMI |
    `,
  ),
]
