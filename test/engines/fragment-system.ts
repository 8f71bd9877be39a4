/** The system that fragments of random programs run in: tables, handlers that lead back into the program, registers; in 64-bit and in 32-bit code. */
import * as L from '../../src/cpu/layout.ts'
import type { TestMachine } from '../cpu/machine.ts'
import type { Random } from '../cpu/silicon/random.ts'

export type Bits = 32 | 64

/** Page tables, GDT, TSS and IDT of a machine lie below. */
export const TABLES = 0x8000
const PAGE_DIRECTORY = 0x4000
const GDT = 0x6000
const TSS = 0x6800
const IDT = 0x7000
const BUSY_TSS64 = 0x8b
const IST1 = 36
const CODE64 = { selector: 8, attributes: 0xa09b }
const CODE32 = { selector: 0x18, attributes: 0xc09b }
const INTERRUPT_GATE_IST1 = 0x8e01
const INTERRUPT_GATE = 0x8e00
/** Exceptions of 64-bit code have a stack of their own, which the program cannot lose. */
const EXCEPTION_STACK = 0x3_f000
export const CODE = 0x4_0000
export const CODE_ROOM = 8192
/** Where exceptions lead to: for each vector a jump into the program, so that even a storm of them retires instructions. */
const HANDLERS = CODE + CODE_ROOM
const HANDLER_BYTES = 8
const JMP_REL32 = 0xe9
export const DATA = 0x8_0000
export const DATA_BYTES = 0x1_0000
const FLAT_DATA = 0xc093
const FLAT_DATA_16 = 0x8093
/** 4 MiB, present, writable, of the user, as they are. */
const LARGE_PAGE = 0x87
const CR0 = 0x1_0033n
const CR0_PG = 1n << 31n
const CR4 = 0x5_0600n
const CR4_PSE = 0x10n
const CR4_PAE = 0x20n

/** The tables, from address 0, and the handlers behind the program, as bytes at their places. `initial`: what the machine was made with. */
export function systemTables(
  initial: Uint8Array,
  bits: Bits,
  random: Random,
  size: number,
): ReadonlyMap<number, Uint8Array> {
  const tables = initial.slice()
  const view = new DataView(tables.buffer)
  const handlers = new DataView(new ArrayBuffer(256 * HANDLER_BYTES))
  for (let vector = 0; vector < 256; vector++) {
    const at = vector * HANDLER_BYTES
    setGate(view, bits, vector, HANDLERS + at)
    handlers.setUint8(at, JMP_REL32)
    handlers.setInt32(at + 1, CODE + random.below(size) - (HANDLERS + at + 5), true)
  }
  if (bits === 64) view.setBigUint64(TSS + IST1, BigInt(EXCEPTION_STACK), true)
  else view.setUint32(PAGE_DIRECTORY, LARGE_PAGE, true)
  return new Map([
    [0, tables],
    [HANDLERS, new Uint8Array(handlers.buffer)],
  ])
}

function setGate(view: DataView, bits: Bits, vector: number, handler: number): void {
  const at = IDT + (bits / 4) * vector
  const { selector } = bits === 64 ? CODE64 : CODE32
  view.setUint32(at, (selector << 16) | (handler & 0xffff), true)
  view.setUint16(at + 4, bits === 64 ? INTERRUPT_GATE_IST1 : INTERRUPT_GATE, true)
  view.setUint16(at + 6, handler >>> 16, true)
}

/** System registers as a program begins with them. */
export function resetSystem({ cpu }: TestMachine, bits: Bits, random: Random): void {
  for (const field of [L.SHUTDOWN, L.HALTED, L.CPL]) cpu.setState32(field, 0)
  const { selector, attributes } = bits === 64 ? CODE64 : CODE32
  cpu.setSegment(L.CS, { selector, base: 0n, limit: 0xffff_ffff, attributes })
  cpu.setSegment(L.TR, { selector: 0x28, base: BigInt(TSS), limit: 103, attributes: BUSY_TSS64 })
  cpu.setState64(L.IDTR, BigInt(IDT))
  cpu.setState32(L.IDTR + 8, 0xfff)
  cpu.setState64(L.GDTR, BigInt(GDT))
  cpu.setState32(L.GDTR + 8, 47)
  cpu.setState32(L.MXCSR, 0x1f80)
  cpu.rflags = 2n
  if (bits === 64) {
    cpu.setState64(L.CR3, 0x1000n)
    cpu.setState64(L.CR4, CR4 | CR4_PAE)
    cpu.setState64(L.EFER, 0x501n)
    cpu.setState64(L.CR0, CR0 | CR0_PG)
  } else {
    const isPaged = random.below(4) > 0
    cpu.setState64(L.CR3, BigInt(PAGE_DIRECTORY))
    cpu.setState64(L.CR4, CR4 | CR4_PSE)
    cpu.setState64(L.EFER, 0n)
    cpu.setState64(L.CR0, isPaged ? CR0 | CR0_PG : CR0)
  }
  resetSegments({ cpu }, bits, random)
}

/** Data segments. Those of 32-bit code are flat, but for FS and GS, which are anything; few stacks have 16 bits. */
export function resetSegments({ cpu }: Pick<TestMachine, 'cpu'>, bits: Bits, random: Random): void {
  const flat = { selector: 0x10, base: 0n, limit: 0xffff_ffff, attributes: FLAT_DATA }
  for (const seg of [L.ES, L.SS, L.DS, L.FS, L.GS]) cpu.setSegment(seg, flat)
  if (bits === 32) {
    if (random.below(12) === 0) cpu.setSegment(L.SS, { ...flat, attributes: FLAT_DATA_16 })
    for (const seg of [L.FS, L.GS])
      cpu.setSegment(seg, {
        selector: 0x10,
        base: random.pick([0n, BigInt(random.below(0x1000)), 0xffff_f000n]),
        limit: random.pick([0xffff_ffff, DATA + DATA_BYTES - 1, DATA + random.below(DATA_BYTES)]),
        // Mostly data; read-only, expand-down, code, none.
        attributes: random.pick([FLAT_DATA, FLAT_DATA, FLAT_DATA, 0xc091, 0xc097, 0xc09b, 0]),
      })
  }
  cpu.stateChanged()
}
