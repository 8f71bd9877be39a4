/** What the comparison of single instructions with the silicon leaves out: approximations, MXCSR, the masked store. */
import { beforeAll, describe, expect, test } from 'vitest'
import { Assembler, eax, mem, rdi, rsi, xmm1, xmm2 } from '../../../src/isa/index.ts'
import * as L from '../../../src/cpu/layout.ts'
import { EVENT_EXCEPTION } from '../../../src/cpu/probe.ts'
import { createMachine, haveHelpers, place, type TestMachine } from '../machine.ts'

const DATA = 0x20000

describe.skipIf(!haveHelpers)('SSE beside arithmetic', () => {
  let machine: TestMachine
  beforeAll(() => {
    machine = createMachine()
  })

  function run(instructions: number, emit: (asm: Assembler) => void): void {
    const asm = new Assembler()
    emit(asm)
    place(machine, asm.finish().bytes)
    expect(machine.cpu.run(instructions)).toBe('budget')
  }

  function approximation(name: string, x: number): number {
    const view = new DataView(machine.cpu.vector(1).buffer, machine.cpu.vector(1).byteOffset, 16)
    const source = machine.cpu.vector(2)
    new DataView(source.buffer, source.byteOffset, 16).setFloat32(0, x, true)
    run(1, (asm) => asm.emit(name, xmm1, xmm2))
    return view.getFloat32(0, true)
  }

  test('RCPSS and RSQRTSS stay within 1.5 · 2⁻¹² of the exact value', () => {
    for (let i = 0; i < 500; i++) {
      const x = Math.fround(Math.exp(i / 3 - 80))
      expect(Math.abs(approximation('rcpss', x) * x - 1)).toBeLessThan(1.5 / 4096)
      expect(Math.abs(approximation('rsqrtss', x) * Math.sqrt(x) - 1)).toBeLessThan(1.5 / 4096)
    }
    expect(approximation('rcpss', 0)).toBe(Infinity)
    expect(approximation('rcpss', -Infinity)).toBe(-0)
    expect(approximation('rsqrtss', -1)).toBeNaN()
    expect(approximation('rcpss', 2 ** -140)).toBe(Infinity)
  })

  test('LDMXCSR and STMXCSR keep the register; a reserved bit is #GP', () => {
    machine.view.setUint32(DATA, 0x3fbf, true)
    machine.cpu.setGpr(6, BigInt(DATA))
    run(2, (asm) => asm.emit('ldmxcsr', mem({ base: rsi })).emit('stmxcsr', mem({ base: rsi, disp: 4 })))
    expect(machine.view.getUint32(DATA + 4, true)).toBe(0x3fbf)
    machine.view.setUint32(DATA, 0x10000, true)
    const asm = new Assembler()
    asm.emit('ldmxcsr', mem({ base: rsi }))
    const other = createMachine()
    other.view.setUint32(DATA, 0x10000, true)
    other.cpu.setGpr(6, BigInt(DATA))
    place(other, asm.finish().bytes)
    expect(other.cpu.run(1)).toBe('triple-fault')
    expect(other.cpu.getState32(L.MXCSR)).toBe(0x1f80)
  })

  test('an exception that is not masked is #XM, or #UD without CR4.OSXMMEXCPT; the destination stays', () => {
    const OSXMMEXCPT = 1n << 10n
    for (const [enabled, vector] of [
      [true, 19],
      [false, 6],
    ] as const) {
      const other = createMachine()
      const { cpu } = other
      const cr4 = cpu.getState64(L.CR4)
      cpu.setState64(L.CR4, enabled ? cr4 | OSXMMEXCPT : cr4 & ~OSXMMEXCPT)
      cpu.stateChanged()
      cpu.setState32(L.MXCSR, 0x1d80)
      cpu.vector(1).fill(0x3f)
      cpu.vector(2).fill(0)
      const seen: number[] = []
      cpu.addProbe((event, x) => {
        if (event === EVENT_EXCEPTION) seen.push(Number(x))
      })
      place(other, new Assembler().emit('divps', xmm1, xmm2).finish().bytes)
      expect(cpu.run(1)).toBe('triple-fault')
      expect(seen[0]).toBe(vector)
      expect(cpu.vector(1).every((byte) => byte === 0x3f)).toBe(true)
      expect(cpu.getState32(L.MXCSR)).toBe(0x1d84)
    }
  })

  // As the silicon does: rounded to 24 bits with any exponent, the product is below the smallest normal number, as a denormal it is rounded up to it.
  test.each([
    ['mulss', 32, 0x3f7fffffn, 0x00800000n, 0x00800000n],
    ['mulsd', 64, 0x3fefffffffffffffn, 0x0010000000000000n, 0x0010000000000000n],
    ['mulps', 32, 0x3f7fffffn, 0x00800000n, 0x00800000n],
  ] as const)('%s that is rounded to the smallest normal number underflows', (name, bits, x, y, result) => {
    const write = (n: number, value: bigint): void => {
      const bytes = machine.cpu.vector(n)
      const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
      for (let at = 0; at < 16; at += bits / 8)
        if (bits === 32) view.setUint32(at, Number(value), true)
        else view.setBigUint64(at, value, true)
    }
    write(1, x)
    write(2, y)
    machine.cpu.setState32(L.MXCSR, 0x1fa0)
    run(1, (asm) => asm.emit(name, xmm1, xmm2))
    const after = machine.cpu.vector(1)
    const low = new DataView(after.buffer, after.byteOffset, 16).getBigUint64(0, true)
    expect(BigInt.asUintN(bits, low)).toBe(result)
    expect(machine.cpu.getState32(L.MXCSR)).toBe(0x1fb0)
  })

  test('MASKMOVDQU stores the bytes whose mask has its sign bit', () => {
    machine.ram.fill(0xee, DATA, DATA + 16)
    machine.cpu.vector(1).set(Array.from({ length: 16 }, (_, i) => i))
    machine.cpu.vector(2).set(Array.from({ length: 16 }, (_, i) => (i % 3 === 0 ? 0x80 : 0x7f)))
    machine.cpu.setGpr(7, BigInt(DATA))
    run(1, (asm) => asm.emit('maskmovdqu', xmm1, xmm2))
    const expected = Array.from({ length: 16 }, (_, i) => (i % 3 === 0 ? i : 0xee))
    expect([...machine.ram.subarray(DATA, DATA + 16)]).toEqual(expected)
  })

  test('a vector access that crosses a page leaves all registers but its own alone', () => {
    for (let n = 0; n < 16; n++) machine.cpu.vector(n).fill(n)
    machine.cpu.setGpr(6, 0x30ff8n)
    machine.cpu.setGpr(7, 0x31ff8n)
    run(3, (asm) => {
      asm.emit('movups', mem({ base: rsi }), xmm2)
      asm.emit('movups', xmm1, mem({ base: rsi }))
      asm.emit('mov', eax, mem({ base: rdi, disp: 6 }))
    })
    for (let n = 0; n < 16; n++) expect(machine.cpu.vector(n)[5]).toBe(n === 1 ? 2 : n)
  })
})
