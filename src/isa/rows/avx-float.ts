import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'
import { bothWidths, hex } from './vex.ts'

/** PS, PD, SS and SD at one opcode. */
const four: readonly [mnemonic: string, opcode: string][] = [
  ['VADD', '58'],
  ['VMUL', '59'],
  ['VSUB', '5C'],
  ['VMIN', '5D'],
  ['VDIV', '5E'],
  ['VMAX', '5F'],
]

const fourForms = four.flatMap(([name, opcode]) => [
  ...bothWidths(
    'AVX',
    'AVX',
    `
    ${name}PS vv:w, vv, vv/mv | VEX.l.NP.0F.WIG ${opcode} /r | RVM |
    ${name}PD vv:w, vv, vv/mv | VEX.l.66.0F.WIG ${opcode} /r | RVM |
    `,
  ),
  ...family(
    'AVX',
    `
    ${name}SS xmm:w, xmm, xmm/m32 | VEX.LIG.F3.0F.WIG ${opcode} /r | RVM |
    ${name}SD xmm:w, xmm, xmm/m64 | VEX.LIG.F2.0F.WIG ${opcode} /r | RVM |
    `,
  ),
])

const packed = bothWidths(
  'AVX',
  'AVX',
  `
  VSQRTPS vv:w, vv/mv           | VEX.l.NP.0F.WIG 51 /r      | RM   |
  VSQRTPD vv:w, vv/mv           | VEX.l.66.0F.WIG 51 /r      | RM   |
  VRSQRTPS vv:w, vv/mv          | VEX.l.NP.0F.WIG 52 /r      | RM   |
  VRCPPS vv:w, vv/mv            | VEX.l.NP.0F.WIG 53 /r      | RM   |
  VANDPS vv:w, vv, vv/mv        | VEX.l.NP.0F.WIG 54 /r      | RVM  |
  VANDPD vv:w, vv, vv/mv        | VEX.l.66.0F.WIG 54 /r      | RVM  |
  VANDNPS vv:w, vv, vv/mv       | VEX.l.NP.0F.WIG 55 /r      | RVM  |
  VANDNPD vv:w, vv, vv/mv       | VEX.l.66.0F.WIG 55 /r      | RVM  |
  VORPS vv:w, vv, vv/mv         | VEX.l.NP.0F.WIG 56 /r      | RVM  |
  VORPD vv:w, vv, vv/mv         | VEX.l.66.0F.WIG 56 /r      | RVM  |
  VXORPS vv:w, vv, vv/mv        | VEX.l.NP.0F.WIG 57 /r      | RVM  |
  VXORPD vv:w, vv, vv/mv        | VEX.l.66.0F.WIG 57 /r      | RVM  |
  VCMPPS vv:w, vv, vv/mv, imm8  | VEX.l.NP.0F.WIG C2 /r ib   | RVMI |
  VCMPPD vv:w, vv, vv/mv, imm8  | VEX.l.66.0F.WIG C2 /r ib   | RVMI |
  VUNPCKLPS vv:w, vv, vv/mv     | VEX.l.NP.0F.WIG 14 /r      | RVM  |
  VUNPCKLPD vv:w, vv, vv/mv     | VEX.l.66.0F.WIG 14 /r      | RVM  |
  VUNPCKHPS vv:w, vv, vv/mv     | VEX.l.NP.0F.WIG 15 /r      | RVM  |
  VUNPCKHPD vv:w, vv, vv/mv     | VEX.l.66.0F.WIG 15 /r      | RVM  |
  VSHUFPS vv:w, vv, vv/mv, imm8 | VEX.l.NP.0F.WIG C6 /r ib   | RVMI |
  VSHUFPD vv:w, vv, vv/mv, imm8 | VEX.l.66.0F.WIG C6 /r ib   | RVMI |
  VADDSUBPD vv:w, vv, vv/mv     | VEX.l.66.0F.WIG D0 /r      | RVM  |
  VADDSUBPS vv:w, vv, vv/mv     | VEX.l.F2.0F.WIG D0 /r      | RVM  |
  VHADDPD vv:w, vv, vv/mv       | VEX.l.66.0F.WIG 7C /r      | RVM  |
  VHADDPS vv:w, vv, vv/mv       | VEX.l.F2.0F.WIG 7C /r      | RVM  |
  VHSUBPD vv:w, vv, vv/mv       | VEX.l.66.0F.WIG 7D /r      | RVM  |
  VHSUBPS vv:w, vv, vv/mv       | VEX.l.F2.0F.WIG 7D /r      | RVM  |
  VROUNDPS vv:w, vv/mv, imm8    | VEX.l.66.0F3A.WIG 08 /r ib | RMI  |
  VROUNDPD vv:w, vv/mv, imm8    | VEX.l.66.0F3A.WIG 09 /r ib | RMI  |
  VBLENDPS vv:w, vv, vv/mv, imm8 | VEX.l.66.0F3A.WIG 0C /r ib | RVMI |
  VBLENDPD vv:w, vv, vv/mv, imm8 | VEX.l.66.0F3A.WIG 0D /r ib | RVMI |
  VBLENDVPS vv:w, vv, vv/mv, vv | VEX.l.66.0F3A.W0 4A /r is4 | RVMS |
  VBLENDVPD vv:w, vv, vv/mv, vv | VEX.l.66.0F3A.W0 4B /r is4 | RVMS |
  VDPPS vv:w, vv, vv/mv, imm8   | VEX.l.66.0F3A.WIG 40 /r ib | RVMI |
  VPERMILPS vv:w, vv, vv/mv     | VEX.l.66.0F38.W0 0C /r     | RVM  |
  VPERMILPD vv:w, vv, vv/mv     | VEX.l.66.0F38.W0 0D /r     | RVM  |
  VPERMILPS vv:w, vv/mv, imm8   | VEX.l.66.0F3A.W0 04 /r ib  | RMI  |
  VPERMILPD vv:w, vv/mv, imm8   | VEX.l.66.0F3A.W0 05 /r ib  | RMI  |
  VTESTPS vv, vv/mv             | VEX.l.66.0F38.W0 0E /r     | RM   | w:zc 0:osap
  VTESTPD vv, vv/mv             | VEX.l.66.0F38.W0 0F /r     | RM   | w:zc 0:osap
  VCVTDQ2PS vv:w, vv/mv         | VEX.l.NP.0F.WIG 5B /r      | RM   |
  VCVTPS2DQ vv:w, vv/mv         | VEX.l.66.0F.WIG 5B /r      | RM   |
  VCVTTPS2DQ vv:w, vv/mv        | VEX.l.F3.0F.WIG 5B /r      | RM   |
  VCVTPS2PD vv:w, xmm/mh        | VEX.l.NP.0F.WIG 5A /r      | RM   |
  VCVTDQ2PD vv:w, xmm/mh        | VEX.l.F3.0F.WIG E6 /r      | RM   |
  VCVTPD2PS xmm:w, vv/mv        | VEX.l.66.0F.WIG 5A /r      | RM   |
  VCVTTPD2DQ xmm:w, vv/mv       | VEX.l.66.0F.WIG E6 /r      | RM   |
  VCVTPD2DQ xmm:w, vv/mv        | VEX.l.F2.0F.WIG E6 /r      | RM   |
  VCVTPH2PS vv:w, xmm/mh        | VEX.l.66.0F38.W0 13 /r     | RM   | F16C
  VCVTPS2PH xmm/mh:w, vv, imm8  | VEX.l.66.0F3A.W0 1D /r ib  | MRI  | F16C
  `,
)

const low = family(
  'AVX',
  `
  VSQRTSS xmm:w, xmm, xmm/m32   | VEX.LIG.F3.0F.WIG 51 /r | RVM |
  VSQRTSD xmm:w, xmm, xmm/m64   | VEX.LIG.F2.0F.WIG 51 /r | RVM |
  VRSQRTSS xmm:w, xmm, xmm/m32  | VEX.LIG.F3.0F.WIG 52 /r | RVM |
  VRCPSS xmm:w, xmm, xmm/m32    | VEX.LIG.F3.0F.WIG 53 /r | RVM |
  VCMPSS xmm:w, xmm, xmm/m32, imm8 | VEX.LIG.F3.0F.WIG C2 /r ib | RVMI |
  VCMPSD xmm:w, xmm, xmm/m64, imm8 | VEX.LIG.F2.0F.WIG C2 /r ib | RVMI |
  VUCOMISS xmm, xmm/m32         | VEX.LIG.NP.0F.WIG 2E /r | RM | w:zpc 0:osa
  VUCOMISD xmm, xmm/m64         | VEX.LIG.66.0F.WIG 2E /r | RM | w:zpc 0:osa
  VCOMISS xmm, xmm/m32          | VEX.LIG.NP.0F.WIG 2F /r | RM | w:zpc 0:osa
  VCOMISD xmm, xmm/m64          | VEX.LIG.66.0F.WIG 2F /r | RM | w:zpc 0:osa
  VROUNDSS xmm:w, xmm, xmm/m32, imm8 | VEX.LIG.66.0F3A.WIG 0A /r ib | RVMI |
  VROUNDSD xmm:w, xmm, xmm/m64, imm8 | VEX.LIG.66.0F3A.WIG 0B /r ib | RVMI |
  VDPPD xmm:w, xmm, xmm/m128, imm8 | VEX.128.66.0F3A.WIG 41 /r ib | RVMI |
  VCVTSI2SS xmm:w, xmm, r/m32   | VEX.LIG.F3.0F.W0 2A /r  | RVM |
  VCVTSI2SS xmm:w, xmm, r/m64   | VEX.LIG.F3.0F.W1 2A /r  | RVM | 64
  VCVTSI2SD xmm:w, xmm, r/m32   | VEX.LIG.F2.0F.W0 2A /r  | RVM |
  VCVTSI2SD xmm:w, xmm, r/m64   | VEX.LIG.F2.0F.W1 2A /r  | RVM | 64
  VCVTTSS2SI r32:w, xmm/m32     | VEX.LIG.F3.0F.W0 2C /r  | RM  |
  VCVTTSS2SI r64:w, xmm/m32     | VEX.LIG.F3.0F.W1 2C /r  | RM  | 64
  VCVTTSD2SI r32:w, xmm/m64     | VEX.LIG.F2.0F.W0 2C /r  | RM  |
  VCVTTSD2SI r64:w, xmm/m64     | VEX.LIG.F2.0F.W1 2C /r  | RM  | 64
  VCVTSS2SI r32:w, xmm/m32      | VEX.LIG.F3.0F.W0 2D /r  | RM  |
  VCVTSS2SI r64:w, xmm/m32      | VEX.LIG.F3.0F.W1 2D /r  | RM  | 64
  VCVTSD2SI r32:w, xmm/m64      | VEX.LIG.F2.0F.W0 2D /r  | RM  |
  VCVTSD2SI r64:w, xmm/m64      | VEX.LIG.F2.0F.W1 2D /r  | RM  | 64
  VCVTSS2SD xmm:w, xmm, xmm/m32 | VEX.LIG.F3.0F.WIG 5A /r | RVM |
  VCVTSD2SS xmm:w, xmm, xmm/m64 | VEX.LIG.F2.0F.WIG 5A /r | RVM |
  `,
)

/** Fused multiply-add: opcodes for the order 132; 213 and 231 follow at a distance of 10H. The scalar form is one further, where there is one. */
const fused: readonly [mnemonic: string, opcode: number, scalar: boolean][] = [
  ['VFMADDSUB', 0x96, false],
  ['VFMSUBADD', 0x97, false],
  ['VFMADD', 0x98, true],
  ['VFMSUB', 0x9a, true],
  ['VFNMADD', 0x9c, true],
  ['VFNMSUB', 0x9e, true],
]

const fma = fused.flatMap(([name, first, scalar]) =>
  ['132', '213', '231'].flatMap((order, step) => {
    const opcode = first + 0x10 * step
    const rows = bothWidths(
      'FMA',
      'FMA',
      `
      ${name}${order}PS vv:rw, vv, vv/mv | VEX.l.66.0F38.W0 ${hex(opcode)} /r | RVM |
      ${name}${order}PD vv:rw, vv, vv/mv | VEX.l.66.0F38.W1 ${hex(opcode)} /r | RVM |
      `,
    )
    if (!scalar) return rows
    const lowRows = family(
      'FMA',
      `
      ${name}${order}SS xmm:rw, xmm, xmm/m32 | VEX.LIG.66.0F38.W0 ${hex(opcode + 1)} /r | RVM |
      ${name}${order}SD xmm:rw, xmm, xmm/m64 | VEX.LIG.66.0F38.W1 ${hex(opcode + 1)} /r | RVM |
      `,
    )
    return [...rows, ...lowRows]
  }),
)

export const avxFloat: RowDraft[] = [...fourForms, ...packed, ...low, ...fma]
