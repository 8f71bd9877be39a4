import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** Gathers: the memory operand has a vector of indexes (VSIB), and the last operand is the mask, which is cleared as elements arrive. */
export const avxGather: RowDraft[] = family(
  'AVX2',
  `
  VPGATHERDD xmm:rw, vm32x/m32, xmm:rw | VEX.128.66.0F38.W0 90 /r | RMV |
  VPGATHERDD ymm:rw, vm32y/m32, ymm:rw | VEX.256.66.0F38.W0 90 /r | RMV |
  VPGATHERDQ xmm:rw, vm32x/m64, xmm:rw | VEX.128.66.0F38.W1 90 /r | RMV |
  VPGATHERDQ ymm:rw, vm32x/m64, ymm:rw | VEX.256.66.0F38.W1 90 /r | RMV |
  VPGATHERQD xmm:rw, vm64x/m32, xmm:rw | VEX.128.66.0F38.W0 91 /r | RMV |
  VPGATHERQD xmm:rw, vm64y/m32, xmm:rw | VEX.256.66.0F38.W0 91 /r | RMV |
  VPGATHERQQ xmm:rw, vm64x/m64, xmm:rw | VEX.128.66.0F38.W1 91 /r | RMV |
  VPGATHERQQ ymm:rw, vm64y/m64, ymm:rw | VEX.256.66.0F38.W1 91 /r | RMV |
  VGATHERDPS xmm:rw, vm32x/m32, xmm:rw | VEX.128.66.0F38.W0 92 /r | RMV |
  VGATHERDPS ymm:rw, vm32y/m32, ymm:rw | VEX.256.66.0F38.W0 92 /r | RMV |
  VGATHERDPD xmm:rw, vm32x/m64, xmm:rw | VEX.128.66.0F38.W1 92 /r | RMV |
  VGATHERDPD ymm:rw, vm32x/m64, ymm:rw | VEX.256.66.0F38.W1 92 /r | RMV |
  VGATHERQPS xmm:rw, vm64x/m32, xmm:rw | VEX.128.66.0F38.W0 93 /r | RMV |
  VGATHERQPS xmm:rw, vm64y/m32, xmm:rw | VEX.256.66.0F38.W0 93 /r | RMV |
  VGATHERQPD xmm:rw, vm64x/m64, xmm:rw | VEX.128.66.0F38.W1 93 /r | RMV |
  VGATHERQPD ymm:rw, vm64y/m64, ymm:rw | VEX.256.66.0F38.W1 93 /r | RMV |
  `,
)
