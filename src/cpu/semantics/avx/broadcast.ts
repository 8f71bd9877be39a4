/** One element in every place (SDM volume 2: VBROADCAST, VPBROADCAST). */
import { op, type I32, type I64, type V128 } from '../../wasm/index.ts'
import { plain, type Definition, type Definitions } from '../definition.ts'
import { vector } from '../sse/lanes.ts'

function broadcast(shape: 'i8x16' | 'i16x8' | 'i32x4' | 'i64x2'): Definition {
  const bits = 128 / Number(shape.slice(shape.indexOf('x') + 1))
  return plain((c) => {
    const value = c.read(1, bits)
    const lane: V128 = bits === 64 ? op('i64x2.splat', value as I64) : vector(`${shape}.splat`, value as I32)
    const all = c.let(lane)
    c.writeVectors(0, c.operand(0).bits === 256 ? [all, all] : [all])
  })
}

const broadcastLane: Definition = plain((c) => {
  const lane = c.readVector(1)
  c.writeVectors(0, [lane, lane])
})

export const avxBroadcast: Definitions = {
  mnemonics: {
    vpbroadcastb: broadcast('i8x16'),
    vpbroadcastw: broadcast('i16x8'),
    vpbroadcastd: broadcast('i32x4'),
    vpbroadcastq: broadcast('i64x2'),
    vbroadcastss: broadcast('i32x4'),
    vbroadcastsd: broadcast('i64x2'),
    vbroadcastf128: broadcastLane,
    vbroadcasti128: broadcastLane,
  },
}
