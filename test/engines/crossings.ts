/**
 * Random traffic between rings on two engines: a program in ring 3 and a kernel of handlers, made of pieces that cross, fault and change flags, under random
 * settings of what transitions depend on. Translated code does them by itself, the interpreter by the helpers; everything a guest could see must be equal.
 */
import type { Engine } from '../../src/cpu/run-loop.ts'
import * as L from '../../src/cpu/layout.ts'
import * as A from '../../src/isa/index.ts'
import { createMachine, GDT, type TestMachine } from '../cpu/machine.ts'
import { Random } from '../cpu/silicon/random.ts'

const { mem, rax, rbx, rcx, rdi, rsi, rsp, r11, r14, r15 } = A
const RAM = 8 << 20
const PDE0 = 0x3000
const TSS = 0x5000
const IDT = 0x7000
const KERNEL = 0x4_0000
const KERNEL_STACK = 0x8_0000
const USER = 0x20_0000
const USER_STACK = 0x30_0000
const UNMAPPED = 0x4000_0000
/** 64-bit TSS; user code of 32 bits, user data, user code of 64 bits. */
const descriptors = { 0x18: 0xcffb000000ffffn, 0x20: 0xcff3000000ffffn, 0x28: 0xaffb000000ffffn }
const KCODE = 8
const UDATA = 0x23
const UCODE = 0x2b
const STAR = (0x1bn << 48n) | (BigInt(KCODE) << 32n)
const TF = 0x100
const IF = 0x200
const AC = 0x4_0000
const CR0_AM = 1n << 18n
const CR4_SMAP = 1n << 21n
const DB = 1
const UD = 6
const DF = 8
const GP = 13
const PF = 14
const AC_FAULT = 17
const INTERRUPT = 0x20
const SERVICE = 0x80

type Piece = (asm: A.Assembler, random: Random) => void

/** Flags that POPFQ and SYSRET may be given, the harmless ones most often. */
function flags(random: Random): number {
  const common = random.u32() & 0xcd5
  const rare = random.below(3) === 0 ? random.u32() & (AC | TF | 0x20_0000) : 0
  return common | rare | 2 | IF
}

const arithmetic: Piece = (asm, random) => {
  const name = random.pick(['add', 'sub', 'and', 'xor', 'cmp', 'adc', 'sbb'])
  asm.emit(name, random.pick([rax, rbx, r14]), random.below(0x1000) - 0x800)
  if (random.below(2)) asm.emit(random.pick(['inc', 'dec', 'neg']), rax)
  if (random.below(3) === 0) asm.emit('setc', A.al)
}
const setFlags: Piece = (asm, random) => asm.emit('push', flags(random)).emit('popfq')
const touchStack: Piece = (asm, random) => {
  asm.emit('push', rbx).emit('mov', rax, mem({ base: rsp, disp: random.below(3), size: 64 }))
  asm.emit('pop', rbx)
}

/** Handlers of faults skip three bytes. */
const read =
  (address: number): Piece =>
  (asm) =>
    asm.emit('mov', rsi, address).emit('mov', rax, mem({ base: rsi, size: 64 }))

const userPieces: readonly Piece[] = [
  arithmetic,
  arithmetic,
  setFlags,
  touchStack,
  (asm) => asm.emit('syscall'),
  (asm) => asm.emit('syscall'),
  (asm) => asm.emit('int', SERVICE),
  (asm) => asm.emit('ud2'),
  (asm) => asm.emit('verw', mem({ base: rsp, disp: 2, size: 16 })),
  // Of three bytes, too.
  (asm) => asm.emit('swapgs'),
  read(UNMAPPED),
  read(KERNEL),
  read(USER),
  (asm) => asm.emit('mov', rdi, 1n << 62n).emit('mov', rax, mem({ base: rdi, size: 64 })),
]

/** Of the handler of SYSCALL, on the program's stack. */
const kernelPieces: readonly Piece[] = [
  arithmetic,
  (asm) => asm.emit('swapgs').emit('swapgs'),
  (asm, random) => asm.emit('xor', r11, flags(random)),
  (asm, random) => asm.emit('mov', r11, flags(random)),
  read(USER),
  read(KERNEL),
  (asm) => asm.emit('cli'),
  (asm) => asm.emit('sti'),
  (asm, random) => random.below(6) === 0 && asm.emit('bts', rcx, 62),
  (asm, random) => random.below(6) === 0 && asm.emit('mov', rcx, USER).emit('mov', r11, IF),
]

function pieces(asm: A.Assembler, random: Random, list: readonly Piece[], count: number): void {
  for (let n = 0; n < count; n++) random.pick(list)(asm, random)
}

/** A frame for IRETQ to the program, on the kernel's stack. */
function returnByIret(asm: A.Assembler, rip: A.AssemblerOperand, eflags: A.AssemblerOperand): void {
  asm.emit('mov', r15, rsp).emit('mov', rsp, KERNEL_STACK)
  asm.emit('push', UDATA).emit('push', r15).emit('push', eflags).emit('push', UCODE).emit('push', rip)
  asm.emit('iretq')
}

interface Kernel {
  readonly bytes: Uint8Array
  readonly syscall: number
  readonly handlers: ReadonlyMap<number, number>
  readonly otherHandler: number
}

function buildKernel(random: Random): Kernel {
  const asm = new A.Assembler(64)
  const handlers = new Map<number, number>()
  const handler = (vector: number, emit: () => void): void => {
    handlers.set(vector, KERNEL + asm.offset)
    emit()
    asm.emit('iretq')
  }
  // Back to the program whatever has happened.
  const otherHandler = KERNEL + asm.offset
  asm.emit('mov', rsp, USER_STACK).emit('mov', rcx, USER).emit('mov', r11, IF)
  returnByIret(asm, rcx, r11)
  const skip = (bytes: number, hasError: boolean) => (): void => {
    if (hasError) asm.emit('add', rsp, 8)
    asm.emit('add', mem({ base: rsp, size: 64 }), bytes)
    pieces(asm, random, [arithmetic], random.below(3))
  }
  const clear = (flag: number, hasError: boolean) => (): void => {
    if (hasError) asm.emit('add', rsp, 8)
    asm.emit('and', mem({ base: rsp, disp: 16, size: 64 }), ~flag)
  }
  handler(DB, clear(TF, false))
  handler(AC_FAULT, clear(AC, true))
  handler(UD, skip(2, false))
  handler(GP, skip(3, true))
  handler(PF, skip(3, true))
  for (const vector of [INTERRUPT, SERVICE])
    handler(vector, () => pieces(asm, random, [arithmetic, touchStack], random.below(4)))

  const syscall = KERNEL + asm.offset
  pieces(asm, random, kernelPieces, random.below(5))
  if (random.below(4) === 0) returnByIret(asm, rcx, r11)
  else asm.emit(random.below(12) === 0 ? 'sysret' : 'sysretq')
  // Where the handler of #GP goes on.
  asm.emit('mov', rcx, USER).emit('mov', r11, IF).emit('sysretq')
  return { bytes: asm.finish().bytes, syscall, handlers, otherHandler }
}

function buildProgram(random: Random): Uint8Array {
  const asm = new A.Assembler(64)
  const again = asm.label()
  asm.bind(again)
  pieces(asm, random, userPieces, 1 + random.below(8))
  asm.emit('jmp', again)
  return asm.finish().bytes
}

function prepare({ cpu, ram, view, bus }: TestMachine, seed: number): void {
  const random = new Random(seed)
  const kernel = buildKernel(random)
  const program = buildProgram(random)
  cpu.ramWritten(0, RAM)
  ram.fill(0, IDT, RAM)
  ram.set(kernel.bytes, KERNEL)
  ram.set(program, USER)
  // The first 2 MiB are the kernel's.
  view.setUint8(PDE0, 0x83)
  for (const [selector, descriptor] of Object.entries(descriptors))
    view.setBigUint64(GDT + Number(selector), descriptor, true)
  for (let vector = 0; vector < 256; vector++) {
    const target = kernel.handlers.get(vector) ?? kernel.otherHandler
    view.setUint16(IDT + 16 * vector, target, true)
    view.setUint16(IDT + 16 * vector + 2, KCODE, true)
    const ist = vector === PF || vector === DF ? 1 : 0
    const type = vector === SERVICE ? 0xee00 : random.pick([0x8e00, 0x8f00])
    view.setUint16(IDT + 16 * vector + 4, type | ist, true)
    view.setUint16(IDT + 16 * vector + 6, target >>> 16, true)
  }
  view.setBigUint64(TSS + 4, BigInt(KERNEL_STACK - 8 * random.below(3)), true)
  view.setBigUint64(TSS + 36, BigInt(KERNEL_STACK - 0x1000), true)
  bus.acknowledgeInterrupt = () => {
    cpu.setInterrupt(false)
    return INTERRUPT
  }
  for (let n = 0; n < 16; n++) cpu.setGpr(n, random.u64())
  cpu.setGpr(4, BigInt(USER_STACK))
  cpu.setInterrupt(false)
  for (const field of [L.SHUTDOWN, L.HALTED]) cpu.setState32(field, 0)
  const flat = { base: 0n, limit: 0xffff_ffff }
  for (const seg of [L.ES, L.SS, L.DS, L.FS, L.GS])
    cpu.setSegment(seg, { ...flat, selector: UDATA, attributes: 0xc0f3 })
  cpu.setSegment(L.CS, { ...flat, selector: UCODE, attributes: 0xa0fb })
  cpu.setSegment(L.TR, { selector: 0x30, base: BigInt(TSS), limit: 0x67, attributes: 0x8b })
  cpu.setState32(L.CPL, 3)
  cpu.setState64(L.IDTR, BigInt(IDT))
  cpu.setState32(L.IDTR + 8, 0xfff)
  cpu.setState64(L.STAR, random.below(8) ? STAR : random.u64())
  cpu.setState64(L.LSTAR, BigInt(kernel.syscall))
  cpu.setState64(L.SFMASK, BigInt(random.pick([0, 0x700, 0x4_7700, random.u32() & 0x3f_ffff])))
  cpu.setState64(L.CR0, 0x8001_0033n | (random.below(2) ? CR0_AM : 0n))
  cpu.setState64(L.CR4, 0x5_0620n | (random.below(3) ? 0n : CR4_SMAP))
  cpu.setState64(L.EFER, random.below(20) ? 0x501n : 0x500n)
  cpu.setState64(L.CR2, 0n)
  cpu.rip = BigInt(USER)
  cpu.rflags = BigInt(flags(random))
  cpu.stateChanged()
}

/** What a guest, and who counts, could see. */
function describe({ cpu }: TestMachine): string[] {
  const state = Buffer.from(cpu.canonicalState())
  const lines = [`rights ${cpu.getState32(L.TLB_BASE)}`, `mode ${cpu.getState32(L.MODE)}`]
  lines.push(`rip ${cpu.rip.toString(16)}`, `counters ${JSON.stringify(cpu.counters())}`)
  for (let at = 0; at < state.length; at += 8) lines.push(`${at}: ${state.readBigUInt64LE(at).toString(16)}`)
  return lines
}

export interface CrossingsResult {
  /** Transitions by name, over all programs. */
  readonly events: Readonly<Record<string, number>>
  /** Seed of the first program that differed, and how; null when none did. */
  readonly difference: string | null
}

const nobody = (): void => {}

/** `count` programs from consecutive seeds, each in a few runs of random lengths. */
export function runCrossings(seed: number, count: number, engine: Engine): CrossingsResult {
  const events: Record<string, number> = {}
  for (let n = 0; n < count; n++) {
    const machines = [createMachine(64, RAM, 'interpreter'), createMachine(64, RAM, engine)]
    const [a, b] = machines as [TestMachine, TestMachine]
    const random = new Random(~(seed + n))
    for (const machine of machines) prepare(machine, seed + n)
    for (let run = 0; run < 8; run++) {
      const budget = 1 + random.below(run % 4 === 3 ? 40_000 : 300)
      const interrupts = random.below(2) === 0
      const listens = random.below(6) === 0
      for (const { cpu } of machines) {
        if (interrupts) cpu.setInterrupt(true)
        if (listens) cpu.addProbe(nobody)
      }
      const ends = machines.map(({ cpu }) => cpu.run(budget))
      if (listens) for (const { cpu } of machines) cpu.removeProbe(nobody)
      // Where a run of too many exceptions is cut off depends on the engine.
      if (machines.some(({ cpu }) => cpu.getState32(L.EXCEPTION_FUEL) === 0)) break
      const [x, y] = [describe(a), describe(b)]
      const differing = x.flatMap((line, i) => (line === y[i] ? [] : [`${line} | ${y[i]}`]))
      if (ends[0] !== ends[1]) differing.push(`ended with ${ends.join(' | ')}`)
      if (Buffer.compare(a.ram, b.ram) !== 0) differing.push('RAM')
      if (differing.length > 0)
        return { events, difference: `program ${seed + n}, run ${run}: ${differing.join('\n')}` }
      if (ends[0] !== 'budget') break
    }
    for (const [name, times] of Object.entries(b.cpu.counters().events))
      events[name] = (events[name] ?? 0) + times
  }
  return { events, difference: null }
}
