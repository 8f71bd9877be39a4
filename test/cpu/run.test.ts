import { describe, expect, test } from 'vitest'
import {
  Assembler,
  al,
  eax,
  ecx,
  edx,
  mem,
  r8,
  rax,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
} from '../../src/isa/index.ts'
import * as L from '../../src/cpu/layout.ts'
import { EVENT_CALL, EVENT_RET } from '../../src/cpu/probe.ts'
import { createMachine, haveHelpers, place, type TestMachine } from './machine.ts'

const BASE = 0x10000
const IDT = 0x7000

/** Points the IDT at handlers; `ist` 0: the frame goes on the interrupted stack. */
function setHandlers(machine: TestMachine, handlers: Record<number, number>): void {
  for (const [vector, target] of Object.entries(handlers)) {
    const at = IDT + 16 * Number(vector)
    machine.view.setUint16(at, target & 0xffff, true)
    machine.view.setUint16(at + 2, 8, true)
    machine.view.setUint16(at + 4, 0x8e00, true)
    machine.view.setUint16(at + 6, target >>> 16, true)
  }
  machine.cpu.setState64(L.IDTR, BigInt(IDT))
  machine.cpu.setState32(L.IDTR + 8, 0xfff)
}

function assemble(build: (asm: Assembler) => void, mode: 32 | 64 = 64): Uint8Array {
  const asm = new Assembler(mode)
  build(asm)
  return asm.finish().bytes
}

/** Sum of rcx … 1 in a loop of three instructions. */
function sumLoop(asm: Assembler): void {
  const again = asm.label('again')
  asm.emit('xor', eax, eax)
  asm.bind(again)
  asm.emit('add', rax, rcx).emit('dec', rcx).emit('jne', again)
  asm.emit('hlt')
}

function fibonacci(asm: Assembler): void {
  const fib = asm.label('fib')
  const small = asm.label('small')
  asm.emit('call', fib).emit('hlt')
  asm.bind(fib)
  asm.emit('cmp', rdi, 2).emit('jb', small)
  asm.emit('push', rbx).emit('push', rdi)
  asm.emit('dec', rdi).emit('call', fib)
  asm.emit('mov', rbx, rax)
  asm.emit('pop', rdi).emit('sub', rdi, 2).emit('call', fib)
  asm.emit('add', rax, rbx).emit('pop', rbx).emit('ret')
  asm.bind(small)
  asm.emit('mov', rax, rdi).emit('ret')
}

describe.skipIf(!haveHelpers)('programs', () => {
  test('a loop, its result, and the exact count', () => {
    const machine = createMachine()
    place(machine, assemble(sumLoop))
    machine.cpu.setGpr(1, 1000n)
    expect(machine.cpu.run(1_000_000)).toBe('halted')
    expect(machine.cpu.gpr(0)).toBe(500500n)
    expect(machine.cpu.retired).toBe(1 + 3 * 1000 + 1)
  })

  test('every budget stops after exactly so many instructions, with the same state', () => {
    const reference = createMachine()
    const code = assemble(fibonacci)
    place(reference, code)
    reference.cpu.setGpr(7, 6n)
    const states: string[] = []
    const snapshot = ({ cpu }: TestMachine): string =>
      [cpu.rip, ...[0, 3, 4, 7].map((n) => cpu.gpr(n)), cpu.rflags].join()
    for (let count = 0; ; count++) {
      states.push(snapshot(reference))
      expect(reference.cpu.retired).toBe(count)
      if (reference.cpu.run(1) === 'halted') break
    }
    expect(reference.cpu.gpr(0)).toBe(8n)
    for (const budget of [2, 3, 5, 7, 64, 100]) {
      const machine = createMachine()
      place(machine, code)
      machine.cpu.setGpr(7, 6n)
      let end = 'budget'
      for (let count = budget; end === 'budget'; count += budget) {
        end = machine.cpu.run(budget)
        if (end !== 'budget') break
        expect(machine.cpu.retired).toBe(count)
        expect(snapshot(machine)).toBe(states[count])
      }
      expect(machine.cpu.retired).toBe(reference.cpu.retired)
    }
  })

  test('recursion and memory: a sieve', () => {
    const machine = createMachine()
    const limit = 1000
    place(
      machine,
      assemble((asm) => {
        const [outer, inner, next, mark] = ['outer', 'inner', 'next', 'mark'].map((n) => asm.label(n))
        asm.emit('mov', rsi, 0x20000).emit('mov', rcx, 2).emit('xor', edx, edx)
        asm.bind(outer!)
        asm.emit('cmp', mem({ base: rsi, index: rcx, size: 8 }), 0).emit('jne', next!)
        asm.emit('inc', rdx).emit('lea', rbx, mem({ base: rcx, index: rcx }))
        asm.bind(inner!)
        asm.emit('cmp', rbx, limit).emit('jae', next!)
        asm.bind(mark!)
        asm
          .emit('mov', mem({ base: rsi, index: rbx, size: 8 }), 1)
          .emit('add', rbx, rcx)
          .emit('jmp', inner!)
        asm.bind(next!)
        asm.emit('inc', rcx).emit('cmp', rcx, limit).emit('jb', outer!).emit('hlt')
      }),
    )
    expect(machine.cpu.run(1_000_000)).toBe('halted')
    expect(machine.cpu.gpr(2)).toBe(168n)
  })

  test('32-bit code', () => {
    const machine = createMachine(32)
    place(
      machine,
      assemble((asm) => {
        const again = asm.label()
        asm.emit('xor', eax, eax).bind(again)
        asm
          .emit('add', eax, ecx)
          .emit('push', eax)
          .emit('pop', edx)
          .emit('dec', ecx)
          .emit('jne', again)
          .emit('hlt')
      }, 32),
    )
    machine.cpu.setGpr(1, 100n)
    expect(machine.cpu.run(10_000)).toBe('halted')
    expect([machine.cpu.gpr(0), machine.cpu.gpr(2), machine.cpu.gpr(4)]).toEqual([5050n, 5050n, 0x80000n])
    expect(machine.cpu.retired).toBe(502)
  })
})

describe.skipIf(!haveHelpers)('faults', () => {
  test('a fault in the middle of a block is precise and does not retire', () => {
    const machine = createMachine()
    const bad = 0x4000_0000_0000
    place(
      machine,
      assemble((asm) => {
        asm.emit('mov', rax, 1).emit('mov', rbx, bad)
        asm.emit('add', rax, 5)
        asm.emit('add', rax, mem({ base: rbx }))
        asm.emit('mov', rax, 99)
        asm.emit('hlt')
      }),
    )
    const handler = 0x11000
    machine.ram[handler] = 0xf4
    setHandlers(machine, { 14: handler })
    expect(machine.cpu.run(100)).toBe('halted')
    expect(machine.cpu.gpr(0)).toBe(6n)
    expect(machine.cpu.getState64(L.CR2)).toBe(BigInt(bad))
    // Three instructions and the handler's HLT.
    expect(machine.cpu.retired).toBe(4)
    const frame = Number(machine.cpu.gpr(4))
    const addRip =
      BASE + assemble((asm) => asm.emit('mov', rax, 1).emit('mov', rbx, bad).emit('add', rax, 5)).length
    expect(Number(machine.view.getBigUint64(frame + 8, true))).toBe(addRip)
  })

  test('a jump to an instruction whose second page is missing links to it, not to the handler', () => {
    const machine = createMachine()
    const { cpu, view } = machine
    const HANDLER = 0x11000
    const CROSSING = 0x40_0000 - 4
    const START = CROSSING - 0x80
    const PDE = 0x3000 + 8 * 2
    // mov rax, imm64 across the boundary of two large pages
    place(
      machine,
      assemble((asm) => asm.emit('mov', rax, 0x1122334455667788n).emit('hlt')),
      CROSSING,
    )
    // jmp CROSSING, in the same page
    place(machine, [0xeb, CROSSING - START - 2], START)
    place(
      machine,
      assemble((asm) => {
        asm.emit('inc', r8).emit('or', mem({ disp: PDE, size: 8 }), 1)
        asm.emit('add', rsp, 8).emit('iretq')
      }),
      HANDLER,
    )
    setHandlers(machine, { 14: HANDLER })
    for (let round = 1; round <= 3; round++) {
      view.setUint8(PDE, view.getUint8(PDE) & ~1)
      cpu.stateChanged()
      cpu.setState32(L.HALTED, 0)
      cpu.setGpr(0, 0n)
      cpu.rip = BigInt(START)
      expect(cpu.run(100)).toBe('halted')
      expect([cpu.gpr(0), cpu.gpr(8)]).toEqual([0x1122334455667788n, BigInt(round)])
      expect(cpu.retired).toBe(7 * round)
    }
  })

  test('without an IDT a fault ends in a triple fault', () => {
    const machine = createMachine()
    machine.cpu.setState32(L.IDTR + 8, 0)
    place(machine, [0x0f, 0x0b])
    expect(machine.cpu.run(10)).toBe('triple-fault')
    expect(machine.cpu.retired).toBe(0)
  })
})

describe.skipIf(!haveHelpers)('system calls', () => {
  test('SYSCALL and SYSRET, counted exactly', () => {
    const machine = createMachine()
    const { cpu } = machine
    const HANDLER = 0x11000
    // User pages: the tables of the test machine allow them.
    place(
      machine,
      assemble((asm) => asm.emit('inc', r8).emit('sysretq')),
      HANDLER,
    )
    place(
      machine,
      assemble((asm) => {
        const again = asm.label()
        asm.bind(again).emit('syscall').emit('dec', rbx).emit('jne', again).emit('ud2')
      }),
    )
    const END = 0x12000
    machine.ram[END] = 0xf4
    setHandlers(machine, { 6: END })
    machine.view.setBigUint64(0x8004, 0x9_0000n, true)
    cpu.setSegment(L.TR, { selector: 0x38, base: 0x8000n, limit: 0x67, attributes: 0x8b })
    cpu.setState64(L.LSTAR, BigInt(HANDLER))
    // SYSRET: CS = base + 16 and SS = base + 8, so that 0x18 gives user code at 0x28 and data at 0x20.
    cpu.setState64(L.STAR, (0x1bn << 48n) | (8n << 32n))
    cpu.setSegment(L.CS, { selector: 0x2b, base: 0n, limit: 0xffff_ffff, attributes: 0xa0fb })
    cpu.setSegment(L.SS, { selector: 0x23, base: 0n, limit: 0xffff_ffff, attributes: 0xc0f3 })
    cpu.setState32(L.CPL, 3)
    cpu.setGpr(3, 1000n)
    cpu.stateChanged()
    expect(cpu.run(1_000_000)).toBe('halted')
    expect(cpu.gpr(8)).toBe(1000n)
    expect(cpu.retired).toBe(5 * 1000 + 1)
  })

  test('a handler that only faults does not hold the host', () => {
    const machine = createMachine()
    const HANDLER = 0x11000
    place(machine, [0x0f, 0x0b], HANDLER)
    place(machine, [0x0f, 0x0b])
    setHandlers(machine, { 6: HANDLER })
    machine.view.setBigUint64(0x8024, 0x9_0000n, true)
    machine.ram[IDT + 6 * 16 + 4] = 1
    machine.cpu.setSegment(L.TR, { selector: 0x38, base: 0x8000n, limit: 0x67, attributes: 0x8b })
    expect(machine.cpu.run(1_000)).toBe('budget')
    expect(machine.cpu.retired).toBe(0)
  })
})

describe.skipIf(!haveHelpers)('code that changes', () => {
  test('an instruction that overwrites the next one in its block', () => {
    const machine = createMachine()
    // mov byte [next+1], 42; next: mov al, 1; hlt
    place(
      machine,
      assemble((asm) => {
        asm
          .emit('mov', mem({ base: rbx, size: 8 }), 42)
          .emit('mov', al, 1)
          .emit('hlt')
      }),
    )
    machine.cpu.setGpr(3, BigInt(BASE + 4))
    expect(machine.cpu.run(10)).toBe('halted')
    expect(machine.cpu.gpr(0)).toBe(42n)
    expect(machine.cpu.retired).toBe(3)
  })

  test('an interrupt that waits for the instruction behind STI comes right after it, wherever that leads', () => {
    const machine = createMachine()
    const { cpu } = machine
    const HANDLER = 0x11000
    const VECTOR = 0x20
    machine.bus.acknowledgeInterrupt = () => {
      cpu.setState32(L.INTR, 0)
      return VECTOR
    }
    place(machine, [0xf4], HANDLER)
    // sti; jmp rbx; inc rax; …
    place(machine, [0xfb, 0xff, 0xe3, 0x48, 0xff, 0xc0, 0x48, 0xff, 0xc0, 0xf4])
    setHandlers(machine, { [VECTOR]: HANDLER })
    // The place that the branch leads to is known already.
    cpu.rip = BigInt(BASE + 3)
    expect(cpu.run(100)).toBe('halted')
    cpu.setState32(L.HALTED, 0)
    cpu.setGpr(0, 0n)
    cpu.setGpr(3, BigInt(BASE + 3))
    cpu.rip = BigInt(BASE)
    cpu.setState32(L.INTR, 1)
    expect(cpu.run(100)).toBe('halted')
    expect(cpu.gpr(0)).toBe(0n)
  })

  test('an undefined instruction becomes one by its second byte', () => {
    const machine = createMachine()
    const HANDLER = 0x11000
    // Decoded bytes are remembered in units of sixteen: the opcode lies behind the end of one.
    const AT = 0x1200f
    const CPUID = 0xa2
    place(
      machine,
      assemble((asm) => asm.emit('mov', mem({ base: rbx, size: 8 }), CPUID).emit('iretq')),
      HANDLER,
    )
    place(machine, [0x0f, 0xb8, 0xf4], AT)
    setHandlers(machine, { 6: HANDLER })
    machine.cpu.setGpr(3, BigInt(AT + 1))
    machine.cpu.rip = BigInt(AT)
    expect(machine.cpu.run(100)).toBe('halted')
    expect(machine.cpu.retired).toBe(4)
  })

  test('a loop that patches its own body each time round', () => {
    const machine = createMachine()
    place(
      machine,
      assemble((asm) => {
        const again = asm.label()
        asm.emit('xor', edx, edx).bind(again)
        asm.emit('mov', eax, 0)
        asm.emit('add', rdx, rax)
        asm.emit('mov', mem({ base: rbx, size: 8 }), al).emit('inc', mem({ base: rbx, size: 8 }))
        asm.emit('dec', rcx).emit('jne', again).emit('hlt')
      }),
    )
    machine.cpu.setGpr(3, BigInt(BASE + 3))
    machine.cpu.setGpr(1, 50n)
    expect(machine.cpu.run(10_000)).toBe('halted')
    // 0 + 1 + … + 49
    expect(machine.cpu.gpr(2)).toBe(1225n)
    expect(machine.cpu.retired).toBe(2 + 6 * 50)
  })

  test('a device that writes code', () => {
    const machine = createMachine()
    place(machine, [0xb0, 1, 0xf4])
    machine.cpu.run(10)
    expect(machine.cpu.gpr(0)).toBe(1n)
    machine.cpu.ramWritten(BASE, 3)
    machine.ram[BASE + 1] = 7
    machine.cpu.setState32(L.HALTED, 0)
    machine.cpu.rip = BigInt(BASE)
    machine.cpu.run(10)
    expect(machine.cpu.gpr(0)).toBe(7n)
  })

  test('an instruction across two pages, and a change of its second half', () => {
    const machine = createMachine()
    const code = assemble((asm) => asm.emit('mov', rax, 0x1122334455667788n).emit('hlt'))
    const at = BASE + 0x1000 - 4
    place(machine, code, at)
    for (const high of [0x11, 0x55]) {
      machine.cpu.ramWritten(at + 9, 1)
      machine.ram[at + 9] = high
      machine.cpu.setState32(L.HALTED, 0)
      machine.cpu.rip = BigInt(at)
      expect(machine.cpu.run(10)).toBe('halted')
      expect(machine.cpu.gpr(0)).toBe((BigInt(high) << 56n) | 0x22334455667788n)
    }
    expect(machine.cpu.retired).toBe(4)
  })
})

describe.skipIf(!haveHelpers)('interrupts', () => {
  const HANDLER = 0x11000

  function interruptible(): TestMachine {
    const machine = createMachine()
    place(
      machine,
      assemble((asm) => asm.emit('add', r8, 1).emit('iretq')),
      HANDLER,
    )
    setHandlers(machine, { 0x20: HANDLER })
    return machine
  }

  test('one that a device raises within a store is taken after that instruction', () => {
    const machine = interruptible()
    const { cpu, bus } = machine
    place(
      machine,
      assemble((asm) => {
        asm.emit('mov', mem({ base: rbx, size: 32 }), 1)
        asm.emit('mov', rcx, r8).emit('add', rcx, 10).emit('hlt')
      }),
    )
    cpu.setGpr(3, 0x2000_0000n)
    cpu.rflags = 0x202n
    bus.onAccess = () => {
      cpu.setInterrupt(true)
      expect(cpu.retired).toBe(0)
    }
    const acknowledge = bus.acknowledgeInterrupt.bind(bus)
    bus.acknowledgeInterrupt = () => {
      cpu.setInterrupt(false)
      return acknowledge()
    }
    expect(cpu.run(100)).toBe('halted')
    expect(cpu.gpr(1)).toBe(11n)
    expect(cpu.retired).toBe(6)
  })

  test('STI lets one more instruction run before it is taken', () => {
    const machine = interruptible()
    const { cpu, bus } = machine
    place(
      machine,
      assemble((asm) => asm.emit('sti').emit('mov', rcx, r8).emit('mov', rdx, r8).emit('hlt')),
    )
    cpu.rflags = 2n
    cpu.setInterrupt(true)
    bus.acknowledgeInterrupt = () => {
      cpu.setInterrupt(false)
      return 0x20
    }
    expect(cpu.run(100)).toBe('halted')
    expect([cpu.gpr(1), cpu.gpr(2)]).toEqual([0n, 1n])
  })

  test('HLT sleeps until one comes', () => {
    const machine = interruptible()
    const { cpu, bus } = machine
    place(
      machine,
      assemble((asm) => asm.emit('sti').emit('hlt').emit('mov', rax, r8).emit('hlt')),
    )
    expect(cpu.run(100)).toBe('halted')
    expect(cpu.retired).toBe(2)
    bus.acknowledgeInterrupt = () => {
      cpu.setInterrupt(false)
      return 0x20
    }
    cpu.setInterrupt(true)
    expect(cpu.run(100)).toBe('halted')
    expect(cpu.gpr(0)).toBe(1n)
    expect(cpu.retired).toBe(6)
  })

  test('a run can be interrupted from within a port access', () => {
    const machine = interruptible()
    const { cpu, bus } = machine
    place(
      machine,
      assemble((asm) => asm.emit('out', 0x80, al).emit('nop').emit('nop').emit('hlt')),
    )
    bus.onAccess = () => cpu.interruptRun()
    expect(cpu.run(100)).toBe('budget')
    expect(cpu.retired).toBe(1)
    expect(bus.log).toEqual(['out1 80 0'])
    expect(cpu.run(100)).toBe('halted')
    expect(cpu.retired).toBe(4)
  })
})

describe.skipIf(!haveHelpers)('the probe', () => {
  test('hears calls and returns on request, and costs no instruction', () => {
    const machine = createMachine()
    const { cpu } = machine
    place(machine, assemble(fibonacci))
    cpu.setGpr(7, 3n)
    const heard: string[] = []
    const listener = (event: number, x: bigint): void => {
      if (event !== EVENT_CALL && event !== EVENT_RET) return
      heard.push(
        `${event === EVENT_CALL ? 'call' : 'ret'} +${(x - BigInt(BASE)).toString()} at ${cpu.retired}`,
      )
    }
    cpu.addProbe(listener, { calls: true })
    cpu.run(5)
    expect(heard).toEqual(['call +6 at 0'])
    expect(cpu.run(1000)).toBe('halted')
    const calls = heard.filter((text) => text.startsWith('call')).length
    expect([calls, heard.length - calls, cpu.gpr(0)]).toEqual([5, 5, 2n])
    const { retired } = cpu
    cpu.removeProbe(listener)
    cpu.setState32(L.HALTED, 0)
    place(machine, assemble(fibonacci))
    cpu.setGpr(7, 3n)
    expect(cpu.run(1000)).toBe('halted')
    expect(heard.length).toBe(10)
    expect(cpu.retired - retired).toBe(retired)
  })
})

describe.skipIf(!haveHelpers)('state', () => {
  test('a snapshot taken between two runs goes on elsewhere as it went on here', () => {
    const [one, two] = [createMachine(), createMachine()]
    place(one, assemble(fibonacci))
    one.cpu.setGpr(7, 10n)
    one.cpu.run(333)
    two.cpu.load(one.cpu.save())
    two.ram.set(one.ram)
    expect([one.cpu.run(1e6), two.cpu.run(1e6)]).toEqual(['halted', 'halted'])
    expect(two.cpu.gpr(0)).toBe(55n)
    expect(two.cpu.retired).toBe(one.cpu.retired)
  })
})
