/** MMX, and the instructions of SSE to SSSE3 on MM registers: by the id of the row, as most mnemonics have an XMM form too. */
import { RegisterClass, rows } from '../../../isa/index.ts'
import type { Definitions } from '../definition.ts'
import { mmxConvert } from './convert.ts'
import { mmxInteger } from './integer.ts'
import { mmxMove } from './move.ts'

const meanings = { ...mmxInteger, ...mmxMove, ...mmxConvert }

const onMmx = rows.filter(
  (row) => row.mnemonic === 'emms' || row.operands.some((form) => form.registerClass === RegisterClass.mmx),
)

export const mmx: Definitions = {
  ids: Object.fromEntries(
    onMmx.flatMap((row) => {
      const definition = meanings[row.mnemonic]
      return definition ? [[row.id, definition]] : []
    }),
  ),
}
