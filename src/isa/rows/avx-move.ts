import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'
import { bothWidths } from './vex.ts'

const whole = bothWidths(
  'AVX',
  'AVX',
  `
  VMOVUPS vv:w, vv/mv   | VEX.l.NP.0F.WIG 10 /r | RM |
  VMOVUPD vv:w, vv/mv   | VEX.l.66.0F.WIG 10 /r | RM |
  VMOVUPS vv/mv:w, vv   | VEX.l.NP.0F.WIG 11 /r | MR |
  VMOVUPD vv/mv:w, vv   | VEX.l.66.0F.WIG 11 /r | MR |
  VMOVAPS vv:w, vv/mv   | VEX.l.NP.0F.WIG 28 /r | RM |
  VMOVAPD vv:w, vv/mv   | VEX.l.66.0F.WIG 28 /r | RM |
  VMOVAPS vv/mv:w, vv   | VEX.l.NP.0F.WIG 29 /r | MR |
  VMOVAPD vv/mv:w, vv   | VEX.l.66.0F.WIG 29 /r | MR |
  VMOVDQA vv:w, vv/mv   | VEX.l.66.0F.WIG 6F /r | RM |
  VMOVDQU vv:w, vv/mv   | VEX.l.F3.0F.WIG 6F /r | RM |
  VMOVDQA vv/mv:w, vv   | VEX.l.66.0F.WIG 7F /r | MR |
  VMOVDQU vv/mv:w, vv   | VEX.l.F3.0F.WIG 7F /r | MR |
  VMOVNTPS mv:w, vv     | VEX.l.NP.0F.WIG 2B /r | MR |
  VMOVNTPD mv:w, vv     | VEX.l.66.0F.WIG 2B /r | MR |
  VMOVNTDQ mv:w, vv     | VEX.l.66.0F.WIG E7 /r | MR |
  VLDDQU vv:w, mv       | VEX.l.F2.0F.WIG F0 /r | RM |
  VMOVSLDUP vv:w, vv/mv | VEX.l.F3.0F.WIG 12 /r | RM |
  VMOVSHDUP vv:w, vv/mv | VEX.l.F3.0F.WIG 16 /r | RM |
  VMOVMSKPS r32:w, vv   | VEX.l.NP.0F.W0 50 /r  | RM |
  VMOVMSKPS r64:w, vv   | VEX.l.NP.0F.W1 50 /r  | RM | 64
  VMOVMSKPD r32:w, vv   | VEX.l.66.0F.W0 50 /r  | RM |
  VMOVMSKPD r64:w, vv   | VEX.l.66.0F.W1 50 /r  | RM | 64
  VMASKMOVPS vv:w, vv, mv | VEX.l.66.0F38.W0 2C /r | RVM |
  VMASKMOVPD vv:w, vv, mv | VEX.l.66.0F38.W0 2D /r | RVM |
  VMASKMOVPS mv:w, vv, vv | VEX.l.66.0F38.W0 2E /r | MVR |
  VMASKMOVPD mv:w, vv, vv | VEX.l.66.0F38.W0 2F /r | MVR |
  `,
)

const integer = bothWidths(
  'AVX',
  'AVX2',
  `
  VMOVNTDQA vv:w, mv     | VEX.l.66.0F38.WIG 2A /r | RM |
  VPMOVMSKB r32:w, vv    | VEX.l.66.0F.W0 D7 /r    | RM |
  VPMOVMSKB r64:w, vv    | VEX.l.66.0F.W1 D7 /r    | RM | 64
  VPMASKMOVD vv:w, vv, mv | VEX.l.66.0F38.W0 8C /r | RVM | AVX2
  VPMASKMOVQ vv:w, vv, mv | VEX.l.66.0F38.W1 8C /r | RVM | AVX2
  VPMASKMOVD mv:w, vv, vv | VEX.l.66.0F38.W0 8E /r | MVR | AVX2
  VPMASKMOVQ mv:w, vv, vv | VEX.l.66.0F38.W1 8E /r | MVR | AVX2
  VPBROADCASTB vv:w, xmm/m8  | VEX.l.66.0F38.W0 78 /r | RM | AVX2
  VPBROADCASTW vv:w, xmm/m16 | VEX.l.66.0F38.W0 79 /r | RM | AVX2
  VPBROADCASTD vv:w, xmm/m32 | VEX.l.66.0F38.W0 58 /r | RM | AVX2
  VPBROADCASTQ vv:w, xmm/m64 | VEX.l.66.0F38.W0 59 /r | RM | AVX2
  VBROADCASTSS vv:w, m32     | VEX.l.66.0F38.W0 18 /r | RM | AVX
  VBROADCASTSS vv:w, xmm     | VEX.l.66.0F38.W0 18 /r | RM | AVX2
  `,
)

const narrow = family(
  'AVX',
  `
  VMOVSS xmm:w, xmm, xmm   | VEX.LIG.F3.0F.WIG 10 /r | RVM |
  VMOVSS xmm:w, m32        | VEX.LIG.F3.0F.WIG 10 /r | RM  |
  VMOVSD xmm:w, xmm, xmm   | VEX.LIG.F2.0F.WIG 10 /r | RVM |
  VMOVSD xmm:w, m64        | VEX.LIG.F2.0F.WIG 10 /r | RM  |
  VMOVSS xmm:w, xmm, xmm   | VEX.LIG.F3.0F.WIG 11 /r | MVR | alias id=store
  VMOVSS m32:w, xmm        | VEX.LIG.F3.0F.WIG 11 /r | MR  |
  VMOVSD xmm:w, xmm, xmm   | VEX.LIG.F2.0F.WIG 11 /r | MVR | alias id=store
  VMOVSD m64:w, xmm        | VEX.LIG.F2.0F.WIG 11 /r | MR  |
  VMOVLPS xmm:w, xmm, m64  | VEX.128.NP.0F.WIG 12 /r | RVM |
  VMOVHLPS xmm:w, xmm, xmm | VEX.128.NP.0F.WIG 12 /r | RVM |
  VMOVLPD xmm:w, xmm, m64  | VEX.128.66.0F.WIG 12 /r | RVM |
  VMOVLPS m64:w, xmm       | VEX.128.NP.0F.WIG 13 /r | MR  |
  VMOVLPD m64:w, xmm       | VEX.128.66.0F.WIG 13 /r | MR  |
  VMOVHPS xmm:w, xmm, m64  | VEX.128.NP.0F.WIG 16 /r | RVM |
  VMOVLHPS xmm:w, xmm, xmm | VEX.128.NP.0F.WIG 16 /r | RVM |
  VMOVHPD xmm:w, xmm, m64  | VEX.128.66.0F.WIG 16 /r | RVM |
  VMOVHPS m64:w, xmm       | VEX.128.NP.0F.WIG 17 /r | MR  |
  VMOVHPD m64:w, xmm       | VEX.128.66.0F.WIG 17 /r | MR  |
  VMOVDDUP xmm:w, xmm/m64  | VEX.128.F2.0F.WIG 12 /r | RM  |
  VMOVDDUP ymm:w, ymm/m256 | VEX.256.F2.0F.WIG 12 /r | RM  |
  VMOVD xmm:w, r/m32       | VEX.128.66.0F.W0 6E /r  | RM  |
  VMOVQ xmm:w, xmm/m64     | VEX.128.F3.0F.WIG 7E /r | RM  |
  VMOVQ xmm:w, r/m64       | VEX.128.66.0F.W1 6E /r  | RM  | 64
  VMOVD r/m32:w, xmm       | VEX.128.66.0F.W0 7E /r  | MR  |
  VMOVQ xmm/m64:w, xmm     | VEX.128.66.0F.WIG D6 /r | MR  |
  VMOVQ r/m64:w, xmm       | VEX.128.66.0F.W1 7E /r  | MR  | 64
  VMASKMOVDQU xmm, xmm     | VEX.128.66.0F.WIG F7 /r | RM  |
  VBROADCASTSD ymm:w, m64  | VEX.256.66.0F38.W0 19 /r | RM |
  VBROADCASTSD ymm:w, xmm  | VEX.256.66.0F38.W0 19 /r | RM | AVX2
  VBROADCASTF128 ymm:w, m128 | VEX.256.66.0F38.W0 1A /r | RM |
  VBROADCASTI128 ymm:w, m128 | VEX.256.66.0F38.W0 5A /r | RM | AVX2
  VLDMXCSR m32             | VEX.LZ.NP.0F.WIG AE /2  | M   |
  VSTMXCSR m32:w           | VEX.LZ.NP.0F.WIG AE /3  | M   |
  VZEROUPPER               | VEX.128.NP.0F.WIG 77    | ZO  |
  VZEROALL                 | VEX.256.NP.0F.WIG 77    | ZO  |
  `,
)

export const avxMove: RowDraft[] = [...whole, ...integer, ...narrow]
