/** A kernel that attacks its machine: random port, register, configuration and ring operations, then says that it lives. */
import {
  al,
  type Assembler,
  dx,
  eax,
  ebx,
  ecx,
  edi,
  edx,
  type Label,
  mem,
  r15,
  rax,
  rbx,
  rcx,
  rdi,
  rdx,
} from '../../../src/isa/index.ts'
import { assemble64, debugExit, installHandler, loadIdt, outb, print } from './image.ts'

/** BARs as the machine places them: MSI-X and registers of the network card, then of the entropy device. */
const BARS = 0xc000_0000
const NET_REGISTERS = BARS + 0x4000
const RINGS = 0x20_0000
const CONFIG_ADDRESS = 0xcf8
/** Ports that end the run as they should: dword accesses to these touch one of them. */
const DEADLY: readonly (readonly [number, number])[] = [
  [0x5e, 0x64],
  [0x8f, 0x92],
  [0xf1, 0xf7],
  [0xcf5, 0xcff],
  [0x5fd, 0x607],
]

/** `rounds` operations; the seed is not zero. */
export function fuzzingGuest(rounds: number, seed: bigint): Uint8Array {
  return assemble64((asm) => {
    const handler = asm.label('nmi')
    installHandler(asm, 2, handler)
    loadIdt(asm)
    for (const slot of [2, 3]) {
      asm.emit('mov', dx, CONFIG_ADDRESS)
      asm.emit('mov', eax, 0x8000_0004 | (slot << 11) | 0)
      asm.emit('out', dx, eax)
      asm.emit('mov', dx, 0xcfc)
      asm.emit('mov', eax, 7)
      asm.emit('out', dx, eax)
    }
    asm.emit('mov', rbx, seed)
    asm.emit('mov', r15, rounds)
    const loop = asm.label('loop')
    const next = asm.label('next')
    asm.bind(loop)
    random(asm)
    const operations = [
      portOperation,
      barWrite,
      barRead,
      apicWrite,
      ramWrite,
      configWrite,
      setUpQueue,
      ramWrite,
    ]
    for (const [number, operation] of operations.entries()) {
      const other = asm.label('other')
      asm.emit('mov', eax, mem({ disp: STATE, size: 32 }))
      asm.emit('and', eax, operations.length - 1)
      asm.emit('cmp', eax, number)
      asm.emit('jne', other)
      random(asm, false)
      operation(asm, next)
      asm.emit('jmp', next)
      asm.bind(other)
    }
    asm.bind(next)
    asm.emit('dec', r15)
    asm.emit('jnz', loop)
    // The serial port may be in any state: 8N1 without loopback.
    outb(asm, 0x3fb, 0x03)
    outb(asm, 0x3fc, 0x00)
    print(asm, 'alive\n')
    debugExit(asm, 5)
    asm.bind(handler)
    asm.emit('iretq')
  })
}

const STATE = 0x1c_1000

/** Next of xorshift64 in RBX; a copy of its upper half, and RAX, hold it too. */
function random(asm: Assembler, isSelector = true): void {
  for (const [direction, by] of [
    ['shl', 13],
    ['shr', 7],
    ['shl', 17],
  ] as const) {
    asm.emit('mov', rax, rbx)
    asm.emit(direction, rax, by)
    asm.emit('xor', rbx, rax)
  }
  asm.emit('mov', rax, rbx)
  asm.emit('shr', rax, 33)
  if (isSelector) asm.emit('mov', mem({ disp: STATE, size: 32 }), eax)
}

function portOperation(asm: Assembler, next: Label): void {
  asm.emit('mov', edx, eax)
  asm.emit('and', edx, 0xfff)
  for (const [first, last] of DEADLY) {
    const safe = asm.label('safe')
    asm.emit('cmp', edx, first)
    asm.emit('jb', safe)
    asm.emit('cmp', edx, last)
    asm.emit('jbe', next)
    asm.bind(safe)
  }
  asm.emit('in', al, dx)
  asm.emit('in', eax, dx)
  asm.emit('mov', rax, rbx)
  asm.emit('out', dx, al)
  asm.emit('out', dx, eax)
}

function barAddress(asm: Assembler): void {
  asm.emit('mov', ecx, eax)
  asm.emit('and', ecx, 0xffff)
  asm.emit('mov', edi, BARS | 0)
  asm.emit('add', rdi, rcx)
}

function barWrite(asm: Assembler): void {
  barAddress(asm)
  asm.emit('mov', mem({ base: rdi, size: 32 }), ebx)
  asm.emit('and', rdi, -4)
  asm.emit('mov', mem({ base: rdi, size: 32 }), ebx)
}

function barRead(asm: Assembler): void {
  barAddress(asm)
  asm.emit('mov', rax, mem({ base: rdi }))
  asm.emit('mov', al, mem({ base: rdi }))
}

/** Local APIC or IOAPIC, by one bit of the random number. */
function apicWrite(asm: Assembler): void {
  asm.emit('mov', ecx, eax)
  asm.emit('and', ecx, 0x3f0)
  asm.emit('mov', edi, 0xfee0_0000 | 0)
  asm.emit('and', eax, 0x20_0000)
  asm.emit('sub', rdi, rax)
  asm.emit('mov', mem({ base: rdi, index: rcx, size: 32 }), ebx)
}

function ramWrite(asm: Assembler): void {
  asm.emit('and', eax, 0xf_fffc)
  asm.emit('mov', mem({ base: rax, disp: RINGS, size: 32 }), ebx)
}

/** Behind the standard header: MSI-X control, the window to the registers. */
function configWrite(asm: Assembler): void {
  asm.emit('and', eax, 0xbc)
  asm.emit('add', eax, 0x40)
  asm.emit('or', eax, 0x8000_0000 | (2 << 11) | 0)
  asm.emit('mov', dx, CONFIG_ADDRESS)
  asm.emit('out', dx, eax)
  asm.emit('mov', dx, 0xcfc)
  asm.emit('mov', rax, rbx)
  asm.emit('out', dx, eax)
}

/** The network card by the book, but for what lies in the rings. */
function setUpQueue(asm: Assembler): void {
  asm.emit('mov', edi, NET_REGISTERS | 0)
  const put = (offset: number, size: 8 | 16 | 32, value: number): void => {
    asm.emit('mov', mem({ base: rdi, disp: offset, size }), value)
  }
  const putRandom = (offset: number, mask: number): void => {
    random(asm, false)
    asm.emit('and', eax, mask)
    asm.emit('mov', mem({ base: rdi, disp: offset }), eax)
  }
  put(20, 8, 0)
  put(20, 8, 3)
  put(8, 32, 0)
  putRandom(12, 0x3042_8023)
  put(8, 32, 1)
  random(asm, false)
  asm.emit('and', eax, 4)
  asm.emit('or', eax, 1)
  asm.emit('mov', mem({ base: rdi, disp: 12 }), eax)
  put(20, 8, 11)
  put(22, 16, 1)
  put(24, 16, 64)
  for (const offset of [32, 40, 48]) {
    random(asm, false)
    asm.emit('and', eax, 0xf_fff0)
    asm.emit('add', eax, RINGS)
    asm.emit('mov', mem({ base: rdi, disp: offset }), eax)
    put(offset + 4, 32, 0)
    // Descriptors that are nearly right: in RAM, of moderate length.
    asm.emit('mov', edx, eax)
    asm.emit('mov', mem({ base: rdx, size: 32 }), RINGS)
    asm.emit('mov', mem({ base: rdx, disp: 4, size: 32 }), 0)
    asm.emit('mov', mem({ base: rdx, disp: 8, size: 32 }), 600)
    random(asm, false)
    asm.emit('and', eax, 0x8087)
    asm.emit('shl', eax, 16)
    asm.emit('mov', mem({ base: rdx, disp: 12 }), eax)
  }
  put(28, 16, 1)
  put(20, 8, 15)
  put(0x3004, 16, 1)
}
