import type { Value } from '../ssa/ir.ts'
import type { Lower, Lowering } from './lowering.ts'
import type { Reg } from './mir.ts'
import { change, make } from './vector.ts'

/** i8x16.shuffle: any 16 of the 32 bytes of two vectors. The shortest x86 form that fits is taken. */

/** Interleavings: operation, width of a lane in bytes, first lane taken. */
const interleavings: [op: string, bytes: number, from: number][] = [
  ['punpcklbw', 1, 0],
  ['punpckhbw', 1, 8],
  ['punpcklwd', 2, 0],
  ['punpckhwd', 2, 8],
  ['punpckldq', 4, 0],
  ['punpckhdq', 4, 8],
  ['punpcklqdq', 8, 0],
  ['punpckhqdq', 8, 8],
]

const interleaved = (bytes: number, from: number): number[] =>
  Array.from({ length: 16 }, (_, index) => {
    const lane = Math.floor(index / bytes)
    return from + Math.floor(lane / 2) * bytes + (index % bytes) + (lane % 2) * 16
  })

const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  Array.from(a).every((each, index) => each === b[index])

/** Lanes with 16 added to or taken from those that are outside of 0 … 15: as if both vectors were exchanged. */
const exchanged = (lanes: Uint8Array): Uint8Array => lanes.map((lane) => lane ^ 16)

export const shuffle: Lower = (lowering, value) => {
  const [left, right] = value.args as [Value, Value]
  const to = lowering.use(value)
  const lanes = value.bytes!
  if (left === right)
    return shuffleOne(
      lowering,
      left,
      lanes.map((lane) => lane & 15),
      to,
    )
  if (lanes.every((lane) => lane < 16)) return shuffleOne(lowering, left, lanes, to)
  if (lanes.every((lane) => lane >= 16)) return shuffleOne(lowering, right, exchanged(lanes), to)
  if (shuffleTwo(lowering, left, right, lanes, to) || shuffleTwo(lowering, right, left, exchanged(lanes), to))
    return
  const pick = (vector: Value, from: number): Reg => {
    const indices = lanes.map((lane) => (lane >= from && lane < from + 16 ? lane - from : 0x80))
    return change(lowering, 'pshufb', vector, [indices])
  }
  change(lowering, 'por', pick(left, 0), [pick(right, 16)], to)
}

/** Interleave, or take 16 consecutive bytes of the two vectors. */
function shuffleTwo(lowering: Lowering, left: Value, right: Value, lanes: Uint8Array, to: Reg): boolean {
  for (const [op, bytes, from] of interleavings) {
    if (!same(lanes, interleaved(bytes, from))) continue
    change(lowering, op, left, [right], to)
    return true
  }
  const first = lanes[0]!
  if (first >= 16 || !lanes.every((lane, index) => lane === first + index)) return false
  change(lowering, 'palignr', right, [left, first], to)
  return true
}

function shuffleOne(lowering: Lowering, vector: Value, lanes: Uint8Array, to: Reg): void {
  const isWhole = [0, 4, 8, 12].every(
    (at) => lanes[at]! % 4 === 0 && [1, 2, 3].every((offset) => lanes[at + offset] === lanes[at]! + offset),
  )
  if (isWhole) {
    const order = [0, 1, 2, 3].reduce((sum, lane) => sum | ((lanes[lane * 4]! / 4) << (lane * 2)), 0)
    make(lowering, 'pshufd', [vector, order], to)
    return
  }
  change(lowering, 'pshufb', vector, [lanes], to)
}
