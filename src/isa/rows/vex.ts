import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/**
 * Rows for VEX.128 and VEX.256 from lines in which `vv` is the register file, `vv/mv` the register or memory operand, `mv` the memory operand,
 * `mh` half of it, and `VEX.l` the length.
 */
export function bothWidths(feature128: string, feature256: string, text: string): RowDraft[] {
  return [128, 256].flatMap((bits) =>
    family(
      bits === 128 ? feature128 : feature256,
      text
        .replaceAll('VEX.l', `VEX.${bits}`)
        .replaceAll('xmm/mh', `xmm/m${bits / 2}`)
        .replaceAll('mv', `m${bits}`)
        .replaceAll('vv', bits === 128 ? 'xmm' : 'ymm'),
    ),
  )
}

/** Two hexadecimal digits, as opcodes are written. */
export function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0')
}
