/** VPGATHER and VGATHER: done by a helper, which knows how far an instruction has come that faults. */
import { RegisterClass, rows, type Row } from '../../../isa/index.ts'
import { i32 } from '../../wasm/index.ts'
import { plain, type Definition, type Definitions } from '../definition.ts'

/** Bits of the helper's `kind`. */
const WIDE_INDEX = 1
const WIDE_DATA = 2
const VECTOR_256 = 4

/** The row tells the widths of indexes and elements: `vm64y/m32` are four indexes of 64 bits for elements of 32. */
function gather(row: Row): Definition {
  const memory = row.operands[1]!
  const kind =
    (memory.name.startsWith('vm64') ? WIDE_INDEX : 0) |
    (memory.memorySize === 64 ? WIDE_DATA : 0) |
    (row.vectorLength === 256 ? VECTOR_256 : 0)
  return plain((c) => {
    const [to, mask] = [c.registerNumber(0), c.registerNumber(2)]
    const address = [c.offset(1), c.field('scale'), c.field('address'), c.field('segment')] as const
    c.system('gather', i32(kind), to, mask, c.field('index'), ...address)
  })
}

const indexed = rows.filter((row) => row.operands.some((form) => form.indexClass !== RegisterClass.none))

export const avxGather: Definitions = {
  ids: Object.fromEntries(indexed.map((row) => [row.id, gather(row)])),
}
