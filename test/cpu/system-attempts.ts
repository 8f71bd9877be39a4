/** What the differential test does to the processor: one small attempt for each rule of the manual. */
import * as A from '../../src/isa/index.ts'
import * as I from './system-image.ts'

const { mem, rax, rcx, rdx, rbx, rsp, rsi, rdi, r11, eax, ecx, edx, ax, al, cl, dx, segments, controls } = A
type Asm = A.Assembler
type Emit = (asm: Asm, image: I.ImageBuilder) => void

const [es, , ss, ds, fs, gs] = segments as [
  A.AssemblerOperand,
  A.AssemblerOperand,
  A.AssemblerOperand,
  A.AssemblerOperand,
  A.AssemblerOperand,
  A.AssemblerOperand,
]
const at = (disp: number, size = 64): A.AssemblerOperand => mem({ disp, size })
const hex = (value: number | bigint): string => value.toString(16)

const attempts: I.Attempt[] = []
const add = (name: string, emit: Emit): number => attempts.push({ name, emit })
const user = (name: string, emit: (asm: Asm) => void, bits: 32 | 64 = 64, flags = 2): number =>
  add(`${bits === 64 ? 'user' : 'compat'}: ${name}`, (_, image) => image.inUser(emit, bits, flags))
/** Ends an attempt in ring 3 whose code raised nothing. */
const comeBack = (asm: Asm): unknown => asm.emit('int', 0x81)

const exact = 0x8000_0000_0000_0000n
function setMsr(asm: Asm, msr: number, value: bigint): void {
  asm.emit('mov', ecx, msr)
  asm.emit('mov', eax, Number(value & 0xffff_ffffn))
  asm.emit('mov', edx, Number(value >> 32n))
  asm.emit('wrmsr')
}
function load64(asm: Asm, register: A.AssemblerOperand, value: bigint): void {
  asm.emit('mov', register, value)
}
/** STAR: kernel CS 8, user base 0x1b − for SYSRET to 0x2b and 0x23. */
const STAR = (0x1bn << 48n) | (8n << 32n)

// Exceptions in ring 0
add('ud2', (asm) => asm.emit('ud2'))
add('int3', (asm) => asm.emit('int3'))
add('int 0x80 and iretq', (asm, image) => {
  asm.emit('int', 0x80)
  image.reportValue((a) => a.emit('mov', rax, rsp))
})
add('int 0x82 on its own stack', (asm) => asm.emit('int', 0x82))
add('int through a gate that is absent', (asm) => asm.emit('int', 0x83))
add('int beyond the handlers', (asm) => asm.emit('int', 0x90))
add('division by zero', (asm) => asm.emit('div', rcx))
add('odd stack is aligned', (asm) => {
  asm.emit('sub', rsp, 0x13)
  asm.emit('int', 0x81)
})
add('trap gate keeps IF', (asm) => {
  asm.emit('push', 0x202)
  asm.emit('popfq')
  asm.emit('int', 0x81)
})
add('interrupt gate clears IF', (asm) => {
  asm.emit('push', 0x40_0602 & ~0x40_0000)
  asm.emit('popfq')
  asm.emit('ud2')
})
add('flags that POPFQ may set', (asm, image) => {
  asm.emit('push', 0x3f_7ed5)
  asm.emit('popfq')
  asm.emit('pushfq')
  asm.emit('pop', rax)
  image.report()
})
for (const [name, value] of [
  ['low', 0x0000_8000_0000_0000n],
  ['high', 0xffff_7fff_ffff_ffffn],
] as const) {
  add(`read, ${name} address that is not canonical`, (asm) => {
    load64(asm, rbx, value)
    asm.emit('mov', rax, mem({ base: rbx, size: 64 }))
  })
  add(`write, ${name} address that is not canonical`, (asm) => {
    load64(asm, rbx, value)
    asm.emit('mov', mem({ base: rbx, size: 64 }), rax)
  })
  add(`jump, ${name} address that is not canonical`, (asm) => {
    load64(asm, rbx, value)
    asm.emit('jmp', rbx)
  })
}

// Page faults in ring 0
const pages: [string, number][] = [
  ['read-only', I.READ_ONLY],
  ['absent', I.NOT_PRESENT],
  ['no-execute', I.NO_EXECUTE],
  ['reserved bit', I.RESERVED],
  ['kernel', I.KERNEL_DATA],
  ['large', 0x20_1000],
  ['outside', 0x4000_0000],
]
for (const [name, address] of pages) {
  add(`read ${name} page`, (asm) => asm.emit('mov', rax, at(address)))
  add(`write ${name} page`, (asm) => asm.emit('mov', at(address), rax))
  add(`write ${name} page without WP`, (asm) => {
    asm.emit('mov', rax, controls[0]!)
    asm.emit('and', rax, ~0x1_0000)
    asm.emit('mov', controls[0]!, rax)
    asm.emit('mov', at(address), rcx)
  })
  add('WP on again', (asm) => {
    asm.emit('mov', rax, controls[0]!)
    asm.emit('or', rax, 0x1_0000)
    asm.emit('mov', controls[0]!, rax)
  })
  add(`rep stosb over the end into the ${name} page`, (asm) => {
    asm.emit('mov', rdi, address - 5)
    asm.emit('mov', ecx, 64)
    asm.emit('mov', eax, 0x5a)
    asm.prefix('rep').emit('stosb')
  })
}
for (const [name, address] of [
  ['no-execute', I.NO_EXECUTE],
  ['absent', I.NOT_PRESENT],
  ['outside', 0x4000_0000],
] as const)
  add(`jump to ${name} page`, (asm) => {
    asm.emit('mov', eax, address)
    asm.emit('jmp', rax)
  })
add('read that crosses into an absent page', (asm) => asm.emit('mov', rax, at(I.NOT_PRESENT - 3)))
add('write that crosses into an absent page', (asm) => asm.emit('mov', at(I.NOT_PRESENT - 3), rax))
add('rep movsb from an absent page', (asm) => {
  asm.emit('mov', rsi, I.NOT_PRESENT - 7)
  asm.emit('mov', rdi, I.KERNEL_DATA)
  asm.emit('mov', ecx, 100)
  asm.prefix('rep').emit('movsb')
})
add('rep movsq backwards into an absent page', (asm) => {
  asm.emit('std')
  asm.emit('mov', rsi, I.KERNEL_DATA + 0x100)
  asm.emit('mov', rdi, I.NO_EXECUTE + 0x20)
  asm.emit('mov', ecx, 100)
  asm.prefix('rep').emit('movsq')
})
add('repe cmpsb stops at the difference', (asm, image) => {
  asm.emit('mov', rsi, I.KERNEL_DATA)
  asm.emit('mov', rdi, I.KERNEL_DATA + 1)
  asm.emit('mov', at(I.KERNEL_DATA + 9, 8), 77)
  asm.emit('mov', ecx, 100)
  asm.prefix('repe').emit('cmpsb')
  image.reportValue((a) => a.emit('mov', rax, rcx))
  image.reportValue((a) => a.emit('mov', rax, rsi))
  asm.emit('pushfq')
  asm.emit('pop', rax)
  image.report()
})
add('repne scasb into an absent page', (asm) => {
  asm.emit('mov', rdi, I.NOT_PRESENT - 9)
  asm.emit('mov', eax, 0xee)
  asm.emit('mov', ecx, 100)
  asm.prefix('repne').emit('scasb')
})

// SMEP and SMAP, if the processor has them
const smep = 1 << 20
const smap = 1 << 21
const setCr4 = (asm: Asm, set: number, clear: number): void => {
  asm.emit('mov', rax, controls[4]!)
  if (set) asm.emit('or', rax, set)
  if (clear) asm.emit('and', rax, ~clear)
  asm.emit('mov', controls[4]!, rax)
}
for (const [name, bits] of [
  ['SMEP', smep],
  ['SMAP', smap],
  ['both', smep | smap],
] as const) {
  add(`${name} on`, (asm) => setCr4(asm, bits, 0))
  add(`${name}: read user page`, (asm) => asm.emit('mov', rax, at(I.USER_DATA)))
  add(`${name}: write user page`, (asm) => asm.emit('mov', at(I.USER_DATA), rax))
  add(`${name}: read user page after STAC`, (asm) => {
    if (bits & smap) asm.emit('stac')
    asm.emit('mov', rax, at(I.USER_DATA))
    if (bits & smap) asm.emit('clac')
    asm.emit('mov', rbx, at(I.USER_DATA))
  })
  add(`${name}: AC set by POPFQ`, (asm) => {
    asm.emit('push', 0x4_0002)
    asm.emit('popfq')
    asm.emit('mov', at(I.USER_DATA), rax)
    asm.emit('ud2')
  })
  add(`${name}: jump to user page`, (asm) => {
    asm.emit('mov', eax, I.USER_DATA + 0x800)
    asm.emit('jmp', rax)
  })
  user(`${name}: syscall-like round trip`, (asm) => {
    asm.emit('int', 0x80)
    comeBack(asm)
  })
  add(`${name} off`, (asm) => setCr4(asm, 0, bits))
}

// Segment registers
const selectors = [
  0, 3, 0x08, 0x0b, 0x10, 0x13, 0x1b, 0x20, 0x23, 0x2b, 0x30, 0x40, 0x43, 0x48, 0x50, 0x58, 0x5b, 0x60, 0x68,
  0x70, 0x78, 0x88, 0x90, 0x98, 0xa0, 0x14, 0xfff8,
]
for (const selector of selectors) {
  for (const [name, seg] of [
    ['DS', ds],
    ['SS', ss],
    ['FS', fs],
  ] as const)
    add(`load ${name} with ${hex(selector)}`, (asm, image) => {
      asm.emit('mov', eax, selector)
      asm.emit('mov', seg, eax)
      image.reportValue((a) => a.emit('mov', eax, seg))
    })
  for (const instruction of ['lldt', 'ltr'] as const) {
    // QEMU 7.2 takes a null TR, and then stops at the next interrupt from ring 3.
    if (instruction === 'ltr' && selector < 4) continue
    add(`${instruction} ${hex(selector)}`, (asm) => {
      asm.emit('mov', eax, selector)
      asm.emit(instruction, ax)
    })
  }
  for (const instruction of ['verr', 'verw'] as const)
    add(`${instruction} ${hex(selector)}`, (asm, image) => {
      asm.emit('mov', eax, selector)
      asm.emit(instruction, ax)
      asm.emit('pushfq')
      asm.emit('pop', rax)
      image.report()
    })
  for (const instruction of ['lar', 'lsl'] as const)
    add(`${instruction} ${hex(selector)}`, (asm, image) => {
      asm.emit('mov', ecx, selector)
      asm.emit('mov', eax, 0x1234)
      asm.emit(instruction, eax, ecx)
      asm.emit('pushfq')
      image.report()
      asm.emit('pop', rax)
      image.report()
    })
  // Far transfers: to a UD2, through the return addresses below.
  add(`far jump to ${hex(selector)}`, (asm) => {
    const landing = asm.label('landing')
    asm.emit('lea', rax, mem({ rip: landing }))
    asm.emit('mov', at(I.SCRATCH), rax)
    asm.emit('mov', at(I.SCRATCH + 4, 32), selector)
    asm.emit('jmp', mem({ disp: I.SCRATCH, size: 48 }))
    asm.bind(landing)
    asm.emit('ud2')
  })
  add(`far call to ${hex(selector)}`, (asm) => {
    const landing = asm.label('landing')
    asm.emit('lea', rax, mem({ rip: landing }))
    asm.emit('mov', at(I.SCRATCH), rax)
    asm.emit('mov', at(I.SCRATCH + 4, 32), selector)
    asm.emit('call', mem({ disp: I.SCRATCH, size: 48 }))
    asm.bind(landing)
    asm.emit('ud2')
  })
  add(`retfq to ${hex(selector)}`, (asm) => {
    const landing = asm.label('landing')
    asm.emit('push', I.UDATA)
    asm.emit('push', I.USER_STACK_TOP)
    asm.emit('push', selector)
    asm.emit('lea', rax, mem({ rip: landing }))
    asm.emit('push', rax)
    asm.emit('retfq')
    asm.bind(landing)
    asm.emit('ud2')
  })
  for (const stack of [0x10, 0x23, 0, 3, 0x13, 0x48])
    add(`iretq to ${hex(selector)} with stack ${hex(stack)}`, (asm) => {
      const landing = asm.label('landing')
      asm.emit('mov', rbx, rsp)
      asm.emit('push', stack)
      asm.emit('push', rbx)
      asm.emit('push', 0x4202 & ~0x4000)
      asm.emit('push', selector)
      asm.emit('lea', rax, mem({ rip: landing }))
      asm.emit('push', rax)
      asm.emit('iretq')
      asm.bind(landing)
      asm.emit('ud2')
    })
}
add('iretq to an address that is not canonical', (asm) => {
  asm.emit('push', 0x10)
  asm.emit('push', rsp)
  asm.emit('push', 2)
  asm.emit('push', 8)
  load64(asm, rax, exact)
  asm.emit('push', rax)
  asm.emit('iretq')
})
add('iretq with NT', (asm) => {
  asm.emit('push', 0x4002)
  asm.emit('popfq')
  asm.emit('iretq')
})

// Ring 3
user('int 0x80 and back', (asm) => {
  asm.emit('int', 0x80)
  comeBack(asm)
})
for (const flags of [0x2, 0x202, 0x40_2, 0x3002, 0x20_0002, 0x4_0002])
  user(`round trip with flags ${hex(flags)}`, comeBack, 64, flags)
for (const vector of [0, 3, 13, 0x82, 0x83, 0x90, 0xff])
  user(`int ${hex(vector)}`, (asm) => asm.emit('int', vector))
user('int3', (asm) => asm.emit('int3'))
for (const name of [
  'cli',
  'sti',
  'hlt',
  'clts',
  'swapgs',
  'rdmsr',
  'wrmsr',
  'wbinvd',
  'sysretq',
  'stac',
  'clac',
  'iretq',
  'invd',
])
  user(name, (asm) => asm.emit(name))
user('invlpg', (asm) => asm.emit('invlpg', mem({ disp: 0 })))
user('mov from CR0', (asm) => asm.emit('mov', rax, controls[0]!))
user('mov to CR3', (asm) => asm.emit('mov', controls[3]!, rax))
user('mov from DR7', (asm) => asm.emit('mov', rax, A.debugs[7]!))
user('in', (asm) => asm.emit('in', al, dx))
user('out', (asm) => asm.emit('out', 0x80, al))
user(
  'out with IOPL 3',
  (asm) => {
    asm.emit('out', 0x80, al)
    comeBack(asm)
  },
  64,
  0x3002,
)
user(
  'cli with IOPL 3',
  (asm) => {
    asm.emit('cli')
    comeBack(asm)
  },
  64,
  0x3202,
)
user('popfq leaves IF and IOPL', (asm) => {
  asm.emit('push', 0x3202)
  asm.emit('popfq')
  asm.emit('pushfq')
  asm.emit('pop', rax)
  comeBack(asm)
})
for (const table of ['lgdt', 'lidt']) user(table, (asm) => asm.emit(table, mem({ disp: I.USER_DATA })))
for (const [name, address] of [...pages, ['user', I.USER_DATA]] as const) {
  user(`read ${name} page`, (asm) => {
    asm.emit('mov', rax, at(address))
    comeBack(asm)
  })
  user(`write ${name} page`, (asm) => {
    asm.emit('mov', at(address), rcx)
    comeBack(asm)
  })
  user(`jump to ${name} page`, (asm) => {
    asm.emit('mov', eax, address)
    asm.emit('jmp', rax)
  })
}
for (const selector of selectors) {
  user(`load DS with ${hex(selector)}`, (asm) => {
    asm.emit('mov', eax, selector)
    asm.emit('mov', ds, eax)
    comeBack(asm)
  })
  user(`load SS with ${hex(selector)}`, (asm) => {
    asm.emit('mov', eax, selector)
    asm.emit('mov', ss, eax)
    comeBack(asm)
  })
  user(`verr ${hex(selector)}`, (asm) => {
    asm.emit('mov', eax, selector)
    asm.emit('verr', ax)
    asm.emit('mov', eax, 1)
    comeBack(asm)
  })
  user(`retfq to ${hex(selector)}`, (asm) => {
    asm.emit('push', selector)
    const landing = asm.label('landing')
    asm.emit('lea', rax, mem({ rip: landing }))
    asm.emit('push', rax)
    asm.emit('retfq')
    asm.bind(landing)
    comeBack(asm)
  })
  user(`far call to ${hex(selector)}`, (asm) => {
    asm.emit('mov', eax, I.USER_CODE)
    asm.emit('mov', at(I.USER_DATA + 0x40), rax)
    asm.emit('mov', at(I.USER_DATA + 0x44, 32), selector)
    asm.emit('call', mem({ disp: I.USER_DATA + 0x40, size: 48 }))
  })
}

// SYSCALL and SYSRET
add('set STAR, LSTAR, SFMASK', (asm, image) => {
  setMsr(asm, 0xc000_0081, STAR)
  setMsr(asm, 0xc000_0084, 0x4_7700n & ~0n)
  const entry = asm.label('entry')
  const past = asm.label('past')
  asm.emit('lea', rax, mem({ rip: entry }))
  asm.emit('mov', rdx, rax)
  asm.emit('shr', rdx, 32)
  asm.emit('mov', ecx, 0xc000_0082)
  asm.emit('wrmsr')
  asm.emit('jmp', past)
  asm.bind(entry)
  // On the user's stack still: report what SYSCALL left, then go back.
  asm.emit('mov', rbx, rsp)
  asm.emit('mov', rsp, 0x15_8000)
  for (const register of [rcx, r11, rbx]) image.reportValue((a) => a.emit('mov', rax, register))
  for (const seg of [segments[1]!, ss]) image.reportValue((a) => a.emit('mov', eax, seg))
  asm.emit('pushfq')
  asm.emit('pop', rax)
  image.report()
  asm.emit('mov', rsp, rbx)
  asm.emit('sysretq')
  asm.bind(past)
})
for (const flags of [0x2, 0x202, 0x8d7, 0x24_0cd7, 0x4202])
  user(
    `syscall and sysret with flags ${hex(flags)}`,
    (asm) => {
      asm.emit('syscall')
      asm.emit('pushfq')
      asm.emit('pop', rax)
      asm.emit('int', 0x80)
      comeBack(asm)
    },
    64,
    flags,
  )
add('sysret to compatibility mode', (asm) => {
  asm.emit('mov', ecx, I.USER_CODE + 0x3ff0)
  asm.emit('mov', A.r11d, 0x2)
  asm.emit('sysret')
})
add('swapgs exchanges', (asm, image) => {
  setMsr(asm, 0xc000_0101, 0x1111_2222_3333n)
  setMsr(asm, 0xc000_0102, 0x4444_5555_6666n)
  asm.emit('swapgs')
  for (const msr of [0xc000_0101, 0xc000_0102]) {
    asm.emit('mov', ecx, msr)
    asm.emit('rdmsr')
    image.report()
    image.reportValue((a) => a.emit('mov', rax, rdx))
  }
})

// Faults while an event is delivered
const gate = (vector: number): number => I.IDT + 16 * vector
const breakGate = (asm: Asm, vector: number): void => {
  asm.emit('mov', at(gate(vector) + 5, 8), 0x0e)
}
const mendGate = (asm: Asm, vector: number): void => {
  asm.emit('mov', at(gate(vector) + 5, 8), 0x8e)
}
add('#GP through an absent gate is a double fault', (asm) => {
  breakGate(asm, 13)
  load64(asm, rbx, exact)
  asm.emit('mov', rax, mem({ base: rbx, size: 64 }))
})
add('mend #GP', (asm) => mendGate(asm, 13))
add('#UD through an absent gate is #NP', (asm) => {
  breakGate(asm, 6)
  asm.emit('ud2')
})
add('mend #UD', (asm) => mendGate(asm, 6))
add('#PF through an absent gate is a double fault', (asm) => {
  breakGate(asm, 14)
  asm.emit('mov', rax, at(I.NOT_PRESENT))
})
add('mend #PF', (asm) => mendGate(asm, 14))
add('#PF on a stack that is absent is a double fault', (asm) => {
  asm.emit('mov', rsp, I.NOT_PRESENT + 8)
  asm.emit('mov', rax, at(I.NOT_PRESENT))
})
add('#UD on a stack that is absent is #PF, then a double fault', (asm) => {
  asm.emit('mov', rsp, I.NOT_PRESENT + 8)
  asm.emit('ud2')
})
add('push on an absent stack', (asm) => {
  asm.emit('mov', rsp, I.NOT_PRESENT + 8)
  asm.emit('push', rax)
})
add('#UD on a stack that is not canonical', (asm) => {
  load64(asm, rsp, exact + 64n)
  asm.emit('ud2')
})
add('gate to a data segment', (asm) => {
  asm.emit('mov', at(gate(6) + 2, 16), 0x10)
  asm.emit('ud2')
})
add('gate to a null segment', (asm) => {
  asm.emit('mov', at(gate(6) + 2, 16), 0)
  asm.emit('ud2')
})
add('gate to a 32-bit segment', (asm) => {
  asm.emit('mov', at(gate(6) + 2, 16), I.KCODE32)
  asm.emit('ud2')
})
add('gate to a user segment', (asm) => {
  asm.emit('mov', at(gate(6) + 2, 16), I.UCODE)
  asm.emit('ud2')
})
add('gate to an absent segment', (asm) => {
  asm.emit('mov', at(gate(6) + 2, 16), I.NOT_PRESENT_CODE)
  asm.emit('ud2')
})
add('mend the gate', (asm) => asm.emit('mov', at(gate(6) + 2, 16), I.KCODE))
add('gate of a 32-bit call type', (asm) => {
  asm.emit('mov', at(gate(6) + 5, 8), 0x8c)
  asm.emit('ud2')
})
add('mend the type', (asm) => mendGate(asm, 6))

// Single step
add('single step', (asm) => {
  asm.emit('push', 0x102)
  asm.emit('popfq')
  asm.emit('nop')
  asm.emit('ud2')
})

// The marks that all this has left
add('accessed bits of the GDT', (asm, image) => {
  for (let i = 0; i < 19; i++) image.reportValue((a) => a.emit('mov', rax, at(I.GDT + 8 * i)))
})
add('accessed and dirty bits of the pages', (asm, image) => {
  for (const [, address] of pages.slice(0, 5))
    image.reportValue((a) => a.emit('mov', rax, at(I.PT + 8 * (address >>> 12))))
  image.reportValue((a) => a.emit('mov', rax, at(0x10_6008)))
})
void cl
void gs
void es

export const systemAttempts: readonly I.Attempt[] = attempts.map((attempt, i) => ({
  ...attempt,
  name: `${i} ${attempt.name}`,
}))
