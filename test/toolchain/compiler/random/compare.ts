import { compile } from '../../../../src/toolchain/compiler/index.ts'
import type { ValueType } from '../../../../src/toolchain/compiler/reader/types.ts'
import { type Bits, NativeRun, type Outcome } from '../native/native.ts'
import { place } from '../native/place.ts'
import { type Program, randomProgram } from './program.ts'

/** Runs random programs on V8 and natively, and compares results, traps and memory. */

const CODE = 0x7000_0000

/** The bits of a number that went into or came out of V8. */
function bitsOf(type: ValueType, value: number | bigint): Bits {
  const view = new DataView(new ArrayBuffer(8))
  if (type === 'i32') return Number(value) | 0
  if (type === 'i64') return BigInt.asIntN(64, BigInt(value))
  if (type === 'f32') {
    view.setFloat32(0, Number(value), true)
    return view.getInt32(0, true)
  }
  view.setFloat64(0, Number(value), true)
  return view.getBigInt64(0, true)
}

type Exports = Record<string, (...args: (number | bigint)[]) => number | bigint>

interface Expected {
  readonly trap: boolean
  readonly value: Bits
  readonly memory: Uint8Array
}

function runOnV8({ wasm, calls }: Program): Expected[] {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>))
  const functions = exports as Exports
  const memory = exports.memory as WebAssembly.Memory
  functions.show!()
  return calls.map(({ name, draft, args }) => {
    let trap = false
    let value: Bits = 0
    try {
      value = bitsOf(draft.results[0]!, functions[name]!(...args))
    } catch {
      trap = true
    }
    functions.show!()
    return { trap, value, memory: new Uint8Array(memory.buffer).slice() }
  })
}

function queue(native: NativeRun, { wasm, pages, calls }: Program): void {
  const image = place(compile(wasm), CODE)
  const size = pages * 65_536
  const nothing = { params: [], results: [] }
  native.unmap(0, CODE)
  native.map(0, size, new Uint8Array(0))
  native.load(image, (address) => address < size)
  native.call(image.symbols.get('show')!, nothing, [])
  for (const { name, draft, args } of calls) {
    native.call(
      image.symbols.get(name)!,
      draft,
      draft.params.map((type, index) => bitsOf(type, args[index]!)),
    )
    native.call(image.symbols.get('show')!, nothing, [])
    native.read(0, size)
  }
}

export interface Comparison {
  readonly programs: number
  readonly calls: number
  readonly traps: number
  readonly differences: string[]
}

/** Compares `count` programs with seeds from `first` on. */
export function compareRandomPrograms(first: number, count: number): Comparison {
  const native = new NativeRun()
  const expected: { seed: number; program: Program; calls: Expected[] }[] = []
  const differences: string[] = []
  for (let seed = first; seed < first + count; seed++) {
    const program = randomProgram(seed)
    const calls = runOnV8(program)
    try {
      queue(native, program)
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
    expected.push({ seed, program, calls })
  }
  const outcomes = native.run()
  let next = 0
  let traps = 0
  let total = 0
  for (const { seed, program, calls } of expected) {
    next++
    for (const [index, { trap, value, memory }] of calls.entries()) {
      const result = outcomes[next]!
      const dump = outcomes[next + 2]!
      next += 3
      total++
      if (trap) traps++
      const wrong = difference(result, dump, trap, value, memory)
      if (wrong) differences.push(`seed ${seed}, call ${index} of ${program.calls[index]!.name}: ${wrong}`)
    }
  }
  return { programs: count, calls: total, traps, differences }
}

function difference(
  result: Outcome,
  dump: Outcome,
  trap: boolean,
  value: Bits,
  memory: Uint8Array,
): string | undefined {
  if (result.kind === 'trap' && !trap) return `traps (${result.signal}), V8 gives ${value}`
  if (result.kind === 'results' && trap) return `gives ${result.values[0]}, V8 traps`
  if (result.kind === 'results' && result.values[0] !== value) return `gives ${result.values[0]}, V8 ${value}`
  if (dump.kind !== 'bytes') return 'no memory'
  const at = dump.bytes.findIndex((byte, offset) => byte !== memory[offset])
  return at < 0 ? undefined : `memory differs at 0x${at.toString(16)}: ${dump.bytes[at]}, V8 ${memory[at]}`
}
