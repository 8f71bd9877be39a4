/**
 * One meaning for three forms: legacy SSE `xmm1, xmm2/m128`, whose destination is the first source too and keeps what lies above; VEX.128
 * `xmm1, xmm2, xmm3/m128`, which clears what lies above; and VEX.256, which does in its upper lane what it does in the lower. Legacy operands in memory are
 * aligned, those of VEX forms need not be (SDM volume 1, 14.9). What is computed is given by lanes of 128 bits.
 */
import { op, replaceLowest, shuffle, type I32, type V128 } from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition, Emit } from '../definition.ts'
import { toI32, toI64, type Value } from '../values.ts'
import { immediate } from './lanes.ts'

/** A meaning that reads and writes its operands as below, so that it holds for the VEX rows as well. */
export const vectored = (emit: Emit): Definition => ({ emit, vex: true })

/** Position of the first and the second source of `xmm1, xmm2/m128`. */
export const firstOf = (c: Context): number => (c.shape.vex ? 1 : 0)
export const secondOf = (c: Context): number => (c.shape.vex ? 2 : 1)

/** A source's lanes. */
export function readSource(c: Context, index: number): V128[] {
  if (c.shape.vex) return c.readVectors(index)
  c.requireAligned(index)
  return [c.readVector(index)]
}

/** Writes the destination's lanes. */
export function writeResult(c: Context, lanes: readonly V128[], index = 0): void {
  if (c.shape.vex) c.writeVectors(index, lanes)
  else c.writeVector(index, lanes[0]!)
}

/** What becomes of lane `lane` of the sources. */
export type BinaryLane = (c: Context, x: V128, y: V128, lane: 0 | 1) => V128
export type UnaryLane = (c: Context, x: V128, lane: 0 | 1) => V128
export type ImmediateLane = (c: Context, x: V128, y: V128, imm: I32, lane: 0 | 1) => V128
export type UnaryImmediateLane = (c: Context, x: V128, imm: I32, lane: 0 | 1) => V128

/** `dst ← f(x, y)` on all lanes at once. */
export function binaryLanes(compute: (c: Context, x: V128[], y: V128[]) => V128[]): Definition {
  return vectored((c) => {
    const y = readSource(c, secondOf(c))
    const x = c.shape.vex ? c.readVectors(1) : [c.readVector(0)]
    writeResult(c, compute(c, x, y))
  })
}

/** `dst ← f(x, y)`, lane by lane. */
export function binary(operation: BinaryLane): Definition {
  return binaryLanes((c, x, y) => x.map((v, n) => c.let(operation(c, v, y[n]!, n as 0 | 1))))
}

/** `dst ← f(x, y, imm8)`. */
export function withImmediate(operation: ImmediateLane): Definition {
  return binaryLanes((c, x, y) => {
    const imm = immediate(c, secondOf(c) + 1)
    return x.map((v, n) => c.let(operation(c, v, y[n]!, imm, n as 0 | 1)))
  })
}

/** `dst ← f(x)` on all lanes at once, where the source is the second operand in all forms. */
export function unaryLanes(compute: (c: Context, x: V128[]) => V128[]): Definition {
  return vectored((c) => writeResult(c, compute(c, readSource(c, 1))))
}

/** `dst ← f(x)`, lane by lane. */
export function unary(operation: UnaryLane): Definition {
  return unaryLanes((c, x) => x.map((v, n) => c.let(operation(c, v, n as 0 | 1))))
}

/** `dst ← f(x, imm8)`. */
export function unaryImmediate(operation: UnaryImmediateLane): Definition {
  return vectored((c) => {
    const x = readSource(c, 1)
    const imm = immediate(c, 2)
    writeResult(
      c,
      x.map((v, n) => c.let(operation(c, v, imm, n as 0 | 1))),
    )
  })
}

/** `dst ← f(x)`, of `bits` bits of the source for each lane of the destination, all of them in the low part of a vector. */
export function wideningLanes(
  bits: 16 | 32 | 64,
  compute: (c: Context, x: V128, lanes: number) => V128[],
): Definition {
  return vectored((c) => {
    const count = c.operand(0).bits / 128
    const size = bits * count
    const source = size > 64 ? c.readVector(1) : c.let(op('i64x2.splat', toI64(c.read(1, size))))
    writeResult(c, compute(c, source, count))
  })
}

/** `dst ← f(x)`, where lane `n` is made of `bits` bits of the source, from bit `n · bits` on, given in the low part of a vector. */
export function widening(bits: 16 | 32 | 64, operation: UnaryLane): Definition {
  return wideningLanes(bits, (c, source, count) => {
    const bytes = Array.from({ length: 16 }, (_, byte) => (byte + bits / 8) % 16)
    const lanes = [source, shuffle(bytes, source, source)].slice(0, count)
    return lanes.map((v, n) => c.let(operation(c, c.let(v), n as 0 | 1)))
  })
}

/** `xmm ← f(x)`, where the lanes of the source give as many low halves; with zeros above. */
export function narrowingLanes(compute: (c: Context, x: V128[]) => V128): Definition {
  return vectored((c) => writeResult(c, [compute(c, readSource(c, 1))]))
}

/**
 * `dst[low] ← f(x[low], y)`; above it the legacy form keeps the destination, and the VEX form copies the first source. `bits` are those of the
 * result and of x; y is read as `sourceBits`, or as wide as the operand is when that is null.
 */
export function scalar(
  bits: 32 | 64,
  operation: (c: Context, x: Value, y: Value) => Value,
  sourceBits: 32 | 64 | null = bits,
): Definition {
  return vectored((c) => {
    const second = secondOf(c)
    const y = sourceBits === null ? c.read(second) : c.readLowest(second, sourceBits)
    const result = c.let(operation(c, c.read(firstOf(c), bits), y))
    if (c.shape.vex) c.writeVectors(0, [replaceLow(c.readVector(1), bits, result)])
    else c.write(0, result, bits)
  })
}

/** v with its lowest 32 or 64 bits replaced. */
export function replaceLow(v: V128, bits: number, value: Value): V128 {
  return replaceLowest(v, bits === 64 ? toI64(value) : toI32(value))
}
