/** Addresses that do not come to paging, in 64-bit code: canonical form with 48 and 57 bits, the stack's own exception, where branches fault, LASS. */
import { expect, test } from 'vitest'
import * as L from '../../src/cpu/layout.ts'
import { Assembler, ax, mem, rax, rbp, rbx, rsp, type AssemblerOperand } from '../../src/isa/index.ts'
import { createMachine, GDT, type TestMachine } from './machine.ts'

const CODE = 0x1_0000
const IDT = 0x7000
const TSS = 0x8000
const HANDLERS = 0x9000
const IST_TOP = 0xb000
const PML5 = 0xd000
const PAGE_TABLES = 0x1000
/** RAM appears twice: from 0 on for programs, and from here on for the supervisor. */
const KERNEL = 0xffff_8000_0000_0000n
const STACK = KERNEL + 0x8_0000n
const DATA = 0x2000n
const LOW = 0x0000_8000_0000_1000n
const WIDE = 0x0012_3400_0000_0000n

const LA57 = 1n << 12n
const SMAP = 1n << 21n
const LASS = 1n << 27n
const AC = 1n << 18n
const [GP, SS, PF] = [13, 12, 14]
const NONE = -1

function prepare(): TestMachine {
  const machine = createMachine()
  const { cpu, view, ram } = machine
  for (let vector = 0; vector < 32; vector++) {
    const gate = IDT + 16 * vector
    ram[HANDLERS + 16 * vector] = 0xf4
    view.setUint32(gate, (8 << 16) | (HANDLERS + 16 * vector), true)
    view.setUint32(gate + 4, 0xee01, true)
    view.setUint32(gate + 8, Number(KERNEL >> 32n), true)
  }
  view.setBigUint64(TSS + 0x24, KERNEL + BigInt(IST_TOP), true)
  cpu.setState64(L.GDTR, KERNEL + BigInt(GDT))
  cpu.setState64(L.IDTR, KERNEL + BigInt(IDT))
  cpu.setState32(L.IDTR + 8, 32 * 16 - 1)
  cpu.setSegment(L.TR, { selector: 0x30, base: KERNEL + BigInt(TSS), limit: 0x67, attributes: 0x8b })
  const upper = view.getBigUint64(PAGE_TABLES, true) & ~4n
  view.setBigUint64(PAGE_TABLES + 8 * 256, upper, true)
  view.setBigUint64(PML5, BigInt(PAGE_TABLES) | 7n, true)
  view.setBigUint64(PML5 + 8 * 511, BigInt(PAGE_TABLES) | 3n, true)
  return machine
}

interface Start {
  registers?: [number, bigint][]
  cr4?: bigint
  flags?: bigint
  /** Programs run in the lower half. */
  cpl?: number
  /** Instructions, 1 unless given. */
  count?: number
}

interface End {
  vector: number
  error: number
  /** From the start of the code. */
  rip: number
  rsp: bigint
}

/** One instruction, or two. */
function attempt(build: (asm: Assembler) => void, start: Start): End {
  const { registers = [], cr4 = 0n, flags = 0n, cpl = 0, count = 1 } = start
  const { cpu, ram, view } = prepare()
  const asm = new Assembler(64)
  build(asm)
  ram.set(asm.finish().bytes, CODE)
  if (cr4 & LA57) cpu.setState64(L.CR3, BigInt(PML5))
  cpu.setState64(L.CR4, cpu.getState64(L.CR4) | cr4)
  cpu.setState32(L.CPL, cpl)
  const code = (cpl === 3 ? 0n : KERNEL) + BigInt(CODE)
  cpu.setGpr(4, STACK)
  for (const [number, value] of registers) cpu.setGpr(number, value)
  cpu.rflags = 2n | flags
  cpu.rip = code
  cpu.stateChanged()
  if (cpu.run(count) !== 'halted')
    return { vector: NONE, error: 0, rip: Number(cpu.rip - code), rsp: cpu.gpr(4) }
  const frame = IST_TOP - 48
  return {
    vector: (Number(cpu.rip - KERNEL) - 1 - HANDLERS) / 16,
    error: view.getUint32(frame, true),
    rip: Number(view.getBigUint64(frame + 8, true) - code),
    rsp: view.getBigUint64(frame + 32, true),
  }
}

const [RBX, RSP, RBP] = [3, 4, 5]
const at = (base: typeof rbx): AssemblerOperand => mem({ base, size: 64 })
const readByRbx = (asm: Assembler): unknown => asm.emit('mov', ax, mem({ base: rbx, size: 16 }))

test.each([
  ['MOV by RBX', GP, RBX, readByRbx],
  ['MOV by RBP', SS, RBP, (asm: Assembler) => asm.emit('mov', rax, at(rbp))],
  ['MOV to [RSP]', SS, RSP, (asm: Assembler) => asm.emit('mov', at(rsp), rax)],
  ['ADD to [RBP]', SS, RBP, (asm: Assembler) => asm.emit('add', at(rbp), rax)],
  ['PUSH', SS, RSP, (asm: Assembler) => asm.emit('push', rax)],
  ['POP', SS, RSP, (asm: Assembler) => asm.emit('pop', rax)],
  ['PUSHFQ', SS, RSP, (asm: Assembler) => asm.emit('pushfq')],
  ['CALL', SS, RSP, (asm: Assembler) => asm.emit('call', rax)],
  ['RET', SS, RSP, (asm: Assembler) => asm.emit('ret')],
  ['LEAVE', SS, RBP, (asm: Assembler) => asm.emit('leave')],
  ['ENTER', SS, RSP, (asm: Assembler) => asm.emit('enter', 8, 0)],
  ['SLDT by RBX', GP, RBX, (asm: Assembler) => asm.emit('sldt', mem({ base: rbx, size: 16 }))],
  ['PUSH of a word at RBX', GP, RBX, (asm: Assembler) => asm.emit('push', at(rbx))],
] as const)('%s at an address that is not canonical raises vector %i', (_, vector, register, build) => {
  const registers: [number, bigint][] = [[register, LOW]]
  expect(attempt(build, { registers })).toMatchObject({ vector, error: 0, rip: 0 })
})

test.each([
  ['JMP', (asm: Assembler) => asm.emit('jmp', rbx)],
  ['CALL', (asm: Assembler) => asm.emit('call', rbx)],
] as const)('%s to an address that is not canonical faults itself', (_, build) => {
  const end = attempt(build, { registers: [[RBX, LOW]] })
  expect(end).toEqual({ vector: GP, error: 0, rip: 0, rsp: STACK })
})

test.each([
  [WIDE, 0n, GP],
  [WIDE, LA57, PF],
  [KERNEL + DATA, LA57, NONE],
])('reading %i with CR4 bits %i: vector %i', (address, cr4, vector) => {
  expect(attempt(readByRbx, { registers: [[RBX, address]], cr4 }).vector).toBe(vector)
})

test.each([
  ['a program in the upper half', { cpl: 3 }, KERNEL + DATA, GP],
  ['a program in the lower half', { cpl: 3 }, DATA, NONE],
  ['the supervisor in the upper half', { cr4: SMAP }, KERNEL + DATA, NONE],
  ['the supervisor in the lower half', { cr4: SMAP }, DATA, GP],
  ['the supervisor in the lower half with EFLAGS.AC', { cr4: SMAP, flags: AC }, DATA, NONE],
  ['the supervisor in the lower half without SMAP', {}, DATA, NONE],
] as const)('LASS, data of %s: vector %#', (_, start: Start, address, vector) => {
  const cr4 = (start.cr4 ?? 0n) | LASS
  expect(attempt(readByRbx, { ...start, cr4, registers: [[RBX, address]] }).vector).toBe(vector)
})

test('LASS: the supervisor fetches nothing from the lower half, a program nothing from the upper', () => {
  const jump = (asm: Assembler): unknown => asm.emit('jmp', rbx)
  // The jump completes; its target cannot be fetched.
  const targets = { supervisor: DATA, program: KERNEL + DATA }
  const supervisor = attempt(jump, { cr4: LASS, registers: [[RBX, targets.supervisor]], count: 2 })
  expect(supervisor).toMatchObject({ vector: GP, error: 0, rip: Number(targets.supervisor - KERNEL) - CODE })
  const program = attempt(jump, { cr4: LASS, cpl: 3, registers: [[RBX, targets.program]], count: 2 })
  expect(program).toMatchObject({ vector: GP, error: 0, rip: Number(targets.program) - CODE })
})
