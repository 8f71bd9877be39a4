import { compile } from '../../../../src/toolchain/compiler/index.ts'
import type { WasmModule } from '../../../../src/toolchain/compiler/reader/module.ts'
import { readModule } from '../../../../src/toolchain/compiler/reader/sections.ts'
import { NativeRun, type Outcome } from '../native/native.ts'
import { type Image, place } from '../native/place.ts'
import type { Action, Command } from './script.ts'
import { bitsOf, matches } from './values.ts'

export interface Tally {
  passed: number
  failed: string[]
  /** Assertions that cannot be made here, by reason. */
  skipped: Map<string, number>
}

const CODE = 0x7000_0000
const HOST = 0x6fff_0000

/** Words and functions of the host module `spectest`, at fixed addresses. */
const hostWords = new Map([
  ['spectest.global_i32', HOST + 0x100],
  ['spectest.global_i64', HOST + 0x108],
  ['spectest.global_f32', HOST + 0x110],
  ['spectest.global_f64', HOST + 0x118],
])

function hostImage(): Uint8Array {
  const bytes = new Uint8Array(4096)
  bytes[0] = 0xc3
  const view = new DataView(bytes.buffer)
  view.setInt32(0x100, 666, true)
  view.setBigInt64(0x108, 666n, true)
  view.setFloat32(0x110, 666.6, true)
  view.setFloat64(0x118, 666.6, true)
  return bytes
}

interface Instance {
  readonly module: WasmModule
  readonly image: Image
}

/** Why `instantiate` cannot take a module. */
class Refused extends Error {}

function instantiate(native: NativeRun, wasm: Uint8Array): Instance {
  const module = readModule(wasm)
  const imports = new Map(hostWords)
  for (const { imported } of [...module.functions, ...module.globals, ...module.tables, ...module.memories]) {
    if (!imported) continue
    const name = `${imported.module}.${imported.name}`
    if (imported.module !== 'spectest') throw new Refused('imports another module')
    if (imported.name.startsWith('print')) imports.set(name, HOST)
  }
  if (module.memories.length > 1 || module.tables.length > 1) throw new Refused('several memories or tables')
  let image: Image
  try {
    image = place(compile(wasm), CODE, imports)
  } catch (error) {
    throw new Refused((error as Error).message.replace(/^.*: /, '').replace(/\d+/g, 'N'))
  }
  const size = (module.memories[0]?.min ?? 0) * 65_536
  for (const { offset, bytes } of module.data) {
    if (offset?.kind === 'number' && (Number(offset.value) >>> 0) + bytes.length > size)
      throw new Refused('data out of bounds')
  }
  if (size > 1 << 30) throw new Refused('memory too large')
  native.unmap(0, HOST)
  if (size > 0) native.map(0, size, new Uint8Array(0))
  native.map(HOST, 4096, hostImage())
  native.load(image, (address) => address < size)
  native.growWith(image.symbols.get('wasm.memory.pages')!)
  const start = image.symbols.get('wasm.start')
  if (start !== undefined) native.call(start, { params: [], results: [] }, [])
  return { module, image }
}

/** Runs a script on this processor. */
export function runScript(file: string, commands: readonly Command[]): Tally {
  const tally: Tally = { passed: 0, failed: [], skipped: new Map() }
  const native = new NativeRun()
  const checks: (((outcome: Outcome) => string | undefined) | undefined)[] = []
  const lines: number[] = []
  let current: Instance | undefined
  let refusal = 'no module'
  let currentName: string | undefined
  const skip = (reason: string): void => void tally.skipped.set(reason, (tally.skipped.get(reason) ?? 0) + 1)

  /** Queues an action; the reason if that is not possible. */
  const act = (action: Action): string | undefined => {
    if (action.module && action.module !== currentName) return 'another instance'
    if (!current) return refusal
    const exported = current.module.exports.find(({ name }) => name === action.field)
    if (!exported) return 'no such export'
    const address = current.image.symbols.get(action.field)
    if (action.type === 'get' || exported.kind !== 'function' || address === undefined)
      return 'not a function'
    const { type } = current.module.functions[exported.index]!
    native.call(address, type, (action.args ?? []).map(bitsOf))
    return undefined
  }

  for (const command of commands) {
    const { type, action, expected = [] } = command
    if (type === 'module') {
      currentName = command.name
      try {
        current = instantiate(native, command.wasm!)
        if (current.image.symbols.has('wasm.start')) {
          checks.push(undefined)
          lines.push(command.line)
        }
      } catch (error) {
        current = undefined
        refusal = (error as Error).message
        if (!(error instanceof Refused))
          throw new Error(`${file}:${command.line}: ${refusal}`, { cause: error })
      }
      continue
    }
    if (!action || !/^(assert_return|assert_trap|action)$/.test(type)) {
      if (type !== 'register') skip(type)
      continue
    }
    const reason = act(action)
    if (reason) {
      skip(reason)
      continue
    }
    lines.push(command.line)
    if (type === 'action') checks.push(undefined)
    else if (type === 'assert_trap') {
      checks.push((outcome) => (outcome.kind === 'trap' ? undefined : `should trap: ${command.text}`))
    } else {
      checks.push((outcome) => {
        if (outcome.kind !== 'results') return `traps: ${outcome.kind === 'trap' ? outcome.signal : ''}`
        const right =
          outcome.values.length === expected.length &&
          expected.every((each, index) => matches(outcome.values[index]!, each))
        return right
          ? undefined
          : `gives ${outcome.values.join()}, not ${expected.map(({ value }) => value).join()}`
      })
    }
  }
  for (const [index, outcome] of native.run().entries()) {
    const check = checks[index]
    if (!check) continue
    const wrong = check(outcome)
    if (wrong) tally.failed.push(`${file}:${lines[index]}: ${wrong}`)
    else tally.passed++
  }
  return tally
}
