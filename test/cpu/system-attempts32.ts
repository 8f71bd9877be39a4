/** Protected mode, one small attempt for each rule of the manual. */
import * as A from '../../src/isa/index.ts'
import * as I from './system-image32.ts'

const { mem, eax, ecx, edx, ebx, esp, esi, edi, al, ax, dx, segments, controls } = A
type Asm = A.Assembler
const [es, , ss, ds, fs] = segments as A.AssemblerOperand[]
const at = (disp: number, size = 32): A.AssemblerOperand => mem({ disp, size })
const hex = (value: number): string => value.toString(16)

const attempts: I.Attempt32[] = []
const add = (name: string, emit: I.Attempt32['emit']): number => attempts.push({ name, emit })
const user = (name: string, emit: (asm: Asm) => void, flags = 2): number =>
  add(`user: ${name}`, (_, image) => image.inUser(emit, flags))
const comeBack = (asm: Asm): unknown => asm.emit('int', 0x81)

add('ud2', (asm) => asm.emit('ud2'))
add('int3', (asm) => asm.emit('int3'))
add('int 0x80 and iretd', (asm, image) => {
  asm.emit('int', 0x80)
  image.reportValue((a) => a.emit('mov', eax, esp))
})
add('int through a gate that is absent', (asm) => asm.emit('int', 0x83))
add('int beyond the handlers', (asm) => asm.emit('int', 0x90))
add('into', (asm) => {
  asm.emit('mov', al, 0x7f)
  asm.emit('inc', al)
  asm.emit('into')
})
add('division by zero', (asm) => asm.emit('div', ecx))
add('trap gate keeps IF', (asm) => {
  asm.emit('push', 0x202)
  asm.emit('popfd')
  asm.emit('int', 0x81)
})
add('flags that POPFD may set', (asm, image) => {
  asm.emit('push', 0x27_7ed5)
  asm.emit('popfd')
  asm.emit('pushfd')
  asm.emit('pop', eax)
  asm.emit('push', 2)
  asm.emit('popfd')
  image.report()
})

const pages: [string, number][] = [
  ['read-only', I.READ_ONLY],
  ['absent', I.NOT_PRESENT],
  ['no-execute', I.NO_EXECUTE],
  ['kernel', I.KERNEL_DATA],
  ['large', 0x40_1000],
  ['outside', 0x8000_0000],
  ['user', I.USER_DATA],
]
for (const [name, address] of pages) {
  add(`read ${name} page`, (asm) => asm.emit('mov', eax, at(address)))
  add(`write ${name} page`, (asm) => asm.emit('mov', at(address), ecx))
  user(`read ${name} page`, (asm) => {
    asm.emit('mov', eax, at(address))
    comeBack(asm)
  })
  user(`write ${name} page`, (asm) => {
    asm.emit('mov', at(address), ecx)
    comeBack(asm)
  })
  user(`jump to ${name} page`, (asm) => {
    asm.emit('mov', eax, address)
    asm.emit('jmp', eax)
  })
}
add('rep movsd over the end into the absent page', (asm) => {
  asm.emit('mov', esi, I.KERNEL_DATA)
  asm.emit('mov', edi, I.READ_ONLY - 12)
  asm.emit('mov', ecx, 100)
  asm.prefix('rep').emit('movsd')
})

const selectors = [
  0, 3, 0x08, 0x0b, 0x10, 0x13, 0x1b, 0x20, 0x23, 0x30, 0x38, 0x40, 0x43, 0x48, 0x50, 0x53, 0x58, 0x5b, 0x70,
  0x80, 0x88, 0x98, 0x14, 0xfff8,
]
for (const selector of selectors) {
  for (const [name, seg] of [
    ['DS', ds!],
    ['SS', ss!],
    ['FS', fs!],
  ] as const) {
    add(`load ${name} with ${hex(selector)}`, (asm, image) => {
      asm.emit('mov', eax, selector)
      asm.emit('mov', seg, eax)
      image.reportValue((a) => a.emit('mov', eax, seg))
    })
    user(`load ${name} with ${hex(selector)}`, (asm) => {
      asm.emit('mov', eax, selector)
      asm.emit('mov', seg, eax)
      comeBack(asm)
    })
  }
  add(`lldt ${hex(selector)}`, (asm) => {
    asm.emit('mov', eax, selector)
    asm.emit('lldt', ax)
  })
  for (const instruction of ['lar', 'lsl'] as const)
    add(`${instruction} ${hex(selector)}`, (asm, image) => {
      asm.emit('mov', ecx, selector)
      asm.emit('mov', eax, 0x1234)
      asm.emit(instruction, eax, ecx)
      image.report()
      asm.emit('pushfd')
      asm.emit('pop', eax)
      image.report()
    })
  // A far transfer slides down to the UD2 behind it. 30 is left out: a hardware task switch.
  if (selector === 0x30) continue
  for (const instruction of ['jmp', 'call'] as const)
    add(`far ${instruction} to ${hex(selector)}`, (asm) => {
      const here = asm.label('here')
      asm.emit('call', here)
      asm.bind(here)
      asm.emit('pop', eax)
      asm.emit('add', eax, 64)
      asm.emit('mov', at(I.SCRATCH), eax)
      asm.emit('mov', at(I.SCRATCH + 4, 16), selector)
      asm.emit(instruction, mem({ disp: I.SCRATCH, size: 48 }))
      for (let i = 0; i < 80; i++) asm.emit('nop')
      asm.emit('ud2')
    })
  add(`retf to ${hex(selector)}`, (asm) => {
    const here = asm.label('here')
    asm.emit('push', I.UDATA)
    asm.emit('push', I.USER_STACK_TOP)
    asm.emit('push', selector)
    asm.emit('call', here)
    for (let i = 0; i < 8; i++) asm.emit('ud2')
    asm.bind(here)
    asm.emit('retf')
  })
  for (const stack of [I.UDATA, I.KDATA, 0])
    add(`iretd to ${hex(selector)} with stack ${hex(stack)}`, (asm) => {
      const here = asm.label('here')
      asm.emit('push', stack)
      asm.emit('push', I.USER_STACK_TOP)
      asm.emit('push', 0x202)
      asm.emit('push', selector)
      asm.emit('call', here)
      for (let i = 0; i < 8; i++) asm.emit('ud2')
      asm.bind(here)
      asm.emit('iretd')
    })
  user(`far call to ${hex(selector)}`, (asm) => {
    asm.emit('push', 0x1111_1111)
    asm.emit('push', 0x2222_2222)
    asm.emit('mov', at(I.USER_DATA + 0x40), I.USER_CODE + 0xff0)
    asm.emit('mov', at(I.USER_DATA + 0x44, 16), selector)
    asm.emit('call', mem({ disp: I.USER_DATA + 0x40, size: 48 }))
  })
}
user('call through the gate with two parameters', (asm) => {
  asm.emit('push', 0x1111_1111)
  asm.emit('push', 0x2222_2222)
  asm.emit('mov', at(I.USER_DATA + 0x44, 16), I.CALL_GATE)
  asm.emit('call', mem({ disp: I.USER_DATA + 0x40, size: 48 }))
})
add('call through the gate in ring 0', (asm) => {
  asm.emit('mov', at(I.SCRATCH + 4, 16), I.CALL_GATE)
  asm.emit('call', mem({ disp: I.SCRATCH, size: 48 }))
})

for (const flags of [0x2, 0x202, 0x402, 0x3002, 0x20_0002])
  user(`round trip with flags ${hex(flags)}`, comeBack, flags)
user('int 0x80 and back', (asm) => {
  asm.emit('int', 0x80)
  comeBack(asm)
})
for (const vector of [0, 3, 4, 13, 0x82, 0x83, 0x90])
  user(`int ${hex(vector)}`, (asm) => asm.emit('int', vector))
for (const name of ['cli', 'sti', 'hlt', 'clts', 'rdmsr', 'invd']) user(name, (asm) => asm.emit(name))
user('iretd to the same level', (asm) => {
  asm.emit('push', 0x3ed7)
  asm.emit('push', I.UCODE)
  asm.emit('push', I.USER_CODE + 0xff0)
  asm.emit('iretd')
})
user('in', (asm) => asm.emit('in', al, dx))
user(
  'out with IOPL 3',
  (asm) => {
    asm.emit('out', 0x80, al)
    comeBack(asm)
  },
  0x3002,
)
user('popfd leaves IF and IOPL', (asm) => {
  asm.emit('push', 0x3202)
  asm.emit('popfd')
  asm.emit('pushfd')
  asm.emit('pop', eax)
  comeBack(asm)
})
user('mov from CR0', (asm) => asm.emit('mov', eax, controls[0]!))
user('segments of ring 0 are taken away on the way out', (asm) => comeBack(asm))

add('SYSENTER is set up', (asm) => {
  const past = asm.label('past')
  const here = asm.label('here')
  asm.emit('call', here)
  asm.emit('ud2')
  asm.bind(here)
  asm.emit('pop', eax)
  for (const [msr, value] of [
    [0x174, I.KCODE],
    [0x175, 0x15_8000],
    [0x176, -1],
  ] as const) {
    asm.emit('mov', ecx, msr)
    asm.emit('xor', edx, edx)
    if (value !== -1) {
      asm.emit('push', eax)
      asm.emit('mov', eax, value)
    }
    asm.emit('wrmsr')
    if (value !== -1) asm.emit('pop', eax)
  }
  asm.emit('jmp', past)
  asm.bind(past)
})
user('sysenter', (asm) => asm.emit('sysenter'), 0x202)
add('sysexit', (asm) => {
  asm.emit('mov', edx, I.USER_CODE + 0xff0)
  asm.emit('mov', ecx, I.USER_STACK_TOP)
  asm.emit('sysexit')
})

const gate = (vector: number): number => I.IDT + 8 * vector
const breakGate = (asm: Asm, vector: number): unknown => asm.emit('mov', at(gate(vector) + 5, 8), 0x0e)
const mendGate = (asm: Asm, vector: number): unknown => asm.emit('mov', at(gate(vector) + 5, 8), 0x8e)
for (const [name, vector, cause] of [
  ['#UD', 6, (asm: Asm) => asm.emit('ud2')],
  ['#GP', 13, (asm: Asm) => asm.emit('int', 0x90)],
  ['#PF', 14, (asm: Asm) => asm.emit('mov', eax, at(I.NOT_PRESENT))],
] as const) {
  add(`${name} through an absent gate`, (asm) => {
    breakGate(asm, vector)
    cause(asm)
  })
  add(`mend ${name}`, (asm) => mendGate(asm, vector))
}
add('gate to a data segment', (asm) => {
  asm.emit('mov', at(gate(6) + 2, 16), I.KDATA)
  asm.emit('ud2')
})
add('gate to a user segment', (asm) => {
  asm.emit('mov', at(gate(6) + 2, 16), I.UCODE)
  asm.emit('ud2')
})
add('gate to a null segment', (asm) => {
  asm.emit('mov', at(gate(6) + 2, 16), 0)
  asm.emit('ud2')
})
add('gate to a conforming segment', (asm) => {
  asm.emit('mov', at(gate(6) + 2, 16), 0x40)
  asm.emit('ud2')
})
add('mend the gate', (asm) => asm.emit('mov', at(gate(6) + 2, 16), I.KCODE))
add('single step', (asm) => {
  asm.emit('push', 0x102)
  asm.emit('popfd')
  asm.emit('nop')
  asm.emit('ud2')
})
add('accessed bits of the GDT', (asm, image) => {
  for (let i = 0; i < 36; i++) image.reportValue((a) => a.emit('mov', eax, at(I.GDT + 4 * i)))
})
void ebx
void es

export const systemAttempts32: readonly I.Attempt32[] = attempts.map((attempt, i) => ({
  ...attempt,
  name: `${i} ${attempt.name}`,
}))
