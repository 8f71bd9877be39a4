import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** Conversions between floating point and integers, and between precisions. */
export const sseConvert: RowDraft[] = family(
  'SSE2',
  `
  CVTSI2SS xmm:rw, r/m32   | F3 0F 2A /r       | RM | SSE
  CVTSI2SS xmm:rw, r/m64   | F3 REX.W 0F 2A /r | RM | SSE
  CVTSI2SD xmm:rw, r/m32   | F2 0F 2A /r       | RM |
  CVTSI2SD xmm:rw, r/m64   | F2 REX.W 0F 2A /r | RM |
  CVTTSS2SI r32:w, xmm/m32 | F3 0F 2C /r       | RM | SSE
  CVTTSS2SI r64:w, xmm/m32 | F3 REX.W 0F 2C /r | RM | SSE
  CVTTSD2SI r32:w, xmm/m64 | F2 0F 2C /r       | RM |
  CVTTSD2SI r64:w, xmm/m64 | F2 REX.W 0F 2C /r | RM |
  CVTSS2SI r32:w, xmm/m32  | F3 0F 2D /r       | RM | SSE
  CVTSS2SI r64:w, xmm/m32  | F3 REX.W 0F 2D /r | RM | SSE
  CVTSD2SI r32:w, xmm/m64  | F2 0F 2D /r       | RM |
  CVTSD2SI r64:w, xmm/m64  | F2 REX.W 0F 2D /r | RM |
  CVTPS2PD xmm:w, xmm/m64  | NP 0F 5A /r       | RM |
  CVTPD2PS xmm:w, xmm/m128 | 66 0F 5A /r       | RM |
  CVTSS2SD xmm:rw, xmm/m32 | F3 0F 5A /r       | RM |
  CVTSD2SS xmm:rw, xmm/m64 | F2 0F 5A /r       | RM |
  CVTDQ2PS xmm:w, xmm/m128 | NP 0F 5B /r       | RM |
  CVTPS2DQ xmm:w, xmm/m128 | 66 0F 5B /r       | RM |
  CVTTPS2DQ xmm:w, xmm/m128 | F3 0F 5B /r      | RM |
  CVTTPD2DQ xmm:w, xmm/m128 | 66 0F E6 /r      | RM |
  CVTDQ2PD xmm:w, xmm/m64  | F3 0F E6 /r       | RM |
  CVTPD2DQ xmm:w, xmm/m128 | F2 0F E6 /r       | RM |
  `,
)
