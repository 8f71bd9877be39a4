import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'
import { extensions, sse2, threeByte } from './sse-integer.ts'
import { bothWidths, hex } from './vex.ts'

/** PSRLW … PSLLQ by a count in an XMM register or 128 bits of memory, whatever the width of the rest. */
const shiftsByRegister = new Set([0xd1, 0xd2, 0xd3, 0xe1, 0xe2, 0xf1, 0xf2, 0xf3])

/** The instructions of SSE2 to SSE4.2 with a third operand; 256 bits wide with AVX2. */
const threeOperand = [
  ...sse2.flatMap(([name, opcode]) => {
    const count = shiftsByRegister.has(opcode) ? 'xmm/m128' : 'vv/mv'
    return bothWidths(
      'AVX',
      'AVX2',
      `V${name} vv:w, vv, ${count} | VEX.l.66.0F.WIG ${hex(opcode)} /r | RVM |`,
    )
  }),
  ...threeByte.flatMap(([name, opcode]) => {
    if (name === 'PHMINPOSUW')
      return family('AVX', `V${name} xmm:w, xmm/m128 | VEX.128.66.0F38.WIG 41 /r | RM |`)
    const line = name.startsWith('PABS') ? ['vv:w, vv/mv', 'RM'] : ['vv:w, vv, vv/mv', 'RVM']
    return bothWidths(
      'AVX',
      'AVX2',
      `V${name} ${line[0]} | VEX.l.66.0F38.WIG ${hex(opcode)} /r | ${line[1]} |`,
    )
  }),
  ...extensions.flatMap(([suffix, low, memory]) =>
    [0x20, 0x30].flatMap((base) => {
      const name = `VPMOV${base === 0x20 ? 'SX' : 'ZX'}${suffix}`
      return [
        ...family('AVX', `${name} xmm:w, xmm/m${memory} | VEX.128.66.0F38.WIG ${hex(base + low)} /r | RM |`),
        ...family(
          'AVX2',
          `${name} ymm:w, xmm/m${memory * 2} | VEX.256.66.0F38.WIG ${hex(base + low)} /r | RM |`,
        ),
      ]
    }),
  ),
]

const both = bothWidths(
  'AVX',
  'AVX2',
  `
  VPSRLW vv:w, vv, imm8   | VEX.l.66.0F.WIG 71 /2 ib | VMI |
  VPSRAW vv:w, vv, imm8   | VEX.l.66.0F.WIG 71 /4 ib | VMI |
  VPSLLW vv:w, vv, imm8   | VEX.l.66.0F.WIG 71 /6 ib | VMI |
  VPSRLD vv:w, vv, imm8   | VEX.l.66.0F.WIG 72 /2 ib | VMI |
  VPSRAD vv:w, vv, imm8   | VEX.l.66.0F.WIG 72 /4 ib | VMI |
  VPSLLD vv:w, vv, imm8   | VEX.l.66.0F.WIG 72 /6 ib | VMI |
  VPSRLQ vv:w, vv, imm8   | VEX.l.66.0F.WIG 73 /2 ib | VMI |
  VPSRLDQ vv:w, vv, imm8  | VEX.l.66.0F.WIG 73 /3 ib | VMI |
  VPSLLQ vv:w, vv, imm8   | VEX.l.66.0F.WIG 73 /6 ib | VMI |
  VPSLLDQ vv:w, vv, imm8  | VEX.l.66.0F.WIG 73 /7 ib | VMI |
  VPSHUFD vv:w, vv/mv, imm8  | VEX.l.66.0F.WIG 70 /r ib | RMI |
  VPSHUFHW vv:w, vv/mv, imm8 | VEX.l.F3.0F.WIG 70 /r ib | RMI |
  VPSHUFLW vv:w, vv/mv, imm8 | VEX.l.F2.0F.WIG 70 /r ib | RMI |
  VPALIGNR vv:w, vv, vv/mv, imm8 | VEX.l.66.0F3A.WIG 0F /r ib | RVMI |
  VPBLENDW vv:w, vv, vv/mv, imm8 | VEX.l.66.0F3A.WIG 0E /r ib | RVMI |
  VMPSADBW vv:w, vv, vv/mv, imm8 | VEX.l.66.0F3A.WIG 42 /r ib | RVMI |
  VPBLENDVB vv:w, vv, vv/mv, vv  | VEX.l.66.0F3A.W0 4C /r is4 | RVMS |
  VPBLENDD vv:w, vv, vv/mv, imm8 | VEX.l.66.0F3A.W0 02 /r ib | RVMI | AVX2
  VPTEST vv, vv/mv               | VEX.l.66.0F38.WIG 17 /r | RM | AVX w:zc 0:osap
  VPSLLVD vv:w, vv, vv/mv        | VEX.l.66.0F38.W0 47 /r | RVM | AVX2
  VPSLLVQ vv:w, vv, vv/mv        | VEX.l.66.0F38.W1 47 /r | RVM | AVX2
  VPSRLVD vv:w, vv, vv/mv        | VEX.l.66.0F38.W0 45 /r | RVM | AVX2
  VPSRLVQ vv:w, vv, vv/mv        | VEX.l.66.0F38.W1 45 /r | RVM | AVX2
  VPSRAVD vv:w, vv, vv/mv        | VEX.l.66.0F38.W0 46 /r | RVM | AVX2
  `,
)

const single = family(
  'AVX',
  `
  VPINSRB xmm:w, xmm, r32/m8, imm8  | VEX.128.66.0F3A.W0 20 /r ib | RVMI |
  VPINSRB xmm:w, xmm, r64/m8, imm8  | VEX.128.66.0F3A.W1 20 /r ib | RVMI | 64
  VPINSRW xmm:w, xmm, r32/m16, imm8 | VEX.128.66.0F.W0 C4 /r ib   | RVMI |
  VPINSRW xmm:w, xmm, r64/m16, imm8 | VEX.128.66.0F.W1 C4 /r ib   | RVMI | 64
  VPINSRD xmm:w, xmm, r/m32, imm8   | VEX.128.66.0F3A.W0 22 /r ib | RVMI |
  VPINSRQ xmm:w, xmm, r/m64, imm8   | VEX.128.66.0F3A.W1 22 /r ib | RVMI | 64
  VPEXTRB r32/m8:w, xmm, imm8       | VEX.128.66.0F3A.W0 14 /r ib | MRI |
  VPEXTRB r64/m8:w, xmm, imm8       | VEX.128.66.0F3A.W1 14 /r ib | MRI | 64
  VPEXTRW r32/m16:w, xmm, imm8      | VEX.128.66.0F3A.W0 15 /r ib | MRI |
  VPEXTRW r64/m16:w, xmm, imm8      | VEX.128.66.0F3A.W1 15 /r ib | MRI | 64
  VPEXTRW r32:w, xmm, imm8          | VEX.128.66.0F.W0 C5 /r ib   | RMI |
  VPEXTRW r64:w, xmm, imm8          | VEX.128.66.0F.W1 C5 /r ib   | RMI | 64
  VPEXTRD r/m32:w, xmm, imm8        | VEX.128.66.0F3A.W0 16 /r ib | MRI |
  VPEXTRQ r/m64:w, xmm, imm8        | VEX.128.66.0F3A.W1 16 /r ib | MRI | 64
  VEXTRACTPS r/m32:w, xmm, imm8     | VEX.128.66.0F3A.W0 17 /r ib | MRI |
  VEXTRACTPS r64/m32:w, xmm, imm8   | VEX.128.66.0F3A.W1 17 /r ib | MRI | 64
  VINSERTPS xmm:w, xmm, xmm/m32, imm8 | VEX.128.66.0F3A.WIG 21 /r ib | RVMI |
  VPCMPESTRM xmm, xmm/m128, imm8    | VEX.128.66.0F3A.WIG 60 /r ib | RMI | w:oszc 0:ap
  VPCMPESTRM xmm, xmm/m128, imm8    | VEX.128.66.0F3A.W1 60 /r ib | RMI | w:oszc 0:ap 64 id=w1
  VPCMPESTRI xmm, xmm/m128, imm8    | VEX.128.66.0F3A.WIG 61 /r ib | RMI | w:oszc 0:ap
  VPCMPESTRI xmm, xmm/m128, imm8    | VEX.128.66.0F3A.W1 61 /r ib | RMI | w:oszc 0:ap 64 id=w1
  VPCMPISTRM xmm, xmm/m128, imm8    | VEX.128.66.0F3A.WIG 62 /r ib | RMI | w:oszc 0:ap
  VPCMPISTRI xmm, xmm/m128, imm8    | VEX.128.66.0F3A.WIG 63 /r ib | RMI | w:oszc 0:ap
  VEXTRACTF128 xmm/m128:w, ymm, imm8 | VEX.256.66.0F3A.W0 19 /r ib | MRI |
  VEXTRACTI128 xmm/m128:w, ymm, imm8 | VEX.256.66.0F3A.W0 39 /r ib | MRI | AVX2
  VINSERTF128 ymm:w, ymm, xmm/m128, imm8 | VEX.256.66.0F3A.W0 18 /r ib | RVMI |
  VINSERTI128 ymm:w, ymm, xmm/m128, imm8 | VEX.256.66.0F3A.W0 38 /r ib | RVMI | AVX2
  VPERM2F128 ymm:w, ymm, ymm/m256, imm8 | VEX.256.66.0F3A.W0 06 /r ib | RVMI |
  VPERM2I128 ymm:w, ymm, ymm/m256, imm8 | VEX.256.66.0F3A.W0 46 /r ib | RVMI | AVX2
  VPERMD ymm:w, ymm, ymm/m256       | VEX.256.66.0F38.W0 36 /r | RVM | AVX2
  VPERMPS ymm:w, ymm, ymm/m256      | VEX.256.66.0F38.W0 16 /r | RVM | AVX2
  VPERMQ ymm:w, ymm/m256, imm8      | VEX.256.66.0F3A.W1 00 /r ib | RMI | AVX2
  VPERMPD ymm:w, ymm/m256, imm8     | VEX.256.66.0F3A.W1 01 /r ib | RMI | AVX2
  `,
)

export const avxInteger: RowDraft[] = [...threeOperand, ...both, ...single]
