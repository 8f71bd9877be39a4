/** Makes the interpreter's module: one handler for each shape of each row, and the special handlers. */
import { rows } from '../../isa/index.ts'
import { GP, NM, UD, type Context } from '../semantics/context.ts'
import { definitionOf } from '../semantics/index.ts'
import type { Shape } from '../semantics/operand.ts'
import { loadI32, ModuleBuilder, type FunctionRef, type I32 } from '../wasm/index.ts'
import { RecordContext } from './context.ts'
import { canLead, fusedBranches, fusedKey } from './fuse.ts'
import { HANDLER, RECORD_SIZE, STATUS_STOP } from './record.ts'
import { handlerType } from './dispatch.ts'
import { defineRuntime } from './runtime.ts'
import { shapeKey, shapesOfRow } from './shape.ts'
import { HANDLER_SECTION, specialHandlers, type SpecialHandler } from './special.ts'

const specialShape: Shape = {
  meaning: 'special',
  operands: [],
  vex: false,
  operandBits: 64,
  long: true,
  segmented: false,
  samePage: true,
  traced: false,
}

const specials: Record<SpecialHandler, (c: RecordContext) => void> = {
  none: (c) => c.f.unreachable(),
  stop: (c) => c.stop(STATUS_STOP),
  continue: (c) => c.continueBlock(),
  'continue-far': (c) => c.continueBlock(),
  'continue-far-legacy': (c) => c.continueBlock(),
  guard: (c) => c.guard(),
  undefined: (c) => c.raise(UD),
  'no-device': (c) => c.raise(NM),
  'too-long': (c) => c.raise(GP, 0),
}

function shapeOfSpecial(name: SpecialHandler): Shape {
  if (name === 'continue-far') return { ...specialShape, samePage: false }
  if (name === 'continue-far-legacy')
    return { ...specialShape, samePage: false, long: false, operandBits: 32 }
  return specialShape
}

/** The shapes of all rows by key. */
export function allShapes(): Map<string, Shape> {
  const shapes = new Map<string, Shape>()
  for (const row of rows) for (const shape of shapesOfRow(row)) shapes.set(shapeKey(shape), shape)
  return shapes
}

function emit(shape: Shape, c: Context): void {
  const definition = definitionOf(shape.meaning)
  if (!definition) throw new Error(`no meaning for ${shape.meaning}`)
  try {
    definition.emit(c)
  } catch (error) {
    throw new Error(`${shapeKey(shape)}: ${(error as Error).message}`, { cause: error })
  }
}

/** The whole module; takes about a second. */
export function generateInterpreter(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder()
  module.importMemory('env', 'memory')
  const shapes = allShapes()
  const leading = [...shapes].filter(([, shape]) => canLead(shape))
  const count = specialHandlers.length + shapes.size + leading.length * fusedBranches.length
  module.importTable('env', 'table', count)
  const runtime = defineRuntime(module)

  const keys: string[] = []
  const functions: FunctionRef[] = []
  const define = (key: string, shape: Shape, body: (c: RecordContext) => void): void => {
    keys.push(key)
    const handler = module.function(handlerType, (f) => {
      const c = new RecordContext(f, shape, runtime)
      body(c)
      if (!c.ended) c.next()
    })
    functions.push(handler)
  }
  for (const name of specialHandlers) define(name, shapeOfSpecial(name), specials[name])
  for (const [key, shape] of shapes) define(key, shape, (c) => emit(shape, c))
  for (const [key, shape] of leading)
    for (const branch of fusedBranches)
      define(fusedKey(key, branch.meaning), shape, (c) => {
        emit(shape, c)
        emit(branch, new RecordContext(c.f, branch, runtime, RECORD_SIZE, c.knownFlags))
        c.ended = true
      })
  module.elements(0, functions)

  const run = module.function(handlerType, (f) => {
    const [cpu, record, budget] = f.params as [I32, I32, I32]
    f.returnCallIndirect(handlerType, loadI32(record, HANDLER), cpu, record, budget)
  })
  module.exportFunction('run', run)
  const runBy = module.function({ params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] }, (f) => {
    const [cpu, record, budget, handler] = f.params as [I32, I32, I32, I32]
    f.returnCallIndirect(handlerType, handler, cpu, record, budget)
  })
  module.exportFunction('runBy', runBy)
  module.customSection(HANDLER_SECTION, new TextEncoder().encode(keys.join('\n')))
  return module.build()
}
