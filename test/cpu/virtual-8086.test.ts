/**
 * Virtual-8086 mode with and without its extensions (CR4.VME), protected-mode virtual interrupts (CR4.PVI), and the I/O permission bitmap, from SDM Vol. 3B, 21.2 to
 * 21.4, tables 21-1 and 21-2, and Vol. 1, 19.5. Neither 64-bit silicon nor QEMU can be asked. Each program ends with an event that reaches ring 0.
 */
import { describe, expect, test } from 'vitest'
import * as L from '../../src/cpu/layout.ts'
import { createMachine, type TestMachine } from './machine.ts'

const IDT = 0x7000
const TSS = 0x8000
const IO_MAP = 0x88
const HANDLERS = 0x9000
const STACK0 = 0xc000
/** Segments of the program: code, data and stack at 0x1000:0, and where its own handler of an interrupt lies. */
const PROGRAM = 0x1000
const OWN_HANDLER = 0x2000
const SP = 0x8000
/** The interrupt that the programs use, and its bit in the redirection bitmap. */
const INT = 0x21

const IF = 0x200
const TF = 0x100
const IOPL3 = 0x3000
const VM = 0x2_0000
const VIF = 0x8_0000
const VIP = 0x10_0000
const VME = 1n
const PVI = 2n

const GP = 13
const SS = 12
const UD = 6
const HLT = 0xf4

function prepare(cr4: bigint, redirects: boolean): TestMachine {
  const machine = createMachine(32)
  const { cpu, view, ram } = machine
  for (let vector = 0; vector < 48; vector++) {
    ram[HANDLERS + 16 * vector] = HLT
    view.setUint16(IDT + 8 * vector, HANDLERS + 16 * vector, true)
    view.setUint16(IDT + 8 * vector + 2, 0x18, true)
    view.setUint16(IDT + 8 * vector + 4, 0xee00, true)
  }
  cpu.setState64(L.IDTR, BigInt(IDT))
  cpu.setState32(L.IDTR + 8, 48 * 8 - 1)
  view.setUint32(TSS + 4, STACK0, true)
  view.setUint16(TSS + 8, 0x10, true)
  view.setUint16(TSS + 102, IO_MAP, true)
  ram.fill(0xff, TSS + IO_MAP - 32, TSS + IO_MAP)
  if (redirects) ram[TSS + IO_MAP - 32 + (INT >> 3)] = ~(1 << (INT & 7))
  // Ports 0 to 0x3ff, of which 0x80 and 0x82 to 0x87 are open.
  ram.fill(0xff, TSS + IO_MAP, TSS + IO_MAP + 129)
  ram[TSS + IO_MAP + 0x10] = 0x02
  cpu.setSegment(L.TR, { selector: 0x30, base: BigInt(TSS), limit: IO_MAP + 128, attributes: 0x8b })
  cpu.setState64(L.CR4, cr4)
  view.setUint32(4 * INT, OWN_HANDLER << 16, true)
  ram[OWN_HANDLER << 4] = HLT
  return machine
}

/** What the frame on the stack of ring 0 and the program's stack say. */
interface End {
  vector: number
  cs: number
  ip: number
  flags: number
  ax: number
  stack: number[]
}

function finish({ cpu, view }: TestMachine): End {
  expect(cpu.run(100)).toBe('halted')
  const vector = (Number(cpu.rip) - 1 - HANDLERS) / 16
  const isVm86 = (view.getUint32(STACK0 - 28, true) & VM) !== 0
  const frame = STACK0 - (isVm86 ? 36 : 20)
  const sp = view.getUint32(frame + 12, true)
  return {
    vector,
    cs: view.getUint16(frame + 4, true),
    ip: view.getUint32(frame, true),
    flags: view.getUint32(frame + 8, true),
    ax: Number(cpu.gpr(0) & 0xffffn),
    stack: Array.from({ length: 3 }, (_, i) =>
      view.getUint16((PROGRAM << 4) + ((sp + 2 * i) & 0xffff), true),
    ),
  }
}

interface Options {
  cr4?: bigint
  redirects?: boolean
  sp?: number
}

/** Runs the bytes, which HLT follows: it raises #GP(0) where it stands. */
function run8086(code: number[], flags: number, { cr4 = 0n, redirects = true, sp = SP }: Options = {}): End {
  const machine = prepare(cr4, redirects)
  const { cpu, ram } = machine
  for (const seg of [L.ES, L.CS, L.SS, L.DS, L.FS, L.GS])
    cpu.setSegment(seg, { selector: PROGRAM, base: BigInt(PROGRAM << 4), limit: 0xffff, attributes: 0xf3 })
  ram.set([...code, HLT], PROGRAM << 4)
  cpu.setState32(L.CPL, 3)
  cpu.setGpr(4, BigInt(sp))
  cpu.rflags = BigInt(flags | VM | 2)
  cpu.rip = 0n
  cpu.stateChanged()
  return finish(machine)
}

const CLI = [0xfa]
const STI = [0xfb]
const PUSHF_POP_AX = [0x9c, 0x58]
const PUSHFD = [0x66, 0x9c]
const push = (word: number): number[] => [0x68, word & 0xff, word >> 8]
const popf = (image: number): number[] => [...push(image), 0x9d]
const INT_N = [0xcd, INT]
const vme = { cr4: VME }

describe('flags that IOPL guards', () => {
  test.each([
    ['CLI', CLI],
    ['STI', STI],
    ['PUSHF', PUSHF_POP_AX],
    ['INT n', INT_N],
  ])('%s is #GP(0) when IOPL is below 3', (_, code) => {
    expect(run8086(code, IF)).toMatchObject({ vector: GP, cs: PROGRAM, ip: 0 })
  })

  test.each([
    ['POPF', popf(0)],
    ['IRET', [...push(0), ...push(PROGRAM), ...push(0), 0xcf]],
  ])('%s too', (_, code) => {
    expect(run8086(code, IF)).toMatchObject({ vector: GP, ip: code.length - 1 })
  })

  test.each([
    ['CLI', CLI, IF | VIF, VIF],
    ['STI', STI, 0, IF],
    ['POPF', popf(IF), 0, IF],
  ])('with IOPL 3 %s works on IF', (_, code, before, after) => {
    const end = run8086(code, before | IOPL3, vme)
    expect(end).toMatchObject({ vector: GP, ip: code.length })
    expect(end.flags & (IF | VIF)).toBe(after)
  })

  test.each([
    ['CLI', CLI, IF | VIF, IF],
    ['STI', STI, 0, VIF],
    ['POPF', popf(IF), IF, IF | VIF],
    ['POPF', popf(IOPL3), IF | VIF, IF],
  ])('under VME %s works on VIF', (_, code, before, after) => {
    const end = run8086(code, before, vme)
    expect(end).toMatchObject({ vector: GP, ip: code.length })
    expect(end.flags & (IF | VIF | IOPL3)).toBe(after)
  })

  test.each([
    [VIF, IF],
    [0, 0],
  ])('under VME PUSHF shows VIF %i in place of IF, and IOPL 3', (vif, shown) => {
    expect(run8086(PUSHF_POP_AX, IF | vif, vme).ax & (IF | IOPL3)).toBe(shown | IOPL3)
  })

  test.each([
    ['STI while VIP', STI, VIP, 0],
    ['POPF of IF while VIP', popf(IF), VIP, 3],
    ['POPF of TF', popf(TF), 0, 3],
    ['PUSHFD', PUSHFD, 0, 0],
    ['IRETD', [0x66, 0xcf], 0, 0],
  ])('under VME %s is #GP(0)', (_, code, flags, ip) => {
    expect(run8086(code, IF | flags, vme)).toMatchObject({ vector: GP, ip })
  })

  test('under VME IRET loads VIF', () => {
    const code = [...push(IF | 1), ...push(PROGRAM), ...push(20), 0xcf]
    const end = run8086([...code, ...Array.from({ length: 10 }, () => HLT)], 0, vme)
    expect(end).toMatchObject({ vector: GP, ip: 20, cs: PROGRAM })
    expect(end.flags & (IF | VIF | 1)).toBe(VIF | 1)
  })
})

describe('INT n', () => {
  const inside = { vector: GP, cs: OWN_HANDLER, ip: 0 }

  test('method 5: IOPL 3, redirected into the program, with IF cleared', () => {
    const end = run8086(INT_N, IF | IOPL3, vme)
    expect(end).toMatchObject(inside)
    expect(end.stack).toEqual([2, PROGRAM, IF | IOPL3 | 2])
    expect(end.flags & IF).toBe(0)
  })

  test('method 6: IOPL below 3, redirected, with VIF shown as IF and cleared', () => {
    const end = run8086(INT_N, IF | VIF, vme)
    expect(end).toMatchObject(inside)
    expect(end.stack).toEqual([2, PROGRAM, IF | IOPL3 | 2])
    expect(end.flags & (IF | VIF)).toBe(IF)
  })

  test.each([
    ['method 4: not redirected, IOPL 3', IOPL3, { cr4: VME, redirects: false }, INT, 2],
    ['method 3: not redirected, IOPL below 3', 0, { cr4: VME, redirects: false }, GP, 0],
    ['method 1: no VME, IOPL 3', IOPL3, {}, INT, 2],
    ['method 2: no VME, IOPL below 3', 0, {}, GP, 0],
  ])('%s', (_, flags, options, vector, ip) => {
    expect(run8086(INT_N, flags, options)).toMatchObject({ vector, cs: PROGRAM, ip })
  })

  test('INT3 goes through the IDT whatever IOPL is', () => {
    expect(run8086([0xcc], 0, vme)).toMatchObject({ vector: 3, ip: 1 })
  })
})

test.each([
  ['ARPL', [0x63, 0xc8]],
  ['SLDT', [0x0f, 0x00, 0xc0]],
  ['STR', [0x0f, 0x00, 0xc8]],
  ['LLDT', [0x0f, 0x00, 0xd0]],
  ['VERR', [0x0f, 0x00, 0xe0]],
  ['LAR', [0x0f, 0x02, 0xc0]],
  ['LSL', [0x0f, 0x03, 0xc0]],
])('%s does not exist there', (_, code) => {
  expect(run8086(code, IOPL3)).toMatchObject({ vector: UD, ip: 0 })
})

test.each([
  ['a word at 0xffff', [0xbb, 0xff, 0xff, 0x8b, 0x07], SP, GP, 3],
  ['a word pushed to 0xffff', [0x50], 1, SS, 0],
  ['a word popped from 0xffff', [0x58], 0xffff, SS, 0],
  ['a jump beyond 64 KiB', [0x66, 0xe9, 0, 0, 1, 0], SP, GP, 0],
])('the limit is 64 KiB: %s', (_, code, sp, vector, ip) => {
  expect(run8086(code, IOPL3, { sp })).toMatchObject({ vector, ip })
})

test.each([
  ['a byte of an open port', [0xe4, 0x80], true],
  ['a byte of a closed port', [0xe4, 0x81], false],
  ['a word whose second byte is closed', [0xe5, 0x80], false],
  ['a doubleword of open ports', [0x66, 0xe7, 0x82], true],
  ['a port beyond the limit of the TSS', [0xba, 0x00, 0x10, 0xec], false],
])('the I/O bitmap decides even at IOPL 3: %s', (_, code, isOpen) => {
  const ip = isOpen ? code.length : code.length > 3 && code[0] === 0xba ? 3 : 0
  expect(run8086(code, IOPL3)).toMatchObject({ vector: GP, ip })
})

describe('protected-mode virtual interrupts', () => {
  const run = (code: number[], flags: number, cr4: bigint): End => {
    const machine = prepare(cr4, false)
    const { cpu, ram } = machine
    ram.set([...code, HLT], 0x1_0000)
    for (const seg of [L.ES, L.SS, L.DS])
      cpu.setSegment(seg, { selector: 0x23, base: 0n, limit: 0xffff_ffff, attributes: 0xc0f3 })
    cpu.setSegment(L.CS, { selector: 0x1b, base: 0n, limit: 0xffff_ffff, attributes: 0xc0fb })
    cpu.setState32(L.CPL, 3)
    cpu.rflags = BigInt(flags | 2)
    cpu.rip = 0x1_0000n
    cpu.stateChanged()
    return finish(machine)
  }

  test.each([
    ['CLI', CLI, IF | VIF, IF],
    ['STI', STI, 0, VIF],
  ])('%s works on VIF', (_, code, before, after) => {
    const end = run(code, before, PVI)
    expect(end).toMatchObject({ vector: GP, ip: 0x1_0001 })
    expect(end.flags & (IF | VIF)).toBe(after)
  })

  test.each([
    ['STI while VIP', STI, VIP, PVI],
    ['CLI without PVI', CLI, 0, 0n],
    ['STI under VME alone', STI, 0, VME],
  ])('%s is #GP(0)', (_, code, flags, cr4) => {
    expect(run(code, flags, cr4)).toMatchObject({ vector: GP, ip: 0x1_0000 })
  })
})
