import { expect, test } from 'vitest'
import { compile } from '../../../src/toolchain/compiler/index.ts'
import { readModule } from '../../../src/toolchain/compiler/reader/sections.ts'
import { NativeRun, whyNotNative } from './native/native.ts'
import { place } from './native/place.ts'
import { compilePrograms, programs } from './quality/programs.ts'

const reason = whyNotNative()

test.skipIf(reason)(
  `AssemblyScript programs give what they give on V8${reason ? ` (${reason})` : ''}`,
  async () => {
    const wasm = await compilePrograms()
    const module = readModule(wasm)
    const image = place(compile(wasm), 0x7000_0000)
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>))
    const native = new NativeRun()
    const size = 128 * 65_536
    native.map(0, size, new Uint8Array(0))
    native.load(image, (address) => address < size)
    native.growWith(image.symbols.get('wasm.memory.pages')!)
    const start = image.symbols.get('wasm.start')
    if (start !== undefined) native.call(start, { params: [], results: [] }, [])
    for (const { name, args } of programs) {
      const { index } = module.exports.find((each) => each.name === name)!
      native.call(image.symbols.get(name)!, module.functions[index]!.type, args)
    }
    const outcomes = native.run().slice(start === undefined ? 0 : 1)
    const results = outcomes.map((outcome) => {
      const value = outcome.kind === 'results' ? outcome.values[0] : outcome
      return typeof value === 'bigint' ? new Float64Array(new BigInt64Array([value]).buffer)[0] : value
    })
    const expected = programs.map(({ name, args }) =>
      (exports[name] as (...args: number[]) => number)(...args),
    )
    expect(results).toEqual(expected)
  },
)
