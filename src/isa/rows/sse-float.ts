import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** Arithmetic that exists for all four of PS, PD, SS and SD, at the same opcode: prefix none, 66, F3, F2. */
const arithmetic: readonly [mnemonic: string, opcode: string, access: string][] = [
  ['SQRT', '51', ':w'],
  ['ADD', '58', ':rw'],
  ['MUL', '59', ':rw'],
  ['SUB', '5C', ':rw'],
  ['MIN', '5D', ':rw'],
  ['DIV', '5E', ':rw'],
  ['MAX', '5F', ':rw'],
]

const fourForms = arithmetic.flatMap(([name, opcode, access]) =>
  family(
    'SSE',
    `
    ${name}PS xmm${access}, xmm/m128 | NP 0F ${opcode} /r | RM |
    ${name}PD xmm${access}, xmm/m128 | 66 0F ${opcode} /r | RM | SSE2
    ${name}SS xmm:rw, xmm/m32        | F3 0F ${opcode} /r | RM |
    ${name}SD xmm:rw, xmm/m64        | F2 0F ${opcode} /r | RM | SSE2
    `,
  ),
)

const others = family(
  'SSE',
  `
  RSQRTPS xmm:w, xmm/m128        | NP 0F 52 /r     | RM  |
  RSQRTSS xmm:rw, xmm/m32        | F3 0F 52 /r     | RM  |
  RCPPS xmm:w, xmm/m128          | NP 0F 53 /r     | RM  |
  RCPSS xmm:rw, xmm/m32          | F3 0F 53 /r     | RM  |
  ANDPS xmm:rw, xmm/m128         | NP 0F 54 /r     | RM  |
  ANDPD xmm:rw, xmm/m128         | 66 0F 54 /r     | RM  | SSE2
  ANDNPS xmm:rw, xmm/m128        | NP 0F 55 /r     | RM  |
  ANDNPD xmm:rw, xmm/m128        | 66 0F 55 /r     | RM  | SSE2
  ORPS xmm:rw, xmm/m128          | NP 0F 56 /r     | RM  |
  ORPD xmm:rw, xmm/m128          | 66 0F 56 /r     | RM  | SSE2
  XORPS xmm:rw, xmm/m128         | NP 0F 57 /r     | RM  |
  XORPD xmm:rw, xmm/m128         | 66 0F 57 /r     | RM  | SSE2
  CMPPS xmm:rw, xmm/m128, imm8   | NP 0F C2 /r ib  | RMI |
  CMPPD xmm:rw, xmm/m128, imm8   | 66 0F C2 /r ib  | RMI | SSE2
  CMPSS xmm:rw, xmm/m32, imm8    | F3 0F C2 /r ib  | RMI |
  CMPSD xmm:rw, xmm/m64, imm8    | F2 0F C2 /r ib  | RMI | SSE2
  UCOMISS xmm, xmm/m32           | NP 0F 2E /r     | RM  | w:zpc 0:osa
  UCOMISD xmm, xmm/m64           | 66 0F 2E /r     | RM  | w:zpc 0:osa SSE2
  COMISS xmm, xmm/m32            | NP 0F 2F /r     | RM  | w:zpc 0:osa
  COMISD xmm, xmm/m64            | 66 0F 2F /r     | RM  | w:zpc 0:osa SSE2
  UNPCKLPS xmm:rw, xmm/m128      | NP 0F 14 /r     | RM  |
  UNPCKLPD xmm:rw, xmm/m128      | 66 0F 14 /r     | RM  | SSE2
  UNPCKHPS xmm:rw, xmm/m128      | NP 0F 15 /r     | RM  |
  UNPCKHPD xmm:rw, xmm/m128      | 66 0F 15 /r     | RM  | SSE2
  SHUFPS xmm:rw, xmm/m128, imm8  | NP 0F C6 /r ib  | RMI |
  SHUFPD xmm:rw, xmm/m128, imm8  | 66 0F C6 /r ib  | RMI | SSE2
  ADDSUBPD xmm:rw, xmm/m128      | 66 0F D0 /r     | RM  | SSE3
  ADDSUBPS xmm:rw, xmm/m128      | F2 0F D0 /r     | RM  | SSE3
  HADDPD xmm:rw, xmm/m128        | 66 0F 7C /r     | RM  | SSE3
  HADDPS xmm:rw, xmm/m128        | F2 0F 7C /r     | RM  | SSE3
  HSUBPD xmm:rw, xmm/m128        | 66 0F 7D /r     | RM  | SSE3
  HSUBPS xmm:rw, xmm/m128        | F2 0F 7D /r     | RM  | SSE3
  ROUNDPS xmm:w, xmm/m128, imm8  | 66 0F 3A 08 /r ib | RMI | SSE4_1
  ROUNDPD xmm:w, xmm/m128, imm8  | 66 0F 3A 09 /r ib | RMI | SSE4_1
  ROUNDSS xmm:rw, xmm/m32, imm8  | 66 0F 3A 0A /r ib | RMI | SSE4_1
  ROUNDSD xmm:rw, xmm/m64, imm8  | 66 0F 3A 0B /r ib | RMI | SSE4_1
  BLENDPS xmm:rw, xmm/m128, imm8 | 66 0F 3A 0C /r ib | RMI | SSE4_1
  BLENDPD xmm:rw, xmm/m128, imm8 | 66 0F 3A 0D /r ib | RMI | SSE4_1
  BLENDVPS xmm:rw, xmm/m128, XMM0 | 66 0F 38 14 /r | RM  | SSE4_1
  BLENDVPD xmm:rw, xmm/m128, XMM0 | 66 0F 38 15 /r | RM  | SSE4_1
  DPPS xmm:rw, xmm/m128, imm8    | 66 0F 3A 40 /r ib | RMI | SSE4_1
  DPPD xmm:rw, xmm/m128, imm8    | 66 0F 3A 41 /r ib | RMI | SSE4_1
  `,
)

export const sseFloat: RowDraft[] = [...fourForms, ...others]
