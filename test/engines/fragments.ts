/**
 * Fragments of random programs on two engines. A fragment begins at a random place of a program, or where the one before has ended, and goes on for a random number of
 * instructions; everything must be equal then. Exceptions lead back into the program, registers point to data, in
 * some fragments to the code itself.
 */
import * as L from '../../src/cpu/layout.ts'
import type { Engine } from '../../src/cpu/run-loop.ts'
import { createMachine, type TestMachine } from '../cpu/machine.ts'
import { Random } from '../cpu/silicon/random.ts'
import {
  CODE,
  CODE_ROOM,
  DATA,
  DATA_BYTES,
  resetSegments,
  resetSystem,
  systemTables,
  TABLES,
  type Bits,
} from './fragment-system.ts'
import { randomProgram } from './random-program.ts'

/** Most programs are short, for there are many of them; the long ones lie on two pages. */
const SIZES = [64, 64, 64, 64, 64, 128, 128, 128, 128, 128, 256, 256, 512, 512, 1024, 8192]
const RAM = 1 << 20
/** Of a program: the later ones meet code that is translated already, with other registers. */
const FRAGMENTS = 40
/** Programs after which machines are made anew. */
const PROGRAMS_PER_MACHINE = 250

/** A machine and its tables as they were before anybody wrote over them. */
interface Side extends TestMachine {
  readonly bits: Bits
  readonly tables: Uint8Array
}

function createSide(bits: Bits, engine: Engine): Side {
  const machine = createMachine(bits, RAM, engine)
  return { ...machine, bits, tables: machine.ram.slice(0, TABLES) }
}

/** Bytes that lie there already stay, and with them what was translated. */
function put({ cpu, ram }: TestMachine, bytes: Uint8Array, at: number): void {
  if (Buffer.compare(ram.subarray(at, at + bytes.length), bytes) === 0) return
  cpu.ramWritten(at, bytes.length)
  ram.set(bytes, at)
}

/** Memory for a program; gives its size. */
function loadProgram(side: Side, random: Random): number {
  const size = random.pick(SIZES)
  const code = new Uint8Array(CODE_ROOM)
  code.set(randomProgram(random, size, side.bits))
  put(side, code, CODE)
  for (const [at, bytes] of systemTables(side.tables, side.bits, random, size)) put(side, bytes, at)
  put(side, new Uint8Array(DATA_BYTES), DATA)
  return size
}

/** Registers for a fragment that begins at a random place. */
function begin({ cpu, bits }: Side, random: Random, size: number): void {
  if (bits === 32) resetSegments({ cpu }, bits, random)
  const meetsCode = random.below(8) === 0
  for (let n = 0; n < 16; n++) {
    const kind = random.below(12)
    const pointer = kind < 2 && meetsCode ? CODE + random.below(size) : DATA + random.below(DATA_BYTES / 2)
    cpu.setGpr(n, kind < 9 ? BigInt(pointer) : BigInt.asUintN(n < 8 ? 64 : bits, random.u64()))
    for (const lane of [0, 1] as const) cpu.vector(n, lane).set(random.bytes(16))
  }
  // Most repeated instructions are to come to their end.
  if (random.below(16) > 0) cpu.setGpr(1, BigInt(random.below(40)))
  cpu.setGpr(4, BigInt(DATA + DATA_BYTES / 2))
  cpu.rip = BigInt(CODE + random.below(size))
}

/** What a guest could see, as lines. */
export function describe({ cpu }: TestMachine): string[] {
  const lines = [`rip ${cpu.rip.toString(16)}`, `rflags ${cpu.rflags.toString(16)}`, `retired ${cpu.retired}`]
  for (let n = 0; n < 16; n++) lines.push(`r${n} ${cpu.gpr(n).toString(16)}`)
  for (let n = 0; n < 16; n++)
    for (const lane of [0, 1] as const)
      lines.push(`v${n}.${lane} ${Buffer.from(cpu.vector(n, lane)).toString('hex')}`)
  lines.push(`cr2 ${cpu.getState64(L.CR2).toString(16)}`, `mxcsr ${cpu.getState32(L.MXCSR)}`)
  lines.push(`cpl ${cpu.getState32(L.CPL)}`, `shutdown ${cpu.getState32(L.SHUTDOWN)}`)
  for (let at = L.FCW; at < L.FPU_REGISTERS + 8 * L.FPU_STRIDE; at += 8)
    lines.push(`fpu+${at - L.FCW} ${cpu.getState64(at).toString(16)}`)
  return lines
}

/** Where two sides differ, a line each; `ends`: how their runs ended. */
function differences([a, b]: readonly [Side, Side], ends: readonly string[]): string[] {
  const found: string[] = []
  if (ends[0] !== ends[1]) found.push(`ended with ${ends.join(' | ')}`)
  if (a.bus.log.join() !== b.bus.log.join()) found.push('different accesses to devices')
  if (Buffer.compare(a.ram, b.ram) !== 0)
    found.push(`RAM at ${a.ram.findIndex((byte, i) => byte !== b.ram[i]).toString(16)}`)
  if (Buffer.compare(a.cpu.canonicalState(), b.cpu.canonicalState()) !== 0) {
    const [x, y] = [describe(a), describe(b)]
    const lines = x.flatMap((line, i) => (line === y[i] ? [] : [`${line} | ${y[i]}`]))
    found.push(...(lines.length > 0 ? lines : ['a system register']))
  }
  return found
}

/** One becomes what the other is. */
function align(from: Side, to: Side): void {
  to.cpu.ramWritten(0, RAM)
  to.ram.set(from.ram)
  to.cpu.load(from.cpu.save())
  to.bus.mmio.clear()
  for (const [gpa, value] of from.bus.mmio) to.bus.mmio.set(gpa, value)
}

export interface FragmentsResult {
  readonly fragments: number
  readonly instructions: number
  /** Seed of the first program that differed, and how; null when none did. */
  readonly difference: string | null
}

/** The fragments of `programs` programs from consecutive seeds. */
export function runFragments(
  seed: number,
  programs: number,
  engine: Engine,
  bits: Bits = 64,
): FragmentsResult {
  let sides: readonly [Side, Side] | null = null
  let [fragments, instructions] = [0, 0]
  for (let n = 0; n < programs; n++) {
    const program = (seed + n) | 0
    if (n % PROGRAMS_PER_MACHINE === 0) sides = [createSide(bits, 'interpreter'), createSide(bits, engine)]
    const both = sides!
    const before = both[0].cpu.retired
    const difference = runProgram(both, program, () => fragments++)
    instructions += both[0].cpu.retired - before
    if (difference) return { fragments, instructions, difference: `program ${program}, ${difference}` }
  }
  return { fragments, instructions, difference: null }
}

function runProgram(sides: readonly [Side, Side], program: number, count: () => void): string | null {
  const random = new Random(~program)
  let size = 0
  let isFresh = true
  for (const { bus } of sides) bus.log.length = 0
  for (let fragment = 0; fragment < FRAGMENTS; fragment++) {
    if (isFresh || random.below(2) === 0) {
      const start = random.below(2 ** 31)
      for (const side of sides) {
        if (isFresh) {
          size = loadProgram(side, new Random(program))
          resetSystem(side, side.bits, new Random(~start))
        }
        begin(side, new Random(start), size)
      }
    }
    const budget = 1 + random.below(fragment % 4 === 3 ? 500 : 60)
    const ends = sides.map(({ cpu }) => cpu.run(budget))
    count()
    // Where a run of nothing but faults is cut off depends on the engine.
    if (sides.some(({ cpu }) => cpu.getState32(L.EXCEPTION_FUEL) === 0)) {
      align(...sides)
      return null
    }
    const found = differences(sides, ends)
    if (found.length > 0) return `fragment ${fragment}: ${found.join('\n')}`
    isFresh = ends[0] !== 'budget'
  }
  return null
}
