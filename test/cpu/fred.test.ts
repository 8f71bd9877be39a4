/**
 * FRED as Intel's specification 5.0 has it: what each event leaves on which stack, and what the two returns accept. The words of the frames are
 * written out here from the specification's tables 5-1 to 5-3; Linux reads them in the same places (arch/x86/include/asm/fred.h, ptrace.h).
 */
import { describe, expect, test } from 'vitest'
import * as S from '../../src/cpu/guest/private.ts'
import * as L from '../../src/cpu/layout.ts'
import { createMachine, haveHelpers, place, type TestMachine } from './machine.ts'

const CODE = 0x1_0000
const ENTRY = 0x3_0000
const STACKS = [0x4_1000, 0x4_2000, 0x4_3000, 0x4_4000]
const USER_RSP = 0x7_0000n
const KERNEL_RSP = 0x8_0008n
const CR4_FRED = 1n << 32n
/** Nothing is mapped from 1 GiB on. */
const UNMAPPED = 0x4000_0000
const RFLAGS = 0x202n

interface Frame {
  error: bigint
  rip: bigint
  cs: bigint
  rflags: bigint
  rsp: bigint
  ss: bigint
  data: bigint
}

/** A machine with FRED on, about to run `code` in a ring. The handlers halt. */
function start(code: readonly number[], ring: 0 | 3): TestMachine {
  const machine = createMachine()
  const { cpu } = machine
  cpu.setState64(L.CR4, cpu.getState64(L.CR4) | CR4_FRED)
  cpu.setState64(S.FRED_CONFIG, BigInt(ENTRY) | (1n << 9n) | 0x40n)
  STACKS.forEach((rsp, level) => cpu.setState64(S.FRED_RSP0 + 8 * level, BigInt(rsp)))
  // #DF on level 3, NMI and #PF on level 2, #DB on level 1.
  cpu.setState64(S.FRED_STKLVLS, (3n << 16n) | (2n << 4n) | (2n << 28n) | (1n << 2n))
  cpu.setState64(L.STAR, (0x1bn << 48n) | (0x8n << 32n))
  cpu.setState64(L.KERNEL_GS_BASE, 0x1111n)
  if (ring === 3) {
    cpu.setSegment(L.CS, { selector: 0x2b, base: 0n, limit: 0xffff_ffff, attributes: 0xa0fb })
    cpu.setSegment(L.SS, { selector: 0x23, base: 0n, limit: 0xffff_ffff, attributes: 0xc0f3 })
    cpu.setState32(L.CPL, 3)
  }
  cpu.setGpr(4, ring === 3 ? USER_RSP : KERNEL_RSP)
  for (const entry of [ENTRY, ENTRY + 256]) place(machine, [0xf4], entry)
  place(machine, code, CODE)
  cpu.rflags = RFLAGS
  cpu.stateChanged()
  return machine
}

function frameAt(machine: TestMachine): Frame {
  const rsp = Number(machine.cpu.gpr(4))
  const [error, rip, cs, rflags, saved, ss, data, reserved] = Array.from({ length: 8 }, (_, n) =>
    machine.view.getBigUint64(rsp + 8 * n, true),
  )
  expect(reserved).toBe(0n)
  return { error: error!, rip: rip!, cs: cs!, rflags: rflags!, rsp: saved!, ss: ss!, data: data! }
}

/** The SS word: vector, type and length of the event, the selector, and what returning must do. */
function ssWord(
  selector: number,
  event: { vector: number; type: number; length?: number; nested?: boolean; bits?: number },
): bigint {
  const { vector, type, length = 0, nested = false, bits = 0 } = event
  const information =
    BigInt(vector) | (BigInt(type) << 16n) | (1n << 25n) | (BigInt(nested) << 26n) | (BigInt(length) << 28n)
  return BigInt(selector) | BigInt(bits) | (information << 32n)
}

const SOFTWARE = 1 << 17
const NMI = 1 << 18
const RF = 0x1_0000n

describe.skipIf(!haveHelpers)('FRED', () => {
  test.each([
    ['SYSCALL', [0x0f, 0x05], { vector: 1, type: 7, length: 2, bits: SOFTWARE }, {}],
    ['SYSENTER', [0x0f, 0x34], { vector: 2, type: 7, length: 2, bits: SOFTWARE }, {}],
    ['INT 80H', [0xcd, 0x80], { vector: 0x80, type: 4, length: 2, bits: SOFTWARE }, {}],
    ['INT3', [0xcc], { vector: 3, type: 6, length: 1 }, {}],
    ['INT1', [0xf1], { vector: 1, type: 5, length: 1 }, {}],
    ['#UD', [0x0f, 0x0b], { vector: 6, type: 3 }, { rip: BigInt(CODE), rflags: RFLAGS | RF }],
    ['#GP', [0xf4], { vector: 13, type: 3 }, { rip: BigInt(CODE), rflags: RFLAGS | RF }],
    [
      '#PF',
      [0x8b, 0x04, 0x25, 0, 0, 0, 0x40],
      { vector: 14, type: 3 },
      { rip: BigInt(CODE), rflags: RFLAGS | RF, error: 4n, data: BigInt(UNMAPPED) },
    ],
  ] as const)(
    '%s in ring 3 enters at the page, on the stack of level 0',
    (_name, code, event, exceptional) => {
      const machine = start(code, 3)
      const { cpu } = machine
      expect(cpu.run(100)).toBe('halted')
      expect(cpu.rip).toBe(BigInt(ENTRY + 1))
      expect(cpu.gpr(4)).toBe(BigInt(STACKS[0]! - 64))
      expect(frameAt(machine)).toEqual({
        error: 0n,
        rip: BigInt(CODE + code.length),
        cs: 0x2bn,
        rflags: RFLAGS,
        rsp: USER_RSP,
        ss: ssWord(0x23, event),
        data: 0n,
        ...exceptional,
      })
      expect(cpu.rflags).toBe(2n)
      expect(cpu.getState32(L.CPL)).toBe(0)
      expect(cpu.getState64(L.SEGMENTS + L.GS * L.SEG_SIZE + L.SEG_BASE)).toBe(0x1111n)
      expect(cpu.getState64(L.KERNEL_GS_BASE)).toBe(0n)
    },
  )

  test('an event in ring 0 enters 256 bytes further on, below the red zone of its own stack', () => {
    const machine = start([0x0f, 0x0b], 0)
    expect(machine.cpu.run(100)).toBe('halted')
    expect(machine.cpu.rip).toBe(BigInt(ENTRY + 257))
    // 0x80008 − 64 bytes of red zone, aligned to 64, − 64 bytes of frame.
    expect(machine.cpu.gpr(4)).toBe(0x7_ff80n)
    expect(frameAt(machine)).toMatchObject({
      cs: 8n,
      rsp: KERNEL_RSP,
      ss: ssWord(0x10, { vector: 6, type: 3 }),
    })
  })

  test('an interrupt goes to the level of the configuration, which the frame remembers', () => {
    const machine = start([0x90, 0x90], 0)
    machine.cpu.setInterrupt(true)
    machine.bus.vector = 0x31
    expect(machine.cpu.run(100)).toBe('halted')
    expect(machine.cpu.gpr(4)).toBe(BigInt(STACKS[1]! - 64))
    expect(machine.cpu.getState64(S.FRED_CONFIG) & 3n).toBe(1n)
    expect(frameAt(machine)).toMatchObject({ cs: 8n, ss: ssWord(0x10, { vector: 0x31, type: 0 }) })
  })

  test('a fault of delivery is nested, on the level of its vector; then a double fault; then the end', () => {
    for (const [broken, level, event] of [
      [1, 2, { vector: 14, type: 3, nested: true }],
      [2, 3, { vector: 8, type: 3 }],
    ] as const) {
      const machine = start([0x0f, 0x05], 3)
      for (const n of [0, 2].slice(0, broken))
        machine.cpu.setState64(S.FRED_RSP0 + 8 * n, BigInt(UNMAPPED + 0x1000))
      expect(machine.cpu.run(100)).toBe('halted')
      expect(machine.cpu.gpr(4)).toBe(BigInt(STACKS[level]! - 64))
      expect(frameAt(machine)).toMatchObject({ rip: BigInt(CODE), cs: 0x2bn, ss: ssWord(0x23, event) })
    }
    const machine = start([0x0f, 0x05], 3)
    for (const n of [0, 2, 3]) machine.cpu.setState64(S.FRED_RSP0 + 8 * n, BigInt(UNMAPPED + 0x1000))
    expect(machine.cpu.run(100)).toBe('triple-fault')
  })

  test('an NMI blocks the next one until a return whose frame says so', () => {
    const machine = start([0x90, 0x90, 0x90], 3)
    const { cpu } = machine
    // The handler returns; it runs on level 2 of ring 0 only when ring 0 was interrupted.
    place(machine, [0x90, 0xf3, 0x0f, 0x01, 0xca], ENTRY)
    cpu.rip = BigInt(CODE)
    cpu.nmi()
    cpu.run(1)
    expect(frameAt(machine).ss).toBe(ssWord(0x23, { vector: 2, type: 2, bits: NMI }))
    expect(cpu.rip).toBe(BigInt(ENTRY + 1))
    cpu.nmi()
    // It waits until ERETU is complete, and is taken before the instruction that was returned to.
    cpu.run(1)
    expect([cpu.rip, cpu.gpr(4)]).toEqual([BigInt(ENTRY), BigInt(STACKS[0]! - 64)])
    expect(frameAt(machine)).toMatchObject({ rip: BigInt(CODE), cs: 0x2bn })
  })

  /** A machine in ring 0 with a frame on its stack, about to return by ERETS (F2) or ERETU (F3). */
  function returning(
    prefix: 0xf2 | 0xf3,
    frame: Partial<Record<'rip' | 'cs' | 'rflags' | 'ss', bigint>>,
  ): TestMachine {
    const machine = start([prefix, 0x0f, 0x01, 0xca], 0)
    const user = prefix === 0xf3
    const words = {
      error: 0n,
      rip: 0x2_0000n,
      cs: user ? 0x2bn : 8n,
      rflags: RFLAGS,
      rsp: USER_RSP,
      ss: user ? 0x23n : 0x10n,
      ...frame,
    }
    machine.cpu.setGpr(4, 0x6_0000n)
    Object.values(words).forEach((word, n) =>
      machine.view.setBigUint64(0x6_0000 + 8 * n, BigInt.asUintN(64, word), true),
    )
    place(machine, [0x90, 0x90], 0x2_0000)
    machine.cpu.rip = BigInt(CODE)
    return machine
  }

  test('ERETU goes to ring 3 and exchanges the bases of GS', () => {
    const { cpu } = returning(0xf3, { rflags: RFLAGS | 0x40n })
    cpu.run(1)
    expect([cpu.rip, cpu.gpr(4), cpu.rflags, cpu.getState32(L.CPL)]).toEqual([
      0x2_0000n,
      USER_RSP,
      RFLAGS | 0x40n,
      3,
    ])
    expect(cpu.getState64(L.SEGMENTS + L.GS * L.SEG_SIZE + L.SEG_BASE)).toBe(0x1111n)
  })

  test('ERETU to the selector for compatibility mode has 32 bits', () => {
    const { cpu } = returning(0xf3, { rip: 0x7fff_0002_0000n, cs: 0x1bn })
    cpu.run(1)
    expect([cpu.rip, cpu.getState32(L.MODE) & L.MODE_CODE]).toEqual([0x2_0000n, L.MODE_CODE32])
  })

  test('ERETS lowers the stack level and never raises it', () => {
    for (const [current, saved, after] of [
      [2n, 1n, 1n],
      [1n, 3n, 1n],
    ] as const) {
      const { cpu } = returning(0xf2, { cs: 8n | (saved << 16n) })
      cpu.setState64(S.FRED_CONFIG, cpu.getState64(S.FRED_CONFIG) | current)
      cpu.run(1)
      expect([cpu.rip, cpu.gpr(4), cpu.getState64(S.FRED_CONFIG) & 3n]).toEqual([0x2_0000n, USER_RSP, after])
    }
  })

  test('the single step that SYSCALL owes comes after ERETU', () => {
    const machine = returning(0xf3, { rflags: RFLAGS | 0x100n, ss: 0x23n | BigInt(SOFTWARE) })
    expect(machine.cpu.run(100)).toBe('halted')
    expect(frameAt(machine)).toMatchObject({
      rip: 0x2_0000n,
      ss: ssWord(0x23, { vector: 1, type: 3 }),
      data: 0x4000n,
    })
  })

  test.each([
    ['ERETU: RIP is not canonical', 0xf3, { rip: 1n << 63n }],
    ['ERETU: CS of ring 0', 0xf3, { cs: 8n }],
    ['ERETU: bits above CS', 0xf3, { cs: 0x1_002bn }],
    ['ERETU: SS of ring 0', 0xf3, { ss: 0x10n }],
    ['ERETU: IOPL', 0xf3, { rflags: RFLAGS | 0x1000n }],
    ['ERETU: VM', 0xf3, { rflags: RFLAGS | 0x2_0000n }],
    ['ERETS: another CS', 0xf2, { cs: 0x2bn }],
    ['ERETS: another SS', 0xf2, { ss: 0x23n }],
    ['ERETS: bit 1 of RFLAGS clear', 0xf2, { rflags: 0n }],
    ['ERETS: RIP is not canonical', 0xf2, { rip: 1n << 63n }],
  ] as const)('%s: #GP(0)', (_name, prefix, frame) => {
    const machine = returning(prefix, frame)
    expect(machine.cpu.run(100)).toBe('halted')
    expect(frameAt(machine)).toMatchObject({
      rip: BigInt(CODE),
      error: 0n,
      ss: ssWord(0x10, { vector: 13, type: 3 }),
    })
  })

  test.each([
    ['SWAPGS', [0x0f, 0x01, 0xf8], 0, 6],
    ['SYSRET', [0x0f, 0x07], 0, 6],
    ['SYSEXIT', [0x0f, 0x35], 0, 6],
    ['ERETU in ring 3', [0xf3, 0x0f, 0x01, 0xca], 3, 6],
    ['ERETS in ring 3', [0xf2, 0x0f, 0x01, 0xca], 3, 6],
    ['LKGS in ring 3', [0xf2, 0x0f, 0x00, 0xf0], 3, 6],
  ] as const)('%s does not exist', (_name, code, ring, vector) => {
    const machine = start(code, ring)
    expect(machine.cpu.run(100)).toBe('halted')
    expect(frameAt(machine).ss).toBe(ssWord(ring ? 0x23 : 0x10, { vector, type: 3 }))
  })

  test('LKGS loads the base of a segment into IA32_KERNEL_GS_BASE', () => {
    const { cpu, view } = start([0xf2, 0x0f, 0x00, 0xf0, 0xf4], 0)
    // Data with base 0x00345678 at selector 10H.
    view.setBigUint64(0x6000 + 0x10, 0x00cf_9334_5678_ffffn, true)
    cpu.setGpr(0, 0x10n)
    cpu.setState64(L.SEGMENTS + L.GS * L.SEG_SIZE + L.SEG_BASE, 0x2222n)
    expect(cpu.run(100)).toBe('halted')
    expect(cpu.getState64(L.KERNEL_GS_BASE)).toBe(0x0034_5678n)
    expect(cpu.getState64(L.SEGMENTS + L.GS * L.SEG_SIZE + L.SEG_BASE)).toBe(0x2222n)
  })

  test('without CR4.FRED the returns are undefined, and nothing is delivered by it', () => {
    const { cpu } = start([0xf3, 0x0f, 0x01, 0xca], 0)
    cpu.setState64(L.CR4, cpu.getState64(L.CR4) & ~CR4_FRED)
    cpu.setState32(L.IDTR + 8, 0)
    cpu.stateChanged()
    expect(cpu.run(100)).toBe('triple-fault')
    expect(cpu.describeTripleFault()).toMatch(/^#UD/)
  })
})
