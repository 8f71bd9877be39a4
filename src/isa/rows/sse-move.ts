import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** Moves of whole and partial XMM registers, with duplication, non-temporal hints and masks. */
export const sseMove: RowDraft[] = family(
  'SSE',
  `
  MOVUPS xmm:w, xmm/m128   | NP 0F 10 /r | RM |
  MOVUPD xmm:w, xmm/m128   | 66 0F 10 /r | RM | SSE2
  MOVSS xmm:rw, xmm        | F3 0F 10 /r | RM |
  MOVSS xmm:w, m32         | F3 0F 10 /r | RM |
  MOVSD xmm:rw, xmm        | F2 0F 10 /r | RM | SSE2
  MOVSD xmm:w, m64         | F2 0F 10 /r | RM | SSE2
  MOVUPS xmm/m128:w, xmm   | NP 0F 11 /r | MR |
  MOVUPD xmm/m128:w, xmm   | 66 0F 11 /r | MR | SSE2
  MOVSS xmm:rw, xmm        | F3 0F 11 /r | MR | alias id=store
  MOVSS m32:w, xmm         | F3 0F 11 /r | MR |
  MOVSD xmm:rw, xmm        | F2 0F 11 /r | MR | alias id=store SSE2
  MOVSD m64:w, xmm         | F2 0F 11 /r | MR | SSE2
  MOVLPS xmm:rw, m64       | NP 0F 12 /r | RM |
  MOVHLPS xmm:rw, xmm      | NP 0F 12 /r | RM |
  MOVLPD xmm:rw, m64       | 66 0F 12 /r | RM | SSE2
  MOVSLDUP xmm:w, xmm/m128 | F3 0F 12 /r | RM | SSE3
  MOVDDUP xmm:w, xmm/m64   | F2 0F 12 /r | RM | SSE3
  MOVLPS m64:w, xmm        | NP 0F 13 /r | MR |
  MOVLPD m64:w, xmm        | 66 0F 13 /r | MR | SSE2
  MOVHPS xmm:rw, m64       | NP 0F 16 /r | RM |
  MOVLHPS xmm:rw, xmm      | NP 0F 16 /r | RM |
  MOVHPD xmm:rw, m64       | 66 0F 16 /r | RM | SSE2
  MOVSHDUP xmm:w, xmm/m128 | F3 0F 16 /r | RM | SSE3
  MOVHPS m64:w, xmm        | NP 0F 17 /r | MR |
  MOVHPD m64:w, xmm        | 66 0F 17 /r | MR | SSE2
  MOVAPS xmm:w, xmm/m128   | NP 0F 28 /r | RM |
  MOVAPD xmm:w, xmm/m128   | 66 0F 28 /r | RM | SSE2
  MOVAPS xmm/m128:w, xmm   | NP 0F 29 /r | MR |
  MOVAPD xmm/m128:w, xmm   | 66 0F 29 /r | MR | SSE2
  MOVNTPS m128:w, xmm      | NP 0F 2B /r | MR |
  MOVNTPD m128:w, xmm      | 66 0F 2B /r | MR | SSE2
  MOVMSKPS r32:w, xmm      | NP 0F 50 /r | RM |
  MOVMSKPD r32:w, xmm      | 66 0F 50 /r | RM | SSE2
  MOVMSKPS r64:w, xmm      | NP REX.W 0F 50 /r | RM |
  MOVMSKPD r64:w, xmm      | 66 REX.W 0F 50 /r | RM | SSE2
  MOVDQA xmm:w, xmm/m128   | 66 0F 6F /r | RM | SSE2
  MOVDQU xmm:w, xmm/m128   | F3 0F 6F /r | RM | SSE2
  MOVDQA xmm/m128:w, xmm   | 66 0F 7F /r | MR | SSE2
  MOVDQU xmm/m128:w, xmm   | F3 0F 7F /r | MR | SSE2
  MOVD xmm:w, r/m32        | 66 0F 6E /r | RM | SSE2
  MOVQ xmm:w, xmm/m64      | F3 0F 7E /r | RM | SSE2
  MOVQ xmm:w, r/m64        | 66 REX.W 0F 6E /r | RM | SSE2
  MOVD r/m32:w, xmm        | 66 0F 7E /r | MR | SSE2
  MOVQ xmm/m64:w, xmm      | 66 0F D6 /r | MR | SSE2
  MOVQ r/m64:w, xmm        | 66 REX.W 0F 7E /r | MR | SSE2
  MOVNTDQ m128:w, xmm      | 66 0F E7 /r | MR | SSE2
  MOVNTDQA xmm:w, m128     | 66 0F 38 2A /r | RM | SSE4_1
  LDDQU xmm:w, m128        | F2 0F F0 /r | RM | SSE3
  MASKMOVDQU xmm, xmm      | 66 0F F7 /r | RM | SSE2
  PMOVMSKB r32:w, xmm      | 66 0F D7 /r | RM | SSE2
  PMOVMSKB r64:w, xmm      | 66 REX.W 0F D7 /r | RM | SSE2
  `,
)
