/** All rows. In what is installed the build has put the parsed rows in this file's place: reading their text takes longer than starting a machine. */
import type { RowDraft } from '../parse-rows.ts'
import type { Row } from '../row.ts'
import { arithmetic } from './arithmetic.ts'
import { avxFloat } from './avx-float.ts'
import { avxGather } from './avx-gather.ts'
import { avxInteger } from './avx-integer.ts'
import { avxMove } from './avx-move.ts'
import { bits } from './bits.ts'
import { branch } from './branch.ts'
import { conditional } from './conditional.ts'
import { crypto } from './crypto.ts'
import { misc } from './misc.ts'
import { mmx } from './mmx.ts'
import { move } from './move.ts'
import { shift } from './shift.ts'
import { sseConvert } from './sse-convert.ts'
import { sseFloat } from './sse-float.ts'
import { sseInteger } from './sse-integer.ts'
import { sseMove } from './sse-move.ts'
import { stack } from './stack.ts'
import { string } from './string.ts'
import { system } from './system.ts'
import { x87 } from './x87.ts'

const families: readonly RowDraft[][] = [
  arithmetic,
  shift,
  bits,
  move,
  stack,
  conditional,
  branch,
  string,
  misc,
  system,
  sseMove,
  sseFloat,
  sseConvert,
  sseInteger,
  mmx,
  x87,
  avxMove,
  avxFloat,
  avxInteger,
  avxGather,
  crypto,
]

const all = families.flat()
all.forEach((row, index) => {
  row.index = index
})

/** Every encoding, one row each. */
export const rows: readonly Row[] = all

/** Rows by `id`. */
export const rowById: ReadonlyMap<string, Row> = new Map(rows.map((row) => [row.id, row]))
