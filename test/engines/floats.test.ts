/**
 * Loops of floating point over numbers of which few are special: translated code, which remembers which registers hold plain numbers, and the interpreter,
 * which does not, must agree in every bit, MXCSR's flags among them.
 */
import { expect, test } from 'vitest'
import { Assembler, mem, rax, rcx, rsi, xmms } from '../../src/isa/index.ts'
import * as L from '../../src/cpu/layout.ts'
import type { Engine } from '../../src/cpu/run-loop.ts'
import { createMachine, place } from '../cpu/machine.ts'
import { Random } from '../cpu/silicon/random.ts'
import { describe } from './fragments.ts'

const SEED = Number(process.env.ONERING_SEED ?? Date.now() % 2 ** 31)
const PROGRAMS = 60
const DATA = 0x4_0000
const ROWS = 200
/** From the numbers of which some are special to as many that are not. */
const PLAIN = 0x1000
const RSI = 6
const MXCSR = [0x1fa0, 0x1fa0, 0x1fa0, 0x1f80, 0x9fe0, 0x7fa0]

const xmm = xmms.slice(0, 6)
const conditions = ['ja', 'jae', 'jb', 'jbe', 'je', 'jne', 'jp', 'jnp', 'js', 'jl', 'jg'] as const

/** A program keeps to one precision: half of a double makes any single, and what is special would come too early. */
interface Precision {
  readonly letter: 's' | 'd'
  readonly bits: 32 | 64
  readonly moves: readonly string[]
  /** Denormals first: what they do shows in nothing but a flag. */
  readonly special: readonly bigint[]
}
const precisions: readonly Precision[] = [
  {
    letter: 's',
    bits: 32,
    moves: ['movaps', 'movss', 'unpcklps', 'unpckhps', 'xorps', 'movsldup'],
    special: [0x0040_0000n, 0x8000_0001n, 0x0000_2000n, 0x0080_0000n, 0x7f80_0000n, 0x7fa0_0000n, 0n],
  },
  {
    letter: 'd',
    bits: 64,
    moves: ['movapd', 'movsd', 'unpcklpd', 'unpckhpd', 'xorpd', 'movddup'],
    special: [8n << 48n, (1n << 63n) + 1n, 1n << 45n, 1n << 52n, 0x7ff0n << 48n, 0x7ff4n << 48n, 0n],
  },
]

function program(random: Random, { letter, bits, moves }: Precision): Uint8Array {
  const asm = new Assembler()
  const again = asm.label('again')
  const any = (): (typeof xmm)[number] => random.pick(xmm)
  const at = (size: 32 | 64 | 128): ReturnType<typeof mem> =>
    mem({ base: rsi, disp: 16 * random.below(4), size })
  const scalars = ['add', 'sub', 'min', 'add', 'sub', 'max', 'mul', 'div', 'sqrt'].map(
    (op) => `${op}s${letter}`,
  )
  const packed = ['add', 'sub', 'mul', 'div', 'sqrt', 'min', 'addsub', 'hadd'].map((op) => `${op}p${letter}`)
  const vex = ['vadds', 'vmuls', 'vsubp', 'vmulp', 'vunpcklp'].map((op) => op + letter)
  asm.emit('mov', rcx, ROWS - 4).bind(again)
  // Numbers that have grown beyond all bounds would hide what comes later.
  for (const register of xmm)
    if (random.below(4) > 0) asm.emit('movups', register, mem({ base: rsi, disp: PLAIN, size: 128 }))
  for (let n = 4 + random.below(16); n > 0; n--) {
    const kind = random.below(14)
    if (kind < 5) asm.emit(random.pick(scalars), any(), random.below(4) === 0 ? at(bits) : any())
    else if (kind < 7) asm.emit(random.pick(packed), any(), random.below(4) === 0 ? at(128) : any())
    else if (kind < 9) asm.emit(random.pick(moves), any(), any())
    else if (kind === 9) asm.emit(`movs${letter}`, any(), at(bits))
    else if (kind < 12) asm.emit('movups', any(), at(128))
    else if (kind === 12) asm.emit(random.pick(vex), any(), any(), any())
    else {
      const skip = asm.label(`skip${n}`)
      asm.emit(random.pick(['ucomis', 'comis']) + letter, any(), any()).emit(random.pick(conditions), skip)
      asm.emit('inc', rax).emit(`adds${letter}`, any(), any()).bind(skip)
    }
  }
  asm.emit('add', rsi, 16).emit('dec', rcx).emit('jne', again).emit('hlt')
  return asm.finish().bytes
}

/** Mostly plain numbers: what is special is to be met late, by code that has been made for the others, and MXCSR keeps the flags of the first. */
function data(random: Random, { bits, special }: Precision, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + DATA)
  for (let at = 0; at < 16 * ROWS; at += bits / 8) {
    const isSpecial = random.below(ROWS) === 0
    for (const place of [at, at + PLAIN]) {
      const value = 1 + random.below(1000) / 256
      if (bits === 64) view.setFloat64(place, value, true)
      else view.setFloat32(place, value, true)
    }
    if (isSpecial && bits === 64) view.setBigUint64(at, random.pick(special), true)
    else if (isSpecial) view.setUint32(at, Number(random.pick(special)), true)
  }
}

test.each<Engine>(['jit', 'auto'])('loops of floats on the interpreter and on %s', (engine) => {
  console.log(`replay: ONERING_SEED=${SEED} npx vitest run test/engines/floats.test.ts`)
  for (let n = 0; n < PROGRAMS; n++) {
    const precision = precisions[n % 2]!
    const code = program(new Random(SEED + n), precision)
    const mxcsr = new Random(~(SEED + n)).pick(MXCSR)
    const ends = (['interpreter', engine] as const).map((name) => {
      const machine = createMachine(64, 1 << 20, name)
      data(new Random(SEED - n), precision, machine.ram)
      place(machine, code)
      machine.cpu.setState32(L.MXCSR, mxcsr)
      for (let v = 0; v < 6; v++) machine.cpu.vector(v, 0).set(machine.ram.subarray(DATA, DATA + 16))
      machine.cpu.setGpr(RSI, BigInt(DATA))
      machine.cpu.run(20_000)
      return describe(machine)
    })
    expect(ends[1], `program ${n}`).toEqual(ends[0])
  }
})

// The second addition reads the register that the first one has found plain, after it has got a denormal: that is an exception, which sets MXCSR.DE.
test('a register that has got another number is looked at again', () => {
  const asm = new Assembler()
  const again = asm.label('again')
  const [x, y] = xmm as [(typeof xmm)[number], (typeof xmm)[number]]
  const first = mem({ base: rsi, disp: 0, size: 128 })
  asm.emit('mov', rcx, 100).emit('movupd', y, first).bind(again)
  asm.emit('movupd', x, first).emit('addsd', x, y)
  asm.emit('movupd', x, mem({ base: rsi, disp: PLAIN, size: 128 })).emit('addsd', x, y)
  asm.emit('add', rsi, 16).emit('dec', rcx).emit('jne', again).emit('hlt')
  const { bytes } = asm.finish()
  const flags = [false, true].map((hasDenormal) => {
    const machine = createMachine(64, 1 << 20, 'jit')
    const view = new DataView(machine.ram.buffer, machine.ram.byteOffset + DATA)
    for (let at = 0; at < 2 * PLAIN; at += 8) view.setFloat64(at, 1.5, true)
    if (hasDenormal) view.setBigUint64(PLAIN + 16 * 50, 1n << 51n, true)
    place(machine, bytes)
    machine.cpu.setState32(L.MXCSR, 0x1fa0)
    machine.cpu.setGpr(RSI, BigInt(DATA))
    machine.cpu.run(20_000)
    return machine.cpu.getState32(L.MXCSR)
  })
  expect(flags).toEqual([0x1fa0, 0x1fa2])
})
