/**
 * A guest that writes code, runs it, changes it and runs it again, for ever. It takes instructions at random from a palette and puts them one behind
 * the other, anywhere in four pages, through either of two mappings; closes them to a loop; calls it seldom or hundreds of times; overwrites single
 * bytes and whole instructions of what has run; exchanges the pages below it. Some of the palette overwrite what stands beside them. Whatever an
 * exception ends, the next round begins.
 */
import {
  Assembler,
  decode,
  DecodeStatus,
  Instruction,
  mem,
  OperandKind,
  r10,
  r11,
  r12,
  r13,
  r14,
  r15d,
  r8,
  r8d,
  r9,
  r9d,
  rax,
  rbp,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
  cl,
  ecx,
} from '../../src/isa/index.ts'
import * as L from '../../src/cpu/layout.ts'
import { GDT, type TestMachine } from '../cpu/machine.ts'
import { encode, type Random } from '../cpu/silicon/random.ts'
import { common } from './random-program.ts'

const IDT = 0x7000
const TSS = 0x8000
const DRIVER = 0x1_0000
const VARIABLES = 0x2_0000
const PALETTE = 0x3_0000
const STACK = 0x7_f000
const IST_TOP = 0x7_0000
const AREA = 0x40_0000
const AREA_SIZE = 0x4000
/** The same pages once more, 256 MiB higher. */
const ALIAS = 0x1000_0000
const DATA = 0x60_0000
const PAGE_DIRECTORY = 0x3000
/** Page tables of the lowest 2 MiB, where little may be written, so that the guest does not destroy itself soon; and of the area. */
const LOW_TABLE = 0x1f_0000
const AREA_TABLE = 0x1f_1000
/** Where the lowest 2 MiB may be written: far from what small numbers point at. */
const WRITABLE = 0x3f00_0000
const SLOTS = 1024

const variable = (n: number, size = 64) => mem({ disp: VARIABLES + 8 * n, size })
const state = variable(0)
const iterations = variable(1)
const current = variable(2)
const interrupts = variable(3)

/** Where a new round starts. */
export const ROUND = DRIVER

/** How many rounds the guest has begun. */
export function rounds({ view }: TestMachine): number {
  return Number(view.getBigUint64(VARIABLES + 8, true))
}

/** The next 64 random bits in RAX; changes RCX. Marsaglia, "Xorshift RNGs". */
function random(asm: Assembler): void {
  asm.emit('mov', rax, state)
  for (const [shift, by] of [
    ['shl', 13],
    ['shr', 7],
    ['shl', 17],
  ] as const) {
    asm.emit('mov', rcx, rax)
    asm.emit(shift, rcx, by)
    asm.emit('xor', rax, rcx)
  }
  asm.emit('mov', state, rax)
}

/** RDI: somewhere in the area, now and then by its other address. */
function somewhere(asm: Assembler): void {
  random(asm)
  asm.emit('mov', rdi, rax)
  asm.emit('and', rdi, AREA_SIZE - 257)
  asm.emit('bt', rax, 40)
  const alias = asm.label('alias')
  asm.emit('add', rdi, AREA)
  asm.emit('jae', alias)
  asm.emit('add', rdi, ALIAS)
  asm.bind(alias)
}

/** RSI and RCX: an instruction of the palette and its length. */
function pick(asm: Assembler): void {
  random(asm)
  asm.emit('and', rax, SLOTS - 1)
  asm.emit('shl', rax, 4)
  asm.emit('lea', rsi, mem({ base: rax, disp: PALETTE, size: 64 }))
  asm.emit('movzx', ecx, mem({ base: rsi, disp: 15, size: 8 }))
}

/** One to sixteen instructions, and a loop around them that R15D counts. */
function write(asm: Assembler): void {
  somewhere(asm)
  asm.emit('mov', r9, rdi)
  asm.emit('mov', r10, rdi)
  asm.emit('and', r10, AREA_SIZE - 1)
  asm.emit('add', r10, AREA)
  asm.emit('mov', current, r10)
  random(asm)
  asm.emit('mov', r8, rax)
  asm.emit('and', r8d, 15)
  const next = asm.label('next instruction')
  asm.bind(next)
  pick(asm)
  asm.prefix('rep').emit('movsb')
  asm.emit('sub', r8d, 1)
  asm.emit('jns', next)
  // dec r15d; jnz the first; ret
  asm.emit('mov', mem({ base: rdi, size: 32 }), 0x0fcf_ff41)
  asm.emit('mov', mem({ base: rdi, disp: 4, size: 8 }), 0x85)
  asm.emit('lea', rax, mem({ base: rdi, disp: 9, size: 64 }))
  asm.emit('sub', r9, rax)
  asm.emit('mov', mem({ base: rdi, disp: 5, size: 32 }), r9d)
  asm.emit('mov', mem({ base: rdi, disp: 9, size: 8 }), 0xc3)
}

/** One byte somewhere, or a whole instruction into what has been called last. */
function patch(asm: Assembler): void {
  const byte = asm.label('byte')
  const done = asm.label('patched')
  random(asm)
  asm.emit('test', rax, 1)
  asm.emit('jne', byte)
  asm.emit('mov', rdi, rax)
  asm.emit('shr', rdi, 32)
  asm.emit('and', rdi, 63)
  asm.emit('add', rdi, current)
  pick(asm)
  asm.prefix('rep').emit('movsb')
  asm.emit('jmp', done)
  asm.bind(byte)
  somewhere(asm)
  random(asm)
  asm.emit('mov', mem({ base: rdi, size: 8 }), cl)
  asm.bind(done)
}

/** Exchanges a page and its neighbour. */
function exchange(asm: Assembler): void {
  random(asm)
  asm.emit('and', rax, 2)
  asm.emit('mov', rdx, rax)
  asm.emit('shl', rdx, 3)
  for (const n of [0, 1])
    asm.emit('xor', mem({ base: rdx, disp: WRITABLE + AREA_TABLE + 8 * n, size: 64 }), 0x1000)
  asm.emit('shl', rax, 12)
  for (const n of [0, 1]) asm.emit('invlpg', mem({ base: rax, disp: AREA + 0x1000 * n, size: 8 }))
}

const pointers = [rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14]

/** Calls what has been written last, with pointers in the registers: mostly a few rounds of its loop, sometimes hundreds. */
function call(asm: Assembler): void {
  const many = asm.label('many')
  random(asm)
  asm.emit('mov', r15d, 700)
  asm.emit('test', rax, 0x700)
  asm.emit('je', many)
  asm.emit('mov', r15d, 30)
  asm.bind(many)
  pointers.forEach((register, n) => asm.emit('mov', register, DATA + 0x40 + 0x138 * n))
  // Strings are short.
  asm.emit('mov', ecx, 37)
  asm.emit('sti')
  asm.emit('call', current)
}

function driver(): { code: Uint8Array; interrupt: number } {
  const asm = new Assembler()
  const [calls, patches, exchanges] = ['call', 'patch', 'exchange'].map((name) => asm.label(name))
  const round = asm.label('round')
  asm.bind(round)
  asm.emit('cli')
  asm.emit('cld')
  asm.emit('mov', rsp, STACK)
  asm.emit('inc', iterations)
  random(asm)
  asm.emit('mov', rdx, rax)
  asm.emit('shr', rdx, 61)
  asm.emit('cmp', rdx, 5)
  asm.emit('ja', calls!)
  asm.emit('je', exchanges!)
  asm.emit('cmp', rdx, 3)
  asm.emit('jae', patches!)
  write(asm)
  asm.bind(calls!)
  call(asm)
  asm.emit('jmp', round)
  asm.bind(patches!)
  patch(asm)
  asm.emit('jmp', calls!)
  asm.bind(exchanges!)
  exchange(asm)
  asm.emit('jmp', calls!)
  const interrupt = asm.offset
  asm.emit('inc', interrupts)
  asm.emit('iretq')
  return { code: asm.finish().bytes, interrupt }
}

const decoded = new Instruction()
/** RSP and R15. */
const kept = new Set([4, 15])

/** An instruction that keeps the loop's counter, the stack and the flags that trap; or a jump nearby; or a store into the code beside it. */
function paletteEntry(random: Random): number[] {
  const near = random.below(96) - 48
  const kind = random.below(20)
  if (kind === 0) return [0x70 | random.below(16), random.below(48) & 0xff]
  if (kind === 1 && random.below(4) === 0) return [0x70 | random.below(16), -random.below(32) & 0xff]
  // mov, xor or add byte ptr [rip+near], imm8
  if (kind === 2) {
    const sign = near < 0 ? 0xff : 0
    const opcode = random.pick([
      [0xc6, 0x05],
      [0x80, 0x35],
      [0x80, 0x05],
    ])
    return [...opcode, near & 0xff, sign, sign, sign, random.below(256)]
  }
  for (;;) {
    const row = random.pick(common)
    if (/^(push|pop|enter|leave|std|cli|cpuid|rd)/.test(row.mnemonic)) continue
    const code = Uint8Array.from(encode(row, random, true))
    if (decode(code, 0, code.length, 64, decoded) !== DecodeStatus.ok || decoded.length > 14) continue
    const operands = decoded.operands.slice(0, decoded.operandCount)
    if (operands.some(({ kind, register }) => kind === OperandKind.register && kept.has(register))) continue
    const { memory } = decoded
    // Half of them reach no memory, and the others mostly what the pointers point at.
    if (
      memory !== null &&
      (random.below(2) === 0 || memory.index >= 0 || Math.abs(memory.displacement) > 127)
    )
      continue
    return [...code.subarray(0, decoded.length)]
  }
}

function gate(view: DataView, vector: number, target: number, ist: number): void {
  view.setUint32(IDT + 16 * vector, (8 << 16) | (target & 0xffff), true)
  view.setUint32(IDT + 16 * vector + 4, (target & 0xffff_0000) | 0x8e00 | ist, true)
}

function map(view: DataView): void {
  const isWritten = (at: number): boolean => at === VARIABLES || (at >= IST_TOP - 0x1000 && at < STACK)
  for (let n = 0; n < 512; n++) {
    const low = 0x1000 * n
    view.setBigUint64(LOW_TABLE + 8 * n, BigInt(low + (isWritten(low) ? 3 : 1)), true)
    view.setBigUint64(AREA_TABLE + 8 * n, BigInt(AREA + 0x1000 * n + 3), true)
  }
  const tables = [
    [0, LOW_TABLE + 3],
    [AREA, AREA_TABLE + 3],
    [AREA + ALIAS, AREA + 0x83],
    [WRITABLE, 0x83],
  ] as const
  for (const [at, entry] of tables) view.setBigUint64(PAGE_DIRECTORY + 8 * (at >> 21), BigInt(entry), true)
}

/** Puts the guest into the machine, all of it from `random`, and the processor at its beginning. */
export function install(machine: TestMachine, random: Random): void {
  const { cpu, ram, view } = machine
  const { code, interrupt } = driver()
  ram.fill(0, IDT, STACK)
  ram.fill(0xc3, AREA, AREA + AREA_SIZE)
  ram.set(code, DRIVER)
  for (let vector = 0; vector < 32; vector++) gate(view, vector, ROUND, 1)
  gate(view, 0x20, DRIVER + interrupt, 0)
  for (let n = 0; n < SLOTS; n++) {
    const entry = paletteEntry(random)
    ram.set(entry, PALETTE + 16 * n)
    ram[PALETTE + 16 * n + 15] = entry.length
  }
  map(view)
  view.setBigUint64(VARIABLES, BigInt(random.u32()) + 1n, true)
  view.setBigUint64(VARIABLES + 16, BigInt(AREA), true)
  view.setBigUint64(TSS + 0x24, BigInt(IST_TOP), true)
  cpu.ramWritten(0, DATA)
  cpu.setState64(L.IDTR, BigInt(IDT))
  cpu.setState32(L.IDTR + 8, 0xfff)
  cpu.setSegment(L.TR, { selector: 0x30, base: BigInt(TSS), limit: 0x67, attributes: 0x8b })
  cpu.setState64(L.GDTR, BigInt(GDT))
  cpu.rip = BigInt(ROUND)
  cpu.stateChanged()
}
