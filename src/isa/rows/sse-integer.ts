import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** `66 0F xx /r` with the operands `xmm, xmm/m128`. */
export const sse2: readonly [mnemonic: string, opcode: number][] = [
  ['PUNPCKLBW', 0x60],
  ['PUNPCKLWD', 0x61],
  ['PUNPCKLDQ', 0x62],
  ['PACKSSWB', 0x63],
  ['PCMPGTB', 0x64],
  ['PCMPGTW', 0x65],
  ['PCMPGTD', 0x66],
  ['PACKUSWB', 0x67],
  ['PUNPCKHBW', 0x68],
  ['PUNPCKHWD', 0x69],
  ['PUNPCKHDQ', 0x6a],
  ['PACKSSDW', 0x6b],
  ['PUNPCKLQDQ', 0x6c],
  ['PUNPCKHQDQ', 0x6d],
  ['PCMPEQB', 0x74],
  ['PCMPEQW', 0x75],
  ['PCMPEQD', 0x76],
  ['PSRLW', 0xd1],
  ['PSRLD', 0xd2],
  ['PSRLQ', 0xd3],
  ['PADDQ', 0xd4],
  ['PMULLW', 0xd5],
  ['PSUBUSB', 0xd8],
  ['PSUBUSW', 0xd9],
  ['PMINUB', 0xda],
  ['PAND', 0xdb],
  ['PADDUSB', 0xdc],
  ['PADDUSW', 0xdd],
  ['PMAXUB', 0xde],
  ['PANDN', 0xdf],
  ['PAVGB', 0xe0],
  ['PSRAW', 0xe1],
  ['PSRAD', 0xe2],
  ['PAVGW', 0xe3],
  ['PMULHUW', 0xe4],
  ['PMULHW', 0xe5],
  ['PSUBSB', 0xe8],
  ['PSUBSW', 0xe9],
  ['PMINSW', 0xea],
  ['POR', 0xeb],
  ['PADDSB', 0xec],
  ['PADDSW', 0xed],
  ['PMAXSW', 0xee],
  ['PXOR', 0xef],
  ['PSLLW', 0xf1],
  ['PSLLD', 0xf2],
  ['PSLLQ', 0xf3],
  ['PMULUDQ', 0xf4],
  ['PMADDWD', 0xf5],
  ['PSADBW', 0xf6],
  ['PSUBB', 0xf8],
  ['PSUBW', 0xf9],
  ['PSUBD', 0xfa],
  ['PSUBQ', 0xfb],
  ['PADDB', 0xfc],
  ['PADDW', 0xfd],
  ['PADDD', 0xfe],
]

/** `66 0F 38 xx /r` with the same operands. */
export const threeByte: readonly [mnemonic: string, opcode: number, feature: string][] = [
  ['PSHUFB', 0x00, 'SSSE3'],
  ['PHADDW', 0x01, 'SSSE3'],
  ['PHADDD', 0x02, 'SSSE3'],
  ['PHADDSW', 0x03, 'SSSE3'],
  ['PMADDUBSW', 0x04, 'SSSE3'],
  ['PHSUBW', 0x05, 'SSSE3'],
  ['PHSUBD', 0x06, 'SSSE3'],
  ['PHSUBSW', 0x07, 'SSSE3'],
  ['PSIGNB', 0x08, 'SSSE3'],
  ['PSIGNW', 0x09, 'SSSE3'],
  ['PSIGND', 0x0a, 'SSSE3'],
  ['PMULHRSW', 0x0b, 'SSSE3'],
  ['PABSB', 0x1c, 'SSSE3'],
  ['PABSW', 0x1d, 'SSSE3'],
  ['PABSD', 0x1e, 'SSSE3'],
  ['PMULDQ', 0x28, 'SSE4_1'],
  ['PCMPEQQ', 0x29, 'SSE4_1'],
  ['PACKUSDW', 0x2b, 'SSE4_1'],
  ['PCMPGTQ', 0x37, 'SSE4_2'],
  ['PMINSB', 0x38, 'SSE4_1'],
  ['PMINSD', 0x39, 'SSE4_1'],
  ['PMINUW', 0x3a, 'SSE4_1'],
  ['PMINUD', 0x3b, 'SSE4_1'],
  ['PMAXSB', 0x3c, 'SSE4_1'],
  ['PMAXSD', 0x3d, 'SSE4_1'],
  ['PMAXUW', 0x3e, 'SSE4_1'],
  ['PMAXUD', 0x3f, 'SSE4_1'],
  ['PMULLD', 0x40, 'SSE4_1'],
  ['PHMINPOSUW', 0x41, 'SSE4_1'],
]

/** PMOVSX and PMOVZX: opcode distance 10. The memory operand has the bytes that are extended. */
export const extensions: readonly [suffix: string, low: number, memory: number][] = [
  ['BW', 0x0, 64],
  ['BD', 0x1, 32],
  ['BQ', 0x2, 16],
  ['WD', 0x3, 64],
  ['WQ', 0x4, 32],
  ['DQ', 0x5, 64],
]

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0')
}

/** PABSx and PHMINPOSUW do not read their destination. */
const writeOnly = /^PABS|^PHMIN/

export const sseInteger: RowDraft[] = [
  ...sse2.flatMap(([name, opcode]) =>
    family('SSE2', `${name} xmm:rw, xmm/m128 | 66 0F ${hex(opcode)} /r | RM |`),
  ),
  ...threeByte.flatMap(([name, opcode, feature]) =>
    family(
      feature,
      `${name} xmm:${writeOnly.test(name) ? 'w' : 'rw'}, xmm/m128 | 66 0F 38 ${hex(opcode)} /r | RM |`,
    ),
  ),
  ...extensions.flatMap(([suffix, low, memory]) =>
    family(
      'SSE4_1',
      `
      PMOVSX${suffix} xmm:w, xmm/m${memory} | 66 0F 38 ${hex(0x20 + low)} /r | RM |
      PMOVZX${suffix} xmm:w, xmm/m${memory} | 66 0F 38 ${hex(0x30 + low)} /r | RM |
      `,
    ),
  ),
  ...family(
    'SSE2',
    `
    PSRLW xmm:rw, imm8  | 66 0F 71 /2 ib | MI |
    PSRAW xmm:rw, imm8  | 66 0F 71 /4 ib | MI |
    PSLLW xmm:rw, imm8  | 66 0F 71 /6 ib | MI |
    PSRLD xmm:rw, imm8  | 66 0F 72 /2 ib | MI |
    PSRAD xmm:rw, imm8  | 66 0F 72 /4 ib | MI |
    PSLLD xmm:rw, imm8  | 66 0F 72 /6 ib | MI |
    PSRLQ xmm:rw, imm8  | 66 0F 73 /2 ib | MI |
    PSRLDQ xmm:rw, imm8 | 66 0F 73 /3 ib | MI |
    PSLLQ xmm:rw, imm8  | 66 0F 73 /6 ib | MI |
    PSLLDQ xmm:rw, imm8 | 66 0F 73 /7 ib | MI |
    PSHUFD xmm:w, xmm/m128, imm8  | 66 0F 70 /r ib | RMI |
    PSHUFHW xmm:w, xmm/m128, imm8 | F3 0F 70 /r ib | RMI |
    PSHUFLW xmm:w, xmm/m128, imm8 | F2 0F 70 /r ib | RMI |
    PINSRW xmm:rw, r32/m16, imm8  | 66 0F C4 /r ib | RMI |
    PINSRW xmm:rw, r64/m16, imm8  | 66 REX.W 0F C4 /r ib | RMI |
    PEXTRW r32:w, xmm, imm8       | 66 0F C5 /r ib | RMI |
    PEXTRW r64:w, xmm, imm8       | 66 REX.W 0F C5 /r ib | RMI |
    PALIGNR xmm:rw, xmm/m128, imm8 | 66 0F 3A 0F /r ib | RMI | SSSE3
    PBLENDW xmm:rw, xmm/m128, imm8 | 66 0F 3A 0E /r ib | RMI | SSE4_1
    PBLENDVB xmm:rw, xmm/m128, XMM0 | 66 0F 38 10 /r | RM | SSE4_1
    PTEST xmm, xmm/m128            | 66 0F 38 17 /r | RM | SSE4_1 w:zc 0:osap
    PEXTRB r32/m8:w, xmm, imm8     | 66 0F 3A 14 /r ib | MRI | SSE4_1
    PEXTRB r64/m8:w, xmm, imm8     | 66 REX.W 0F 3A 14 /r ib | MRI | SSE4_1
    PEXTRW r32/m16:w, xmm, imm8    | 66 0F 3A 15 /r ib | MRI | SSE4_1
    PEXTRW r64/m16:w, xmm, imm8    | 66 REX.W 0F 3A 15 /r ib | MRI | SSE4_1
    PEXTRD r/m32:w, xmm, imm8      | 66 0F 3A 16 /r ib | MRI | SSE4_1
    PEXTRQ r/m64:w, xmm, imm8      | 66 REX.W 0F 3A 16 /r ib | MRI | SSE4_1
    EXTRACTPS r/m32:w, xmm, imm8   | 66 0F 3A 17 /r ib | MRI | SSE4_1
    EXTRACTPS r64/m32:w, xmm, imm8 | 66 REX.W 0F 3A 17 /r ib | MRI | SSE4_1
    PINSRB xmm:rw, r32/m8, imm8    | 66 0F 3A 20 /r ib | RMI | SSE4_1
    PINSRB xmm:rw, r64/m8, imm8    | 66 REX.W 0F 3A 20 /r ib | RMI | SSE4_1
    INSERTPS xmm:rw, xmm/m32, imm8 | 66 0F 3A 21 /r ib | RMI | SSE4_1
    PINSRD xmm:rw, r/m32, imm8     | 66 0F 3A 22 /r ib | RMI | SSE4_1
    PINSRQ xmm:rw, r/m64, imm8     | 66 REX.W 0F 3A 22 /r ib | RMI | SSE4_1
    MPSADBW xmm:rw, xmm/m128, imm8 | 66 0F 3A 42 /r ib | RMI | SSE4_1
    PCMPESTRM xmm, xmm/m128, imm8  | 66 0F 3A 60 /r ib | RMI | SSE4_2 w:oszc 0:ap
    PCMPESTRM xmm, xmm/m128, imm8  | 66 REX.W 0F 3A 60 /r ib | RMI | SSE4_2 w:oszc 0:ap id=w1
    PCMPESTRI xmm, xmm/m128, imm8  | 66 0F 3A 61 /r ib | RMI | SSE4_2 w:oszc 0:ap
    PCMPESTRI xmm, xmm/m128, imm8  | 66 REX.W 0F 3A 61 /r ib | RMI | SSE4_2 w:oszc 0:ap id=w1
    PCMPISTRM xmm, xmm/m128, imm8  | 66 0F 3A 62 /r ib | RMI | SSE4_2 w:oszc 0:ap
    PCMPISTRI xmm, xmm/m128, imm8  | 66 0F 3A 63 /r ib | RMI | SSE4_2 w:oszc 0:ap
    `,
  ),
]
