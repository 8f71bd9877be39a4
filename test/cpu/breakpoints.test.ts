/**
 * Debug exceptions as SDM Vol. 3B, 17.2 and 17.3 tell them: where the handler returns to, and what DR6 says. `debug` of kvm-unit-tests, which was
 * written against silicon, asks the rest.
 */
import { describe, expect, test } from 'vitest'
import * as S from '../../src/cpu/guest/private.ts'
import * as L from '../../src/cpu/layout.ts'
import { createMachine, haveHelpers, place, type TestMachine } from './machine.ts'

const CODE = 0x1_0000
const IDT = 0x7000
const HANDLER = 0x3_0000
const DATA = 0x5_0000n
const RSP = 0x8_0000n
const DR6_NONE = 0xffff_0ff0n
const TF = 0x100n
const RF = 0x1_0000n

/* DR7 for breakpoint 0: enabled, and what it waits for, of which length. */
const EXECUTE = 0x402n
const WRITE4 = 0xd_0402n
const ACCESS1 = 0x3_0402n
const PORT1 = 0x2_0402n

/** A machine in ring 0 whose #DB and NMI handlers halt, about to run `code` with DR0 and DR7 set by MOV. */
function start(code: readonly number[], dr0 = 0n, dr7 = 0x400n): TestMachine {
  const machine = createMachine()
  const { cpu, view } = machine
  for (const vector of [1, 2]) {
    view.setBigUint64(
      IDT + 16 * vector,
      BigInt(HANDLER & 0xffff) | (8n << 16n) | (0x8e00n << 32n) | (BigInt(HANDLER >>> 16) << 48n),
      true,
    )
    view.setBigUint64(IDT + 16 * vector + 8, 0n, true)
  }
  cpu.setState64(L.IDTR, BigInt(IDT))
  cpu.setState32(L.IDTR + 8, 0xfff)
  cpu.setState64(L.CR4, cpu.getState64(L.CR4) | 8n)
  place(machine, [0xf4], HANDLER)
  cpu.setGpr(0, dr0)
  cpu.setGpr(1, dr7)
  cpu.setGpr(4, RSP)
  // MOV DR0, RAX; MOV DR7, RCX; then the code under test.
  place(machine, [0x0f, 0x23, 0xc0, 0x0f, 0x23, 0xf9, ...code], CODE - 6)
  cpu.run(2)
  expect(cpu.rip).toBe(BigInt(CODE))
  cpu.setGpr(7, DATA)
  cpu.setGpr(6, DATA + 0x100n)
  return machine
}

/** Where the handler of the exception returns to, from which flags, and DR6. */
function trapped({ cpu, view }: TestMachine): { at: number; rf: boolean; dr6: bigint } {
  expect(cpu.run(200)).toBe('halted')
  expect(cpu.rip).toBe(BigInt(HANDLER + 1))
  const rsp = Number(cpu.gpr(4))
  return {
    at: Number(view.getBigUint64(rsp, true)) - CODE,
    rf: (view.getBigUint64(rsp + 16, true) & RF) !== 0n,
    dr6: cpu.getState64(L.DR + 48) ^ DR6_NONE,
  }
}

describe.skipIf(!haveHelpers)('debug exceptions', () => {
  test.each([
    // MOV [RDI], EAX: the trap comes behind it.
    ['a write', [0x89, 0x07, 0x90], DATA, WRITE4, 2],
    ['a write that overlaps from below', [0x48, 0x89, 0x47, 0xf9, 0x90], DATA, WRITE4, 4],
    ['a read', [0x8a, 0x07, 0x90], DATA, ACCESS1, 2],
    ['a read-modify-write', [0xff, 0x07, 0x90], DATA, WRITE4, 2],
    ['a push', [0x50, 0x90], RSP - 8n, WRITE4, 1],
    ['MOVS', [0xa5, 0x90], DATA, WRITE4, 1],
    ['a 16-byte store', [0x0f, 0x11, 0x07, 0x90], DATA + 12n, WRITE4, 3],
    ['IN', [0xe4, 0x60, 0x90], 0x60n, PORT1, 2],
    ['OUT', [0xe6, 0x60, 0x90], 0x60n, PORT1, 2],
  ] as const)('%s where a breakpoint watches', (_name, code, dr0, dr7, at) => {
    expect(trapped(start(code, dr0, dr7))).toEqual({ at, rf: false, dr6: 1n })
  })

  test.each([
    ['a read where writes are watched', [0x8b, 0x07, 0xf4], DATA, WRITE4],
    ['a write beside the watched bytes', [0x89, 0x47, 0x04, 0xf4], DATA, WRITE4],
    ['a port beside the watched one', [0xe4, 0x61, 0xf4], 0x60n, PORT1],
    ['a breakpoint that is not enabled', [0x89, 0x07, 0xf4], DATA, 0xd_0400n],
    ['a fetch where accesses are watched', [0x90, 0xf4], BigInt(CODE), ACCESS1],
  ] as const)('%s goes unnoticed', (_name, code, dr0, dr7) => {
    const { cpu } = start(code, dr0, dr7)
    expect(cpu.run(200)).toBe('halted')
    expect(cpu.rip).toBe(BigInt(CODE + code.length))
  })

  test('REP STOS stops behind the element that met a breakpoint, and goes on where it was', () => {
    const machine = start([0xf3, 0xab, 0x90], DATA + 40n, WRITE4)
    machine.cpu.setGpr(1, 100n)
    // Between two elements an interrupt saves RF: the instruction has begun.
    expect(trapped(machine)).toEqual({ at: 0, rf: true, dr6: 1n })
    expect([machine.cpu.gpr(1), machine.cpu.gpr(7)]).toEqual([89n, DATA + 44n])
  })

  test('an instruction breakpoint faults before its instruction; RF in the frame lets it pass', () => {
    const code = [0x90, 0xff, 0xc0, 0xeb, 0xfb]
    const machine = start(code, BigInt(CODE + 1), EXECUTE)
    expect(trapped(machine)).toEqual({ at: 1, rf: true, dr6: 1n })
    const { cpu } = machine
    const before = cpu.gpr(0)
    // IRETQ instead of the handler's HLT; the loop comes by again.
    place(machine, [0x48, 0xcf], HANDLER)
    cpu.setState32(L.HALTED, 0)
    cpu.run(1 + 2)
    expect(cpu.gpr(0)).toBe(before + 1n)
    expect(cpu.rip).toBe(BigInt(CODE))
    place(machine, [0xf4], HANDLER)
    cpu.rip = BigInt(CODE)
    expect(trapped(machine).at).toBe(1)
  })

  test('a loop in a page with a breakpoint runs to it each time, also when it was translated before', () => {
    // INC EAX; CMP EAX, 5000; JNE −9; NOP; HLT
    const loop = [0xff, 0xc0, 0x3d, 0x88, 0x13, 0, 0, 0x75, 0xf7, 0x90, 0xf4]
    const machine = start(loop)
    machine.cpu.setGpr(0, 0n)
    machine.cpu.run(10_000)
    machine.cpu.setState64(L.DR, BigInt(CODE + 9))
    place(machine, [0x0f, 0x23, 0xf9, 0xeb, 0x01, 0x90, ...loop], CODE - 6)
    machine.cpu.setGpr(1, EXECUTE)
    machine.cpu.rip = BigInt(CODE - 6)
    expect(machine.cpu.run(100_000)).toBe('halted')
    expect(machine.view.getBigUint64(Number(machine.cpu.gpr(4)), true)).toBe(BigInt(CODE + 9))
  })

  test('a single step and a breakpoint are one exception', () => {
    const machine = start([0x90, 0x89, 0x07, 0x90], DATA, WRITE4)
    machine.cpu.rip = BigInt(CODE + 1)
    machine.cpu.rflags = 2n | TF
    expect(trapped(machine)).toEqual({ at: 3, rf: false, dr6: 0x4001n })
  })

  test('with IA32_DEBUGCTL.BTF only a branch is stepped', () => {
    const machine = start([0x90, 0x90, 0xeb, 0x02, 0x90, 0x90, 0x90])
    machine.cpu.setState64(S.DEBUGCTL, 2n)
    machine.cpu.rflags = 2n | TF
    expect(trapped(machine)).toEqual({ at: 6, rf: false, dr6: 0x4000n })
    expect(machine.cpu.getState64(S.DEBUGCTL)).toBe(0n)
  })

  test('general detect: MOV from a debug register faults once', () => {
    const machine = start([0x0f, 0x21, 0xf2, 0x90], 0n, 0x2400n)
    expect(trapped(machine)).toEqual({ at: 0, rf: true, dr6: 0x2000n })
    expect(machine.cpu.getState64(L.DR + 56)).toBe(0x400n)
  })

  test('an interrupt waits for the instruction behind STI, wherever a run ends', () => {
    const machine = start([0xfb, 0x90, 0x90])
    machine.cpu.run(1)
    machine.cpu.setInterrupt(true)
    machine.bus.vector = 2
    machine.cpu.run(1)
    expect(machine.view.getBigUint64(Number(machine.cpu.gpr(4)), true)).toBe(BigInt(CODE + 2))
  })

  test('an NMI is blocked until IRET, and one of those that come meanwhile is kept', () => {
    const machine = start([0x90, 0x90, 0x90])
    const { cpu } = machine
    place(machine, [0x90, 0x48, 0xcf], HANDLER)
    cpu.rip = BigInt(CODE)
    cpu.nmi()
    cpu.run(1)
    expect(cpu.rip).toBe(BigInt(HANDLER + 1))
    cpu.nmi()
    cpu.nmi()
    // IRET, and at once the second one.
    cpu.run(1)
    expect(cpu.rip).toBe(BigInt(HANDLER))
    cpu.run(2)
    expect(cpu.rip).toBe(BigInt(CODE))
    cpu.run(1)
    expect(cpu.rip).toBe(BigInt(CODE + 1))
  })
})
