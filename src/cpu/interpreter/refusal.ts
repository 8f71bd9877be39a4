/** Which instructions the mode refuses although they have a row. */
import { RegisterClass, rows, type Row } from '../../isa/index.ts'
import * as L from '../layout.ts'

const USES_SSE = 1
const USES_AVX = 2
const USES_MMX = 3
const USES_X87 = 4
/** For each row, which switch of the control registers governs it: vector registers, or the state that goes with them. */
const deviceUse = Uint8Array.from(rows, (row) => {
  const vector = row.operands.some((form) => /xmm|ymm/.test(form.name))
  if (row.vex && (vector || row.feature === 'AVX')) return USES_AVX
  if (vector || row.mnemonic === 'ldmxcsr' || row.mnemonic === 'stmxcsr') return USES_SSE
  if (row.mnemonic === 'emms' || row.operands.some((form) => form.registerClass === RegisterClass.mmx))
    return USES_MMX
  return row.feature === 'FPU' || row.mnemonic === 'fisttp' ? USES_X87 : 0
})

/** The special handler that takes the instruction's place (#UD or #NM), or null when it may run. */
export function refusal(row: Row, mode: number): 'undefined' | 'no-device' | null {
  const use = deviceUse[row.index]!
  if (use === 0) return null
  if (use === USES_SSE && mode & L.MODE_NO_SSE) return 'undefined'
  if (use === USES_AVX && mode & L.MODE_NO_AVX) return 'undefined'
  if (use === USES_MMX && mode & L.MODE_EMULATION) return 'undefined'
  if (use === USES_X87 && mode & L.MODE_EMULATION) return 'no-device'
  return mode & L.MODE_TASK_SWITCHED ? 'no-device' : null
}
