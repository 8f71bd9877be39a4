import { describe, expect, test } from 'vitest'
import { CompileError, compile } from '../../../src/toolchain/compiler/index.ts'
import { intrinsics } from '../../../src/toolchain/compiler/lower/intrinsics.ts'
import wabt from 'wabt'

const { parseWat } = await wabt()

function assemble(text: string): Uint8Array {
  const module = parseWat('test.wat', text, { simd: true, threads: true, tail_call: true })
  return module.toBinary({ write_debug_names: true }).buffer
}

const bytesOf = (text: string, name: string): string => {
  const object = compile(assemble(text))
  const { offset, size } = object.symbols.find((each) => each.name === name)!
  return Buffer.from(object.sections[0]!.bytes.subarray(offset, offset + size)).toString('hex')
}

describe('object files', () => {
  test('name exports, the start function, imports and pinned data', () => {
    const object = compile(
      assemble(`(module (import "kernel" "write" (func $write (param i32)))
        (memory 1) (data (i32.const 4096) "abc")
        (func $begin i32.const 1 call $write) (start $begin) (func (export "main") call $begin))`),
      { name: 'app' },
    )
    const globals = object.symbols.filter(({ binding }) => binding === 'global').map(({ name }) => name)
    expect(globals.toSorted()).toEqual(['app.start', 'main'])
    expect(object.undefined).toEqual(['kernel.write'])
    expect(object.sections.find(({ address }) => address === 4096)?.bytes).toEqual(
      new Uint8Array([97, 98, 99]),
    )
    expect(object.functions.map(({ name }) => name)).toEqual(['begin', 'main'])
  })

  test('refuse what is not supported by the name of the function', () => {
    const tail = '(module (func $deep return_call $deep))'
    expect(() => compile(assemble(tail))).toThrow(new CompileError('deep: unsupported wasm instruction 0x12'))
    const unknown = '(module (import "cpu" "nonsense" (func)))'
    expect(() => compile(assemble(unknown))).toThrow('there is no instruction cpu.nonsense')
    expect(() => compile(new Uint8Array([1, 2, 3]))).toThrow('not a wasm module')
  })

  test('set up RBP in functions that call, and only there', () => {
    const text =
      '(module (func $leaf (export "leaf") (param i32) (result i32) local.get 0) (func (export "calls") call $leaf2) (func $leaf2))'
    expect(bytesOf(text, 'leaf')).toBe('89f8c3')
    expect(bytesOf(text, 'calls')).toMatch(/^554889e5e8/)
  })
})

describe('instructions of module cpu', () => {
  test.each([
    ['hlt', '', '', 'f4c3'],
    ['rdmsr', '(param i32) (result i64)', 'local.get 0', '89f90f3248c1e2204809d0c3'],
    ['out8', '(param i32 i32)', 'local.get 0 local.get 1', '89fa89f0eec3'],
    ['invlpg', '(param i32)', 'local.get 0', '0f013fc3'],
    ['writeCr3', '(param i64)', 'local.get 0', '4889f80f22d8c3'],
    ['read8', '(param i32) (result i32)', 'local.get 0', '0fb607c3'],
  ])('%s is emitted in place', (name, type, args, code) => {
    const text = `(module (import "cpu" "${name}" (func $it ${type})) (func (export "f") ${type} ${args} call $it))`
    expect(bytesOf(text, 'f')).toBe(code)
  })

  test('all assemble', () => {
    for (const [name, { inputs = [], output, code }] of Object.entries(intrinsics)) {
      const count = code[0]?.[1] === 'memory' ? 1 : inputs.length
      const params = Array.from({ length: count }, (_, index) =>
        /^write[CF]|wrmsr|xsetbv/.test(name) && index === count - 1 ? 'i64' : 'i32',
      )
      const type = `${params.map((each) => `(param ${each})`).join(' ')} ${output ? '(result i64)' : ''}`
      const args = params.map((_, index) => `local.get ${index}`).join(' ')
      const text = `(module (import "cpu" "${name}" (func $it ${type})) (func (export "f") ${type} ${args} call $it))`
      expect(bytesOf(text, 'f').length, name).toBeGreaterThan(2)
    }
  })
})
