/** Pages below the end of RAM at which something else answers, and code in a ROM above it. */
import { expect, test } from 'vitest'
import { al, Assembler, eax, ecx, mem, rdi, rsi } from '../../src/isa/index.ts'
import { CS, HALTED } from '../../src/cpu/layout.ts'
import { createMachine, place } from './machine.ts'

const PAGE = 0x2_0000
const ROM_GPA = 0x3f00_0000

function assemble(build: (asm: Assembler) => void, bits: 32 | 64 = 64): Uint8Array {
  const asm = new Assembler(bits)
  build(asm)
  return asm.finish().bytes
}

test('a page of ROM reads as its bytes and drops writes, also right after it was RAM', () => {
  const machine = createMachine()
  const { cpu, ram } = machine
  ram[PAGE] = 0x11
  const code = assemble((asm) =>
    asm
      .emit('mov', mem({ disp: PAGE, size: 8 }), 0x22)
      .emit('mov', al, mem({ disp: PAGE }))
      .emit('hlt'),
  )
  place(machine, code)
  cpu.run(100)
  expect(ram[PAGE]).toBe(0x22)
  cpu.setPages(PAGE, 4096, 'rom')
  ram[PAGE] = 0x33
  place(machine, code)
  cpu.setState32(HALTED, 0)
  cpu.run(100)
  expect([ram[PAGE], cpu.gpr(0) & 0xffn]).toEqual([0x33, 0x33n])
})

test('a page of a device goes to the bus, for plain and for string accesses, until it is RAM again', () => {
  const machine = createMachine()
  const { cpu, bus, ram } = machine
  cpu.setPages(PAGE, 4096, 'device')
  place(
    machine,
    assemble((asm) => {
      asm.emit('mov', mem({ disp: PAGE + 8, size: 8 }), 0x41).emit('mov', al, mem({ disp: PAGE + 9 }))
      asm
        .emit('mov', rsi, PAGE)
        .emit('mov', rdi, PAGE + 16)
        .emit('mov', ecx, 2)
        .prefix('rep')
        .emit('movsb')
        .emit('hlt')
    }),
  )
  cpu.run(100)
  expect(bus.log).toEqual(['w1 20008 41', 'r1 20009', 'r1 20000', 'w1 20010 ff', 'r1 20001', 'w1 20011 ff'])
  expect(ram.subarray(PAGE, PAGE + 32).every((byte) => byte === 0)).toBe(true)

  cpu.setPages(PAGE, 4096, 'ram')
  place(
    machine,
    assemble((asm) => asm.emit('mov', mem({ disp: PAGE, size: 8 }), 0x41).emit('hlt')),
  )
  cpu.setState32(HALTED, 0)
  cpu.run(100)
  expect(ram[PAGE]).toBe(0x41)
})

test('code in a device page runs one instruction at a time; code that crosses into one, too', () => {
  const machine = createMachine()
  const { cpu, bus, ram } = machine
  cpu.setPages(PAGE, 4096, 'device')
  // MOV EAX, 0x12345678 with its last two bytes on the device's page, then NOP and HLT.
  for (const [i, byte] of [0x34, 0x12, 0x90, 0xf4].entries()) bus.mmio.set(PAGE + i, byte)
  ram.set([0xb8, 0x78, 0x56], PAGE - 3)
  cpu.rip = BigInt(PAGE - 3)
  expect(cpu.run(100)).toBe('halted')
  expect([cpu.gpr(0), cpu.retired]).toEqual([0x12345678n, 3])
})

test('code in a ROM outside RAM is decoded once, and counts exactly', () => {
  const machine = createMachine()
  const { cpu, bus } = machine
  const rom = new Uint8Array(0x2000)
  rom.set(
    assemble((asm) => {
      const again = asm.label('again')
      asm.emit('mov', ecx, 1000).emit('xor', eax, eax)
      asm.bind(again)
      asm.emit('add', eax, ecx).emit('dec', ecx).emit('jne', again).emit('hlt')
    }),
    0xffe,
  )
  cpu.addRom(ROM_GPA, rom)
  for (const [i, byte] of rom.entries()) bus.mmio.set(ROM_GPA + i, byte)
  cpu.rip = BigInt(ROM_GPA + 0xffe)
  expect(cpu.run(100_000)).toBe('halted')
  expect([cpu.gpr(0), cpu.retired]).toEqual([500_500n, 3003])
  // The bus was asked for the instruction on two pages alone.
  expect(bus.log.length).toBeLessThan(40)
})

test('an instruction that crosses a page runs in a code segment with a base', () => {
  const machine = createMachine(32)
  const { cpu, ram } = machine
  // MOV EAX, 0x12345678; HLT. The base is chosen so that the offset in the segment looks nothing like the address.
  ram.set([0xb8, 0x78, 0x56, 0x34, 0x12, 0xf4], PAGE - 3)
  cpu.setSegment(CS, { selector: 0x18, base: 0x5000n, limit: 0xffff_ffff, attributes: 0xc09b })
  cpu.stateChanged()
  cpu.rip = BigInt(PAGE - 3 - 0x5000)
  expect(cpu.run(100)).toBe('halted')
  expect([cpu.gpr(0), cpu.retired]).toEqual([0x1234_5678n, 2])
})
