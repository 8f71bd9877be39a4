/** Control registers, MSRs and CPUID against the manual, where QEMU is laxer than the manual. */
import { expect, test } from 'vitest'
import type { HelperName } from '../../src/cpu/helpers.ts'
import { STATUS_EXCEPTION, STATUS_JUMP } from '../../src/cpu/helpers.ts'
import * as L from '../../src/cpu/layout.ts'
import { Helpers } from './helpers-harness.ts'

const GP0 = [13, 0]
const RAX = 0
const RCX = 1
const RDX = 2

function inLongMode(): Helpers {
  const h = new Helpers()
  h.enterLongMode()
  return h
}

function writeMsr(h: Helpers, msr: number, value: bigint): number {
  h.setGpr(RCX, BigInt(msr))
  h.setGpr(RAX, value & 0xffff_ffffn)
  h.setGpr(RDX, value >> 32n)
  return h.call('writeMsr')
}

function readMsr(h: Helpers, msr: number): bigint {
  h.setGpr(RCX, BigInt(msr))
  expect(h.call('readMsr')).toBe(0)
  return (h.gpr(RDX) << 32n) | h.gpr(RAX)
}

test.each([
  ['CR0 with PG but not PE', 0, 0x8000_0030n],
  ['CR0 with NW but not CD', 0, 0xa001_0031n],
  ['CR0 with a high bit', 0, 0x1_8001_0031n],
  ['CR0 without PG in 64-bit code', 0, 0x1_0031n],
  ['CR3 beyond the physical addresses', 3, 1n << 41n],
  ['CR4 without PAE in long mode', 4, 0x280n],
  ['CR4 with a reserved bit', 4, 0x8000_0020n],
  ['CR4.VMXE, which CPUID does not report', 4, 0x2020n],
  ['CR8 beyond 15', 8, 16n],
] as const)('%s is #GP(0)', (_, cr, value) => {
  const h = inLongMode()
  const before = [L.CR0, L.CR3, L.CR4, L.EFER].map((field) => h.get(field))
  expect(h.call('movToCr', cr, value)).toBe(STATUS_EXCEPTION)
  expect(h.exception()).toEqual(GP0)
  expect([L.CR0, L.CR3, L.CR4, L.EFER].map((field) => h.get(field))).toEqual(before)
})

test('PCIDE needs long mode and a CR3 whose low bits are clear', () => {
  const h = inLongMode()
  h.set(L.CR3, h.get(L.CR3) | 8n)
  expect(h.call('movToCr', 4, 0x2_0020n)).toBe(STATUS_EXCEPTION)
  h.exception()
  h.set(L.CR3, h.get(L.CR3) & ~0xfffn)
  expect(h.call('movToCr', 4, 0x2_0020n)).toBe(STATUS_JUMP)
})

test('the way into long mode: LME, then PG, sets LMA; a 64-bit CS before that is refused', () => {
  const h = new Helpers()
  h.set(L.CR0, 0x11n)
  h.set(L.CR4, 0x20n)
  expect(writeMsr(h, 0xc000_0080, 0x101n)).toBe(STATUS_JUMP)
  expect(h.get(L.EFER)).toBe(0x101n)
  h.setSegment(L.CS, 8, 0xaf9b)
  expect(h.call('movToCr', 0, 0x8000_0011n)).toBe(STATUS_EXCEPTION)
  expect(h.exception()).toEqual(GP0)
  h.setSegment(L.CS, 8, 0xcf9b)
  expect(h.call('movToCr', 0, 0x8000_0011n)).toBe(STATUS_JUMP)
  expect(h.get(L.EFER)).toBe(0x501n)
  expect(h.get32(L.MODE) & L.MODE_CODE).toBe(L.MODE_CODE32)
  expect(writeMsr(h, 0xc000_0080, 0x001n)).toBe(STATUS_EXCEPTION)
})

test.each([
  ['LSTAR that is not canonical', 0xc000_0082, 1n << 63n],
  ['FS.base that is not canonical', 0xc000_0100, 1n << 56n],
  ['KERNEL_GS_BASE that is not canonical', 0xc000_0102, 1n << 56n],
  ['SYSENTER_EIP that is not canonical', 0x176, 1n << 56n],
  ['an MSR that does not exist', 0x1234_5678, 0n],
  ['EFER with a reserved bit', 0xc000_0080, 0x2d01n],
  ['PAT with a reserved type', 0x277, 2n],
  ['FMASK with a high bit', 0xc000_0084, 1n << 32n],
  ['MTRRCAP, which is read-only', 0xfe, 0n],
  ['x2APIC without x2APIC mode', 0x808, 0n],
] as const)('WRMSR: %s is #GP(0)', (_, msr, value) => {
  const h = inLongMode()
  expect(writeMsr(h, msr, value)).toBe(STATUS_EXCEPTION)
  expect(h.exception()).toEqual(GP0)
})

test.each([
  0x174, 0x175, 0x176, 0x1a0, 0x200, 0x20f, 0x250, 0x258, 0x259, 0x268, 0x26f, 0xc000_0081, 0xc000_0082,
  0xc000_0083, 0xc000_0084, 0xc000_0100, 0xc000_0101, 0xc000_0102, 0xc000_0103,
])('MSR %i keeps what is written, and no other does', (msr) => {
  const h = inLongMode()
  const others = [0x174, 0x20e, 0x26e, 0xc000_0081, 0xc000_0101].filter((other) => other !== msr)
  const before = others.map((other) => readMsr(h, other))
  // Fixed MTRRs hold memory types.
  const value = msr >= 0x250 && msr < 0x270 ? 0x0605_0401n : 0x1234_5000n
  expect(writeMsr(h, msr, value)).toBe(0)
  expect(readMsr(h, msr)).toBe(value)
  expect(others.map((other) => readMsr(h, other))).toEqual(before)
})

test('the time-stamp counter follows retired instructions and what was written', () => {
  const h = inLongMode()
  h.set(L.RETIRED, 1000n)
  expect(readMsr(h, 0x10)).toBe(1000n)
  writeMsr(h, 0x10, 5_000_000_000n)
  h.set(L.RETIRED, 1500n)
  expect(h.call('rdtsc')).toBe(0)
  expect((h.gpr(RDX) << 32n) | h.gpr(RAX)).toBe(5_000_000_500n)
})

test.each<[HelperName, (number | bigint)[]]>([
  ['readMsr', []],
  ['writeMsr', []],
  ['movToCr', [0, 0n]],
  ['movFromCr', [0, 0]],
  ['movToDr', [0, 0n]],
  ['invlpg', [0n]],
  ['hlt', []],
  ['clts', []],
  ['lmsw', [0]],
  ['lldt', [0]],
  ['ltr', [0]],
  ['swapgs', []],
  ['wbinvd', []],
  ['sysexit', [8]],
  ['lgdt', [0n, 8]],
])('%s outside ring 0 is #GP(0)', (name, args) => {
  const h = inLongMode()
  h.setCpl(3)
  expect(h.call(name, ...args)).toBe(STATUS_EXCEPTION)
  expect(h.exception()).toEqual(GP0)
})

test('LTR with a null selector is #GP(0)', () => {
  const h = inLongMode()
  expect(h.call('ltr', 3)).toBe(STATUS_EXCEPTION)
  expect(h.exception()).toEqual(GP0)
})

function cpuid(h: Helpers, leaf: number, subleaf = 0): number[] {
  h.setGpr(RAX, BigInt(leaf))
  h.setGpr(RCX, BigInt(subleaf))
  expect(h.call('cpuid')).toBe(0)
  return [0, 3, 1, 2].map((register) => Number(h.gpr(register)))
}

test('CPUID names the vendor, reports OSXSAVE as CR4 says, and answers leaves beyond the last', () => {
  const h = inLongMode()
  const [max, ...letters] = cpuid(h, 0)
  const vendor = [letters[0]!, letters[2]!, letters[1]!].map((word) =>
    String.fromCharCode(...new Uint8Array(Uint32Array.of(word).buffer)),
  )
  expect(vendor.join('')).toBe('GenuineIntel')
  expect((cpuid(h, 1)[2]! >>> 27) & 1).toBe(0)
  h.set(L.CR4, h.get(L.CR4) | (1n << 18n))
  expect((cpuid(h, 1)[2]! >>> 27) & 1).toBe(1)
  expect(cpuid(h, 0x4000_0000)).toEqual(cpuid(h, max!))
  expect(cpuid(h, 0x8000_0008)[0]).toBe(0x3928)
})

test('the TLB follows CR3, INVLPG, global pages and parts of large pages', () => {
  const h = inLongMode()
  const [normal, global] = [0x1000n, 0x2000n]
  h.map(normal, 0x20_0000, 3n)
  h.map(global, 0x20_1000, 0x103n)
  h.set(L.CR4, h.get(L.CR4) | 0x80n)
  const touch = (): void => [normal, global].forEach((va) => h.value('load8', va))
  const cached = (): boolean[] => [normal, global].map((va) => h.tags(va)[0]!)
  touch()
  expect(cached()).toEqual([true, true])
  h.call('movToCr', 3, h.get(L.CR3))
  expect(cached()).toEqual([false, true])
  touch()
  h.call('invlpg', global)
  expect(cached()).toEqual([true, false])
  // A 2 MiB page: one INVLPG drops all its parts.
  h.write64(h.entry(0x1000n, 2) + 8, 0x20_0083n)
  h.value('load8', 0x20_3000n)
  h.value('load8', 0x20_5000n)
  expect([h.tags(0x20_3000n)[0], h.tags(0x20_5000n)[0]]).toEqual([true, true])
  h.call('invlpg', 0x20_0000n)
  expect([h.tags(0x20_3000n)[0], h.tags(0x20_5000n)[0], h.tags(normal)[0]]).toEqual([false, false, true])
})

test('device pages go to the board, whole or byte by byte across a page', () => {
  const h = inLongMode()
  h.map(0x1000n, 0xfee0_0000, 3n)
  h.map(0x2000n, 0x20_0000, 3n)
  h.write64(0x20_0000, 0x1122_3344_5566_7788n)
  expect(h.value('load32', 0x1020n)).toBe(0xffff_ffffn)
  h.call('store64', 0x1030n, 0x1234n)
  expect(h.value('load32', 0x1ffen)).toBe(0x7788_ffffn)
  expect(h.log).toEqual(['r4 fee00020', 'w8 fee00030 1234', 'r1 fee00ffe', 'r1 fee00fff'])
  expect(h.tags(0x1000n)).toEqual([false, false, false])
})

test('I/O outside IOPL follows the bitmap of the TSS', () => {
  const h = inLongMode()
  h.map(0x3000n, 0x20_0000, 3n)
  h.setSegment(L.TR, 0x30, 0x8b, 0x3000n, 0x68 + 0x20)
  h.ram.setUint16(0x20_0000 + 102, 0x68, true)
  h.ram.setUint8(0x20_0000 + 0x68 + 8, 0b0000_1000)
  h.setCpl(3)
  expect(h.call('in', 0x40, 1)).toBe(0)
  expect(h.call('in', 0x42, 2)).toBe(STATUS_EXCEPTION)
  expect(h.exception()).toEqual(GP0)
  expect(h.call('in', 0x44, 4)).toBe(0)
  expect(h.gpr(RAX)).toBe(0x1234_5678n)
  // Beyond the limit of the TSS every port is closed.
  expect(h.call('out', 0x400, 1)).toBe(STATUS_EXCEPTION)
})

test('in x2APIC mode the registers that exist can be read and written, the others are #GP(0)', () => {
  const h = inLongMode()
  h.set(L.APIC_BASE, 0xfee0_0d00n)
  const readable: number[] = []
  const writable: number[] = []
  for (let msr = 0x800; msr < 0x900; msr++) {
    h.setGpr(RCX, BigInt(msr))
    if (h.call('readMsr') === 0) readable.push(msr)
    if (writeMsr(h, msr, 0n) !== STATUS_EXCEPTION) writable.push(msr)
  }
  h.exception()
  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i)
  // Vol. 3A, table 11-6; the thermal LVT (833) and that of corrected machine checks (82F) included.
  const timer = [...range(0x832, 0x838), 0x83e]
  expect(readable).toEqual(
    [0x802, 0x803, 0x808, 0x80a, 0x80d, 0x80f, ...range(0x810, 0x828), 0x830, ...timer, 0x839].sort(
      (x, y) => x - y,
    ),
  )
  expect(writable).toEqual([0x808, 0x80b, 0x80f, 0x828, 0x830, ...timer, 0x83f])
  expect(writeMsr(h, 0x80b, 1n)).toBe(STATUS_EXCEPTION)
  expect(writeMsr(h, 0x830, 1n << 40n)).not.toBe(STATUS_EXCEPTION)
})
