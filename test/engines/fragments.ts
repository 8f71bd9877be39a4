/**
 * Random programs on two engines. A fragment is up to two pages of random instructions with many short branches, exceptions that lead back into it, and registers
 * that point to data, now and then to the code itself. Both engines get the same runs; everything must be equal after each.
 */
import * as L from '../../src/cpu/layout.ts'
import type { Engine } from '../../src/cpu/run-loop.ts'
import { rows, type Row } from '../../src/isa/index.ts'
import { createMachine, type TestMachine } from '../cpu/machine.ts'
import { encode, Random } from '../cpu/silicon/random.ts'

const IDT = 0x7000
const TSS = 0x6800
const BUSY_TSS64 = 0x8b
const IST1 = 36
const JMP_REL32 = 0xe9
const CODE = 0x4_0000
/** Most fragments are short, for there are many of them; the long ones lie on two pages. */
const SIZES = [256, 256, 256, 256, 512, 512, 1024, 8192]
const CODE_ROOM = 8192
/** Where exceptions lead to: for each vector a jump into the fragment, so that even a storm of them retires instructions. */
const HANDLERS = CODE + CODE_ROOM
const HANDLER_BYTES = 8
/** Exceptions have a stack of their own, which the fragment cannot lose. */
const EXCEPTION_STACK = 0x3_f000
const DATA = 0x8_0000
const RAM = 1 << 20
const FLAT_DATA = 0xc093
const CODE64 = 0xa09b

const branches = rows.filter(
  ({ branch, operandSize }) =>
    operandSize !== 16 && ['jmp', 'jcc', 'call', 'ret', 'jmp-indirect', 'call-indirect'].includes(branch),
)
/** What a program does most of the time, and everything there is. */
export const common = rows.filter(
  ({ feature, branch, privileged, operandSize }) =>
    feature === 'base' && branch === 'none' && !privileged && operandSize !== 16,
)
const legal = rows.filter(({ modes }) => modes & 4)

function instruction(random: Random): number[] {
  const kind = random.below(20)
  const list: readonly Row[] = kind < 4 ? branches : kind < 17 ? common : legal
  const row = random.pick(list)
  if (!(row.modes & 4)) return instruction(random)
  const bytes = encode(row, random, true)
  // Branches that stay near.
  const relative = row.operands[0]?.kind === 'relative'
  if (relative && row.immediateBytes === 4) {
    const distance = random.below(600) - 300
    new DataView(Uint8Array.from([0, 0, 0, 0]).buffer).setInt32(0, distance, true)
    for (let i = 0; i < 4; i++) bytes[bytes.length - 4 + i] = (distance >> (8 * i)) & 0xff
  }
  return bytes
}

function program(random: Random, size: number): Uint8Array {
  const code = new Uint8Array(CODE_ROOM)
  let at = 0
  while (at < size - 16) {
    code.set(instruction(random), at)
    at += instructionLength(code, at, random)
  }
  return code
}

/** Mostly the next instruction follows at once; sometimes they overlap, as when one jumps into the middle of another. */
function instructionLength(code: Uint8Array, at: number, random: Random): number {
  let length = 1
  while (length < 15 && code[at + length] !== 0) length++
  return random.below(30) === 0 ? 1 : length
}

export function prepare({ cpu, ram, view }: TestMachine, seed: number): void {
  const random = new Random(seed)
  const size = random.pick(SIZES)
  cpu.ramWritten(0, 0x1_0000)
  cpu.ramWritten(HANDLERS, 256 * HANDLER_BYTES)
  for (let vector = 0; vector < 256; vector++) {
    const handler = HANDLERS + vector * HANDLER_BYTES
    view.setUint32(IDT + 16 * vector, (8 << 16) | (handler & 0xffff), true)
    view.setUint16(IDT + 16 * vector + 4, 0x8e01, true)
    view.setUint16(IDT + 16 * vector + 6, handler >>> 16, true)
    ram[handler] = JMP_REL32
    view.setInt32(handler + 1, CODE + random.below(size) - (handler + 5), true)
  }
  ram.fill(0, TSS, TSS + 104)
  view.setBigUint64(TSS + IST1, BigInt(EXCEPTION_STACK), true)
  cpu.ramWritten(CODE, CODE_ROOM)
  ram.set(program(random, size), CODE)
  cpu.ramWritten(DATA, 0x1_0000)
  ram.fill(0, DATA, DATA + 0x1_0000)
  for (let n = 0; n < 16; n++) {
    const kind = random.below(12)
    const pointer = kind === 0 ? CODE + random.below(size) : DATA + random.below(0x8000)
    cpu.setGpr(n, kind < 9 ? BigInt(pointer) : random.u64())
    for (const lane of [0, 1] as const) cpu.vector(n, lane).set(random.bytes(16))
  }
  // Most repeated instructions are to come to their end.
  if (random.below(16) > 0) cpu.setGpr(1, BigInt(random.below(40)))
  cpu.setGpr(4, BigInt(DATA + 0x8000))
  for (const field of [L.SHUTDOWN, L.HALTED, L.CPL]) cpu.setState32(field, 0)
  for (const seg of [L.ES, L.SS, L.DS, L.FS, L.GS])
    cpu.setSegment(seg, { selector: 0x10, base: 0n, limit: 0xffff_ffff, attributes: FLAT_DATA })
  cpu.setSegment(L.CS, { selector: 8, base: 0n, limit: 0xffff_ffff, attributes: CODE64 })
  cpu.setSegment(L.TR, { selector: 0x28, base: BigInt(TSS), limit: 103, attributes: BUSY_TSS64 })
  cpu.setState64(L.IDTR, BigInt(IDT))
  cpu.setState32(L.IDTR + 8, 0xfff)
  cpu.setState64(L.GDTR, 0x6000n)
  cpu.setState32(L.GDTR + 8, 47)
  cpu.setState64(L.CR3, 0x1000n)
  cpu.setState64(L.CR4, 0x50620n)
  cpu.setState64(L.EFER, 0x501n)
  cpu.setState64(L.CR0, 0x80010033n)
  cpu.setState32(L.MXCSR, 0x1f80)
  cpu.rip = BigInt(CODE + random.below(size))
  cpu.rflags = 2n
  cpu.stateChanged()
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

export interface FragmentsResult {
  readonly fragments: number
  readonly instructions: number
  /** Seed of the first fragment that differed, and how; null when none did. */
  readonly difference: string | null
}

/** `count` fragments from consecutive seeds. */
export function runFragments(seed: number, count: number, engine: Engine): FragmentsResult {
  let machines: TestMachine[] = []
  let instructions = 0
  for (let n = 0; n < count; n++) {
    const fragment = (seed + n) | 0
    if (n % 2000 === 0) machines = [createMachine(64, RAM, 'interpreter'), createMachine(64, RAM, engine)]
    const [a, b] = machines as [TestMachine, TestMachine]
    for (const machine of machines) {
      machine.bus.log.length = 0
      prepare(machine, fragment)
    }
    const before = a.cpu.retired
    const random = new Random(~fragment)
    for (let run = 0; run < 4; run++) {
      const budget = 1 + random.below(run === 3 ? 1000 : 50)
      const ends = machines.map(({ cpu }) => cpu.run(budget))
      // Where a run of nothing but faults is cut off depends on the engine.
      if (machines.some(({ cpu }) => cpu.getState32(L.EXCEPTION_FUEL) === 0)) {
        b.ram.set(a.ram)
        b.cpu.load(a.cpu.save())
        b.bus.mmio.clear()
        for (const [gpa, value] of a.bus.mmio) b.bus.mmio.set(gpa, value)
        break
      }
      const [x, y] = [describe(a), describe(b)]
      const differing = x.flatMap((line, i) => (line === y[i] ? [] : [`${line} | ${y[i]}`]))
      if (ends[0] !== ends[1]) differing.push(`ended with ${ends.join(' | ')}`)
      if (a.bus.log.join() !== b.bus.log.join()) differing.push('different accesses to devices')
      const same = Buffer.compare(a.ram, b.ram) === 0
      if (!same) differing.push(`RAM at ${a.ram.findIndex((byte, i) => byte !== b.ram[i]).toString(16)}`)
      if (differing.length > 0)
        return {
          fragments: n + 1,
          instructions,
          difference: `fragment ${fragment}, run ${run}: ${differing.join('\n')}`,
        }
      if (ends[0] !== 'budget') break
    }
    instructions += a.cpu.retired - before
  }
  return { fragments: count, instructions, difference: null }
}
