import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** String instructions. Operands are implied: source DS:rSI (the segment can be overridden), destination ES:rDI. */
export const string: RowDraft[] = family(
  'base',
  `
  MOVSB | A4       | ZO | rep r:d
  MOVSW | o16 A5   | ZO | rep r:d
  MOVSD | o32 A5   | ZO | rep r:d
  MOVSQ | o64 A5   | ZO | rep r:d
  CMPSB | A6       | ZO | repz r:d w:oszapc
  CMPSW | o16 A7   | ZO | repz r:d w:oszapc
  CMPSD | o32 A7   | ZO | repz r:d w:oszapc
  CMPSQ | o64 A7   | ZO | repz r:d w:oszapc
  STOSB | AA       | ZO | rep r:d
  STOSW | o16 AB   | ZO | rep r:d
  STOSD | o32 AB   | ZO | rep r:d
  STOSQ | o64 AB   | ZO | rep r:d
  LODSB | AC       | ZO | rep r:d
  LODSW | o16 AD   | ZO | rep r:d
  LODSD | o32 AD   | ZO | rep r:d
  LODSQ | o64 AD   | ZO | rep r:d
  SCASB | AE       | ZO | repz r:d w:oszapc
  SCASW | o16 AF   | ZO | repz r:d w:oszapc
  SCASD | o32 AF   | ZO | repz r:d w:oszapc
  SCASQ | o64 AF   | ZO | repz r:d w:oszapc
  INSB  | 6C       | ZO | rep r:d iopl
  INSW  | o16 6D   | ZO | rep r:d iopl
  INSD  | o32* 6D  | ZO | rep r:d iopl
  OUTSB | 6E       | ZO | rep r:d iopl
  OUTSW | o16 6F   | ZO | rep r:d iopl
  OUTSD | o32* 6F  | ZO | rep r:d iopl
  `,
)
