import type { FunctionType } from '../reader/types.ts'
import type { Graph } from '../ssa/ir.ts'
import { atomicLowerings } from './atomic.ts'
import { callLowerings, lowerParams, lowerStackParam } from './calls.ts'
import { compareLowerings } from './compare.ts'
import type { ModuleContext } from './context.ts'
import { lowerExit } from './control.ts'
import { convertLowerings } from './convert.ts'
import { floatLowerings } from './float.ts'
import { integerLowerings } from './integer.ts'
import { type Lower, Lowering } from './lowering.ts'
import { memoryLowerings } from './memory.ts'
import type { MachineFunction } from './mir.ts'
import { simdFloatLowerings } from './simd-float.ts'
import { simdIntegerLowerings } from './simd-integer.ts'
import { simdLaneLowerings } from './simd-lanes.ts'
import { simdShiftLowerings } from './simd-shift.ts'
import { shuffle } from './simd-shuffle.ts'

const lowerings: Readonly<Record<string, Lower>> = {
  ...integerLowerings,
  ...compareLowerings,
  ...memoryLowerings,
  ...floatLowerings,
  ...convertLowerings,
  ...atomicLowerings,
  ...simdIntegerLowerings,
  ...simdShiftLowerings,
  ...simdFloatLowerings,
  ...simdLaneLowerings,
  'i8x16.shuffle': shuffle,
  ...callLowerings,
}

/**
 * Selects instructions for a function.
 * @throws Error that names the first operation which cannot be compiled.
 */
export function lowerFunction(graph: Graph, type: FunctionType, context: ModuleContext): MachineFunction {
  const lowering = new Lowering(graph, context)
  const lowerValue: Lower = (_, value) => {
    if (value.op === 'param') return lowerStackParam(lowering, type, value)
    const lower = lowerings[value.op]
    if (!lower) throw new Error(`unsupported wasm instruction ${value.op}`)
    lower(lowering, value)
  }
  const machine = lowering.run(lowerValue, (_, block) => lowerExit(lowering, block, type))
  const params = graph.blocks[0]!.values.filter((value) => value.op === 'param')
  if (params.length > 0) machine.blocks[0]!.insts.unshift(...lowerParams(lowering, type, params))
  return machine
}
