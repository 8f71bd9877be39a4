/** Privilege transitions: frames and states derived by hand from the SDM, and the steps that the probe reports. */
import { beforeEach, describe, expect, test } from 'vitest'
import { SHUTDOWN_CHAIN, SHUTDOWN_CHAIN_LENGTH } from '../../src/cpu/guest/private.ts'
import { STATUS_BOARD, STATUS_EXCEPTION, STATUS_JUMP } from '../../src/cpu/helpers.ts'
import * as L from '../../src/cpu/layout.ts'
import { stepTexts, transitionNames } from '../../src/cpu/probe-text.ts'
import * as P from '../../src/cpu/probe.ts'
import { Helpers } from './helpers-harness.ts'

const [RCX, RSP, R11] = [1, 4, 11] as const
/** Virtual pages and where they lie. */
const PHYSICAL: Record<number, number> = {
  0x1000: 0x20_0000,
  0x2000: 0x20_1000,
  0x3000: 0x20_2000,
  0x4000: 0x20_3000,
  0x5000: 0x20_4000,
}
const [GDT, IDT, TSS, STACK, USER] = [0x1000, 0x2000, 0x3000, 0x4000, 0x5000] as const
const KERNEL_RIP = 0xffff_8000_1234_5678n
const physical = (va: number): number => PHYSICAL[va & ~0xfff]! + (va & 0xfff)

let h: Helpers
const put = (va: number, value: bigint): void => h.write64(physical(va), BigInt.asUintN(64, value))
const peek = (va: number): bigint => h.read64(physical(va))
const stackWords = (top: number, count: number): bigint[] =>
  Array.from({ length: count }, (_, i) => peek(top - 8 * (i + 1)))

function gate(vector: number, { ist = 0n, dpl = 0n, type = 0xen, present = 1n, selector = 8n } = {}): void {
  const low =
    (KERNEL_RIP & 0xffffn) |
    (selector << 16n) |
    (ist << 32n) |
    (type << 40n) |
    (dpl << 45n) |
    (present << 47n)
  put(IDT + 16 * vector, low | (((KERNEL_RIP >> 16n) & 0xffffn) << 48n))
  put(IDT + 16 * vector + 8, KERNEL_RIP >> 32n)
}

beforeEach(() => {
  h = new Helpers()
  h.enterLongMode()
  for (const [va, gpa] of Object.entries(PHYSICAL)) h.map(BigInt(va), gpa, Number(va) === USER ? 7n : 3n)
  // null, kernel code, kernel data, user code 32, user data, user code 64.
  const descriptors = [
    0n,
    0xaf9b000000ffffn,
    0xcf93000000ffffn,
    0xcffb000000ffffn,
    0xcff3000000ffffn,
    0xaffb000000ffffn,
  ]
  descriptors.forEach((descriptor, i) => put(GDT + 8 * i, descriptor))
  h.set(L.GDTR, BigInt(GDT))
  h.set32(L.GDTR + 8, 8 * descriptors.length - 1)
  h.set(L.IDTR, BigInt(IDT))
  h.set32(L.IDTR + 8, 0xfff)
  h.setSegment(L.TR, 0x30, 0x8b, BigInt(TSS), 0x67)
  put(TSS + 4, BigInt(STACK + 0x800))
  put(TSS + 36, BigInt(STACK + 0x400))
  h.set(L.RIP, 0x5123n)
  h.set(L.NEXT_RIP, 0x5125n)
  h.call('setRflags', 0x246n)
})

function toRing3(): void {
  h.setSegment(L.CS, 0x2b, 0xaffb)
  h.setSegment(L.SS, 0x23, 0xcff3)
  h.setCpl(3)
  h.setGpr(RSP, BigInt(USER + 0x700))
}

describe('delivery in long mode', () => {
  test('a page fault from ring 3: TSS.RSP0, SS null, six words, IF clear', () => {
    toRing3()
    gate(14)
    h.value('load8', 0x9000n)
    expect(h.call('deliverException')).toBe(STATUS_JUMP)
    // SS, RSP, RFLAGS with RF, CS, RIP, error code: user read of an absent page.
    expect(stackWords(STACK + 0x800, 6)).toEqual([0x23n, BigInt(USER + 0x700), 0x1_0246n, 0x2bn, 0x5123n, 4n])
    expect(h.gpr(RSP)).toBe(BigInt(STACK + 0x800 - 48))
    expect([h.get(L.RIP), h.get(L.CR2)]).toEqual([KERNEL_RIP, 0x9000n])
    expect([h.selector(L.CS), h.selector(L.SS), h.get32(L.CPL)]).toEqual([8, 0, 0])
    expect(h.value('getRflags')).toBe(0x46n)
  })

  test('an interrupt in ring 0 keeps the stack, aligned to 16, and SS', () => {
    gate(0x40)
    h.setGpr(RSP, BigInt(STACK + 0x7f3))
    expect(h.call('deliverInterrupt', 0x40)).toBe(STATUS_JUMP)
    expect(stackWords(STACK + 0x7f0, 5)).toEqual([0x10n, BigInt(STACK + 0x7f3), 0x246n, 8n, 0x5123n])
    expect(h.selector(L.SS)).toBe(0x10)
  })

  test('IST beats both, and a trap gate leaves IF', () => {
    gate(0x41, { ist: 1n, type: 0xfn })
    expect(h.call('deliverInterrupt', 0x41)).toBe(STATUS_JUMP)
    expect(h.gpr(RSP)).toBe(BigInt(STACK + 0x400 - 40))
    expect(h.value('getRflags')).toBe(0x246n)
  })

  test('INT n from ring 3 through a gate of ring 0 is #GP with the IDT bit; through one of ring 3 it returns to the next instruction', () => {
    toRing3()
    gate(0x42)
    expect(h.call('intN', 0x42, 0)).toBe(STATUS_EXCEPTION)
    expect(h.exception()).toEqual([13, 0x42 * 8 + 2])
    gate(0x42, { dpl: 3n })
    expect(h.call('intN', 0x42, 0)).toBe(STATUS_JUMP)
    expect(stackWords(STACK + 0x800, 5)[4]).toBe(0x5125n)
  })

  test('a TSS too short for RSP0 is #TS(TR), external for an interrupt', () => {
    toRing3()
    gate(0x43)
    gate(10, { ist: 1n })
    h.set32(L.SEGMENTS + L.TR * L.SEG_SIZE + L.SEG_LIMIT, 8)
    // #TS needs RSP0 as well, so it ends in a double fault without a gate: shutdown.
    expect(h.call('deliverInterrupt', 0x43)).toBe(STATUS_BOARD)
    expect([0, 4, 8, 12].map((i) => h.get32(SHUTDOWN_CHAIN + i))).toEqual([10, 10, 8, 13])
  })

  test('a fault that no gate takes ends in shutdown, and the chain is kept', () => {
    h.set32(L.IDTR + 8, 0)
    h.call('raise', 6, 0, 0)
    expect(h.call('deliverException')).toBe(STATUS_BOARD)
    expect(h.get32(L.SHUTDOWN)).toBe(1)
    const length = h.get32(SHUTDOWN_CHAIN_LENGTH)
    // #UD; #GP for its gate; #GP for that one's gate, which makes a double fault; #GP for its gate.
    expect(Array.from({ length }, (_, i) => h.get32(SHUTDOWN_CHAIN + 4 * i))).toEqual([6, 13, 13, 8, 13])
    expect(h.get(L.RIP)).toBe(0x5123n)
  })

  test('a page fault while a page fault is delivered is a double fault; while #GP is delivered it is not', () => {
    gate(8, { ist: 1n })
    h.setGpr(RSP, 0x9000n)
    gate(14)
    h.value('load8', 0xa000n)
    expect(h.call('deliverException')).toBe(STATUS_JUMP)
    expect(stackWords(STACK + 0x400, 6)).toEqual([0x10n, 0x9000n, 0x1_0246n, 8n, 0x5123n, 0n])
    gate(14, { ist: 1n })
    gate(13)
    h.setGpr(RSP, 0x9000n)
    h.set(L.RIP, 0x5123n)
    h.call('raise', 13, 1, 0)
    expect(h.call('deliverException')).toBe(STATUS_JUMP)
    // #PF from pushing SS below 0x9000: a supervisor write of an absent page.
    expect(stackWords(STACK + 0x400, 6)[5]).toBe(2n)
    expect(h.get(L.CR2)).toBe(0x8ff8n)
  })
})

describe('SYSCALL and SYSRET', () => {
  beforeEach(() => {
    h.set(L.STAR, (0x1bn << 48n) | (8n << 32n))
    h.set(L.LSTAR, KERNEL_RIP)
    h.set(L.SFMASK, 0x4_0700n)
  })

  test('the round trip', () => {
    toRing3()
    h.call('setRflags', 0x4_0ad7n)
    expect(h.call('syscall')).toBe(STATUS_JUMP)
    expect([h.gpr(RCX), h.gpr(R11), h.get(L.RIP)]).toEqual([0x5125n, 0x4_0ad7n, KERNEL_RIP])
    expect([h.selector(L.CS), h.selector(L.SS), h.get32(L.CPL)]).toEqual([8, 0x10, 0])
    expect(h.value('getRflags')).toBe(0x8d7n)
    expect(h.gpr(RSP)).toBe(BigInt(USER + 0x700))
    expect(h.call('sysret', 8)).toBe(STATUS_JUMP)
    expect([h.selector(L.CS), h.selector(L.SS), h.get32(L.CPL)]).toEqual([0x2b, 0x23, 3])
    expect([h.get(L.RIP), h.value('getRflags')]).toEqual([0x5125n, 0x4_0ad7n])
  })

  test('SYSRET to an address that is not canonical faults in ring 0', () => {
    h.setGpr(RCX, 1n << 47n)
    expect(h.call('sysret', 8)).toBe(STATUS_EXCEPTION)
    expect(h.exception()).toEqual([13, 0])
    expect(h.get32(L.CPL)).toBe(0)
  })

  test('without EFER.SCE both are #UD', () => {
    h.set(L.EFER, 0xd00n)
    for (const call of [() => h.call('syscall'), () => h.call('sysret', 8)]) {
      expect(call()).toBe(STATUS_EXCEPTION)
      expect(h.exception()).toEqual([6, null])
    }
  })

  test('the probe tells the steps in the order of the manual', () => {
    toRing3()
    h.set32(L.PROBE, 1)
    h.call('syscall')
    const told = h.events.map(([event, x, y]) => {
      if (event === P.EVENT_STEP) return `${stepTexts[Number(x)]} ${y.toString(16)}`
      return `${event === P.EVENT_BEGIN ? 'begin' : 'end'} ${transitionNames[Number(x)]} at CPL ${y}`
    })
    expect(told).toEqual([
      'begin SYSCALL at CPL 3',
      'RCX ← RIP 5125',
      'R11 ← RFLAGS 246',
      'RIP ← ffff800012345678',
      'RFLAGS ← 46',
      'CS ← 8',
      'CPL ← 0',
      'SS ← 10',
      'end SYSCALL at CPL 0',
    ])
  })
})

test('every step and transition has words', () => {
  const constants = Object.entries(P)
  for (const [name, value] of constants) {
    if (name.startsWith('STEP_')) expect(stepTexts[value], name).toBeTypeOf('string')
    if (name.startsWith('TRANSITION_')) expect(transitionNames[value], name).toBeTypeOf('string')
  }
})

test('SYSENTER and SYSEXIT', () => {
  h.setGpr(1, 0x174n)
  h.setGpr(0, 8n)
  h.setGpr(2, 0n)
  h.call('writeMsr')
  toRing3()
  expect(h.call('sysenter')).toBe(STATUS_JUMP)
  expect([h.selector(L.CS), h.selector(L.SS), h.get32(L.CPL)]).toEqual([8, 0x10, 0])
  expect(h.value('getRflags') & 0x200n).toBe(0n)
  h.setGpr(2, 0x5200n)
  h.setGpr(RCX, BigInt(USER + 0x600))
  expect(h.call('sysexit', 8)).toBe(STATUS_JUMP)
  expect([h.selector(L.CS), h.selector(L.SS), h.get32(L.CPL)]).toEqual([0x2b, 0x33, 3])
  expect([h.get(L.RIP), h.gpr(RSP)]).toEqual([0x5200n, BigInt(USER + 0x600)])
})

describe('real and virtual-8086 mode', () => {
  const word = (gpa: number): number => h.ram.getUint16(gpa, true)

  test('INT and IRET in real mode', () => {
    h = new Helpers()
    h.setSegment(L.CS, 0x1000, 0x9b, 0x1_0000n, 0xffff)
    h.setSegment(L.SS, 0x2000, 0x93, 0x2_0000n, 0xffff)
    h.call('updateMode')
    h.setGpr(RSP, 0xdead_0100n)
    h.call('setRflags', 0x202n)
    h.set(L.RIP, 0x10n)
    h.set(L.NEXT_RIP, 0x12n)
    h.ram.setUint32(0x21 * 4, 0x3000_0456, true)
    expect(h.call('intN', 0x21, 0)).toBe(STATUS_JUMP)
    expect([word(0x2_00fe), word(0x2_00fc), word(0x2_00fa)]).toEqual([0x202, 0x1000, 0x12])
    expect([h.selector(L.CS), h.get(L.RIP), h.gpr(RSP), h.value('getRflags')]).toEqual([
      0x3000,
      0x456n,
      0xdead_00fan,
      2n,
    ])
    expect(h.get(L.SEGMENTS + L.CS * L.SEG_SIZE + L.SEG_BASE)).toBe(0x3_0000n)
    expect(h.call('iret', 2)).toBe(STATUS_JUMP)
    expect([h.selector(L.CS), h.get(L.RIP), h.gpr(RSP), h.value('getRflags')]).toEqual([
      0x1000,
      0x12n,
      0xdead_0100n,
      0x202n,
    ])
  })

  test('IRETD into virtual-8086 mode, and an interrupt back out of it', () => {
    h = new Helpers()
    h.set(L.CR0, 0x11n)
    const descriptors = [0n, 0xcf9b000000ffffn, 0xcf93000000ffffn]
    descriptors.forEach((descriptor, i) => h.write64(0x1000 + 8 * i, descriptor))
    h.set(L.GDTR, 0x1000n)
    h.set32(L.GDTR + 8, 0x17)
    h.setSegment(L.CS, 8, 0xcf9b)
    for (const seg of [L.SS, L.DS, L.ES, L.FS, L.GS]) h.setSegment(seg, 0x10, 0xcf93)
    h.setSegment(L.TR, 0x30, 0x8b, 0x3000n, 0x67)
    h.ram.setUint32(0x3004, 0x9000, true)
    h.ram.setUint32(0x3008, 0x10, true)
    h.call('updateMode')
    const frame = [0x1234, 0x5000, 0x2_3202, 0xfffe, 0x6000, 0x7000, 0x7100, 0x7200, 0x7300]
    frame.forEach((value, i) => h.ram.setUint32(0x8000 + 4 * i, value, true))
    h.setGpr(RSP, 0x8000n)
    expect(h.call('iret', 4)).toBe(STATUS_JUMP)
    expect([h.get32(L.CPL), h.get(L.RIP), h.gpr(RSP)]).toEqual([3, 0x1234n, 0xfffen])
    expect([L.CS, L.SS, L.ES, L.DS, L.FS, L.GS].map((seg) => h.selector(seg))).toEqual([
      0x5000, 0x6000, 0x7000, 0x7100, 0x7200, 0x7300,
    ])
    expect(h.get32(L.MODE) & L.MODE_CODE).toBe(L.MODE_CODE16)

    h.set(L.IDTR, 0x4000n)
    h.set32(L.IDTR + 8, 0x7ff)
    h.write64(0x4000 + 8 * 0x20, 0x0000_8e00_0008_5555n)
    h.set(L.RIP, 0x1240n)
    expect(h.call('deliverInterrupt', 0x20)).toBe(STATUS_JUMP)
    const pushed = Array.from({ length: 9 }, (_, i) => h.ram.getUint32(0x9000 - 36 + 4 * i, true))
    expect(pushed).toEqual([0x1240, 0x5000, 0x2_3202, 0xfffe, 0x6000, 0x7000, 0x7100, 0x7200, 0x7300])
    expect([h.get32(L.CPL), h.get(L.RIP), h.gpr(RSP)]).toEqual([0, 0x5555n, 0x8fdcn])
    expect([L.DS, L.ES, L.FS, L.GS].map((seg) => h.selector(seg))).toEqual([0, 0, 0, 0])
    expect(h.value('getRflags') & 0x2_0200n).toBe(0n)
  })
})
