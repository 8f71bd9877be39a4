import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'
import { sse2, threeByte } from './sse-integer.ts'

/** Packed integer instructions that SSE2 has for XMM only, or that came with a later feature than MMX. */
const featureOf: Record<string, string | null> = {
  PUNPCKLQDQ: null,
  PUNPCKHQDQ: null,
  PADDQ: 'SSE2',
  PSUBQ: 'SSE2',
  PMULUDQ: 'SSE2',
  PAVGB: 'SSE',
  PAVGW: 'SSE',
  PMINUB: 'SSE',
  PMAXUB: 'SSE',
  PMINSW: 'SSE',
  PMAXSW: 'SSE',
  PMULHUW: 'SSE',
  PSADBW: 'SSE',
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0')
}

/** The same opcodes as in SSE2 and SSSE3, without prefix, on MM registers. */
const shared = [
  ...sse2.flatMap(([name, opcode]) => {
    const feature = name in featureOf ? featureOf[name]! : 'MMX'
    if (feature === null) return []
    const memory = name.startsWith('PUNPCKL') ? 'mm/m32' : 'mm/m64'
    return family(feature, `${name} mm:rw, ${memory} | NP 0F ${hex(opcode)} /r | RM |`)
  }),
  ...threeByte
    .filter(([, , feature]) => feature === 'SSSE3')
    .flatMap(([name, opcode]) => {
      const access = name.startsWith('PABS') ? 'w' : 'rw'
      return family('SSSE3', `${name} mm:${access}, mm/m64 | NP 0F 38 ${hex(opcode)} /r | RM |`)
    }),
]

export const mmx: RowDraft[] = [
  ...shared,
  ...family(
    'MMX',
    `
    EMMS                       | NP 0F 77           | ZO  |
    MOVD mm:w, r/m32           | NP 0F 6E /r        | RM  |
    MOVQ mm:w, mm/m64          | NP 0F 6F /r        | RM  |
    MOVQ mm:w, r/m64           | NP REX.W 0F 6E /r  | RM  |
    MOVD r/m32:w, mm           | NP 0F 7E /r        | MR  |
    MOVQ mm/m64:w, mm          | NP 0F 7F /r        | MR  |
    MOVQ r/m64:w, mm           | NP REX.W 0F 7E /r  | MR  |
    PSRLW mm:rw, imm8          | NP 0F 71 /2 ib     | MI  |
    PSRAW mm:rw, imm8          | NP 0F 71 /4 ib     | MI  |
    PSLLW mm:rw, imm8          | NP 0F 71 /6 ib     | MI  |
    PSRLD mm:rw, imm8          | NP 0F 72 /2 ib     | MI  |
    PSRAD mm:rw, imm8          | NP 0F 72 /4 ib     | MI  |
    PSLLD mm:rw, imm8          | NP 0F 72 /6 ib     | MI  |
    PSRLQ mm:rw, imm8          | NP 0F 73 /2 ib     | MI  |
    PSLLQ mm:rw, imm8          | NP 0F 73 /6 ib     | MI  |
    PSHUFW mm:w, mm/m64, imm8  | NP 0F 70 /r ib     | RMI | SSE
    PINSRW mm:rw, r32/m16, imm8 | NP 0F C4 /r ib    | RMI | SSE
    PINSRW mm:rw, r64/m16, imm8 | NP REX.W 0F C4 /r ib | RMI | SSE
    PEXTRW r32:w, mm, imm8     | NP 0F C5 /r ib     | RMI | SSE
    PEXTRW r64:w, mm, imm8     | NP REX.W 0F C5 /r ib | RMI | SSE
    PMOVMSKB r32:w, mm         | NP 0F D7 /r        | RM  | SSE
    PMOVMSKB r64:w, mm         | NP REX.W 0F D7 /r  | RM  | SSE
    PALIGNR mm:rw, mm/m64, imm8 | NP 0F 3A 0F /r ib | RMI | SSSE3
    MOVNTQ m64:w, mm           | NP 0F E7 /r        | MR  | SSE
    MASKMOVQ mm, mm            | NP 0F F7 /r        | RM  | SSE
    MOVQ2DQ xmm:w, mm          | F3 0F D6 /r        | RM  | SSE2
    MOVDQ2Q mm:w, xmm          | F2 0F D6 /r        | RM  | SSE2
    CVTPI2PS xmm:rw, mm/m64    | NP 0F 2A /r        | RM  | SSE
    CVTPI2PD xmm:w, mm/m64     | 66 0F 2A /r        | RM  | SSE2
    CVTTPS2PI mm:w, xmm/m64    | NP 0F 2C /r        | RM  | SSE
    CVTTPD2PI mm:w, xmm/m128   | 66 0F 2C /r        | RM  | SSE2
    CVTPS2PI mm:w, xmm/m64     | NP 0F 2D /r        | RM  | SSE
    CVTPD2PI mm:w, xmm/m128    | 66 0F 2D /r        | RM  | SSE2
    `,
  ),
]
