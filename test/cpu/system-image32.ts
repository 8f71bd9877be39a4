/** As `system-image.ts`, in 32-bit protected mode: with 32-bit paging or PAE, a TSS with SS0:ESP0, and 8-byte gates. */
import * as A from '../../src/isa/index.ts'
import { BASE } from './system-image.ts'

const { Assembler, mem, eax, ecx, edx, ebx, esp, ebp, esi, edi, al, dx, segments, controls } = A
type Asm = A.Assembler
type Label = ReturnType<Asm['label']>

export const GDT = 0x10_1000
export const IDT = 0x10_2000
const TSS = 0x10_3000
const PD = 0x10_4000
const PT = 0x10_5000
const PDPT = 0x10_6000
const PD_PAE = 0x10_7000
const PT_PAE = 0x10_8000
const VARIABLES = 0x10_9000
const KERNEL = 0x11_0000
export const USER_CODE = 0x18_0000
export const USER_STACK_TOP = 0x18_2000
export const USER_DATA = 0x18_2000
export const READ_ONLY = 0x19_0000
export const NOT_PRESENT = 0x19_1000
export const NO_EXECUTE = 0x19_2000
export const KERNEL_DATA = 0x19_4000
const IMAGE_END = 0x1a_0000
const KERNEL_STACK = 0x15_0000
const ESP0 = 0x16_0000
const RESUME = VARIABLES
const RESUME_ESP = VARIABLES + 4
export const SCRATCH = VARIABLES + 0x100

export const KCODE = 0x08
export const KDATA = 0x10
export const UCODE = 0x1b
export const UDATA = 0x23
const TSS_SELECTOR = 0x30
export const CALL_GATE = 0x78
/** Selectors 0x38 … 0x70 are there to be refused or to be special. */
const descriptors: bigint[] = [
  0n,
  0x00cf_9a00_0000_ffffn,
  0x00cf_9200_0000_ffffn,
  0x00cf_fa00_0000_ffffn,
  0x00cf_f200_0000_ffffn,
  0n,
  0x0000_8900_0000_0067n | (BigInt(TSS & 0xff_ffff) << 16n),
  // 38 not present data, 40 conforming code, 48 not present code, 50 read-only user data, 58 execute-only user code,
  0x00cf_7200_0000_ffffn,
  0x00cf_9e00_0000_ffffn,
  0x00cf_7a00_0000_ffffn,
  0x00cf_f000_0000_ffffn,
  0x00cf_f800_0000_ffffn,
  // 60 code of 4 KiB, 68 expand-down data, 70 LDT
  0x0040_9a00_0000_0fffn,
  0x00cf_9600_000f_ffffn,
  0x0000_8200_0000_001fn | (BigInt(USER_DATA & 0xff_ffff) << 16n),
  // 78 call gate with two parameters, 80 absent call gate, 88 gate to a user segment
  0n,
  0n,
  0n,
]

const [es, cs, ss, ds, fs, gs] = segments as A.AssemblerOperand[]
const at = (address: number, size = 32): A.AssemblerOperand => mem({ disp: address, size })

const hasError = new Set([8, 10, 11, 12, 13, 14, 17])
const userVectors = new Set([3, 4, 0x80, 0x81])
const RETURNING = 0x80
const ABSENT_VECTOR = 0x83
const TRAP_VECTOR = 0x81
const GATE_ENTRY = 0x84

export interface Attempt32 {
  name: string
  emit(asm: Asm, image: ImageBuilder32): void
}

export class ImageBuilder32 {
  readonly kernel: Asm = new Assembler(32)
  readonly user: Asm = new Assembler(32)
  readonly names: string[] = []
  readonly #pae: boolean
  readonly #report: Label
  readonly #enterUser: Label

  constructor(pae: boolean) {
    this.#pae = pae
    this.#report = this.kernel.label('report')
    this.#enterUser = this.kernel.label('enter user')
  }

  /** Reports EAX. */
  report(): void {
    this.kernel.emit('call', this.#report)
  }

  reportValue(emit: (asm: Asm) => void): void {
    emit(this.kernel)
    this.report()
  }

  inUser(emit: (asm: Asm) => void, flags = 0x2): void {
    this.user.align(16)
    const address = USER_CODE + this.user.offset
    emit(this.user)
    this.kernel.emit('mov', eax, address)
    this.kernel.emit('mov', edx, flags)
    this.kernel.emit('jmp', this.#enterUser)
  }

  build(attempts: readonly Attempt32[]): Uint8Array {
    const image = new Uint8Array(IMAGE_END - BASE)
    const view = new DataView(image.buffer)
    const u32 = (address: number, value: number): void => view.setUint32(address - BASE, value, true)
    const u64 = (address: number, value: bigint): void =>
      view.setBigUint64(address - BASE, BigInt.asUintN(64, value), true)
    const stubs = this.#emitKernel(attempts)
    image.set(this.kernel.finish().bytes, KERNEL - BASE)
    for (let address = USER_CODE; address < READ_ONLY; address += 2) image.set([0x0f, 0x0b], address - BASE)
    image.set(this.user.finish().bytes, USER_CODE - BASE)
    image.set(this.#bootCode(), 0)

    descriptors.forEach((descriptor, i) => u64(GDT + 8 * i, descriptor))
    const gate = (address: number, target: number, selector: number, attributes: number): void => {
      u32(address, (target & 0xffff) | (selector << 16))
      u32(address + 4, (target & 0xffff_0000) | attributes)
    }
    const entry = KERNEL + stubs[GATE_ENTRY]!
    gate(GDT + CALL_GATE, entry, KCODE, 0xec02)
    gate(GDT + 0x80, entry, KCODE, 0x6c02)
    gate(GDT + 0x88, entry, UCODE, 0xec00)
    for (const [vector, offset] of Object.entries(stubs)) {
      const number = Number(vector)
      const attributes = (number === ABSENT_VECTOR ? 0 : 0x8000) | (userVectors.has(number) ? 0x6000 : 0)
      gate(IDT + 8 * number, KERNEL + offset, KCODE, attributes | (number === TRAP_VECTOR ? 0x0f00 : 0x0e00))
    }
    u32(TSS + 4, ESP0)
    u32(TSS + 8, KDATA)
    view.setUint16(TSS - BASE + 102, 104, true)

    u32(PD, PT | 7)
    u32(PD + 4, 0x40_0000 | 0x83)
    u64(PDPT, BigInt(PD_PAE | 1))
    u64(PD_PAE, BigInt(PT_PAE | 7))
    u64(PD_PAE + 16, BigInt(0x40_0000 | 0x83))
    const special: Record<number, number> = { [READ_ONLY]: 5, [NOT_PRESENT]: 6, [NO_EXECUTE]: 7 }
    for (let page = 0; page < 512; page++) {
      const address = page * 4096
      const flags = special[address] ?? (address >= USER_CODE && address < READ_ONLY ? 7 : 3)
      u32(PT + 4 * page, address | flags)
      const noExecute = address === NO_EXECUTE ? 1n << 63n : 0n
      u64(PT_PAE + 8 * page, BigInt(address | flags) | noExecute)
    }
    return image
  }

  #bootCode(): Uint8Array {
    const asm = new Assembler(32)
    const magic = 0x1bad_b002
    const flags = 0x1_0000
    for (const word of [magic, flags, -(magic + flags) >>> 0, BASE, BASE, IMAGE_END, IMAGE_END, BASE + 0x20])
      asm.u32(word)
    asm.emit('mov', esp, KERNEL_STACK)
    asm.emit('mov', eax, 0xff)
    asm.emit('out', 0x21, al)
    asm.emit('out', 0xa1, al)
    asm.emit('lgdt', mem({ disp: BASE + 0xf00 }))
    // CR4: PSE, PGE and perhaps PAE; CR0: PE, ET, NE, WP, PG.
    asm.emit('mov', eax, this.#pae ? 0xb0 : 0x90)
    asm.emit('mov', controls[4]!, eax)
    asm.emit('mov', eax, this.#pae ? PDPT : PD)
    asm.emit('mov', controls[3]!, eax)
    asm.emit('mov', ecx, 0xc000_0080)
    asm.emit('mov', eax, this.#pae ? 0x800 : 0)
    asm.emit('xor', edx, edx)
    asm.emit('wrmsr')
    asm.emit('mov', eax, 0x8001_0031)
    asm.emit('mov', controls[0]!, eax)
    asm.emit('jmp', A.far(KCODE, KERNEL))
    const out = new Uint8Array(0x1000)
    out.set(asm.finish().bytes)
    const view = new DataView(out.buffer)
    view.setUint16(0xf00, descriptors.length * 8 - 1, true)
    view.setUint32(0xf02, GDT, true)
    view.setUint16(0xf10, 0x7ff, true)
    view.setUint32(0xf12, IDT, true)
    return out
  }

  #emitKernel(attempts: readonly Attempt32[]): Record<number, number> {
    const asm = this.kernel
    asm.emit('mov', eax, KDATA)
    for (const seg of [ds, es, ss, fs, gs]) asm.emit('mov', seg!, eax)
    asm.emit('lidt', mem({ disp: BASE + 0xf10 }))
    asm.emit('mov', eax, TSS_SELECTOR)
    asm.emit('ltr', A.ax)
    attempts.forEach((attempt, index) => this.#emitAttempt(attempt, index))
    asm.emit('mov', eax, 0)
    asm.emit('mov', edx, 0xf4)
    asm.emit('out', dx, eax)
    asm.emit('hlt')
    asm.bind(this.#enterUser)
    for (const value of [UDATA, USER_STACK_TOP, edx, UCODE, eax]) asm.emit('push', value)
    // Segments of ring 0 would be null after IRET.
    asm.emit('mov', eax, UDATA)
    for (const seg of [ds, es]) asm.emit('mov', seg!, eax)
    for (const register of [eax, ecx, edx]) asm.emit('xor', register, register)
    asm.emit('iretd')
    this.#emitReport()
    return this.#emitStubs()
  }

  #emitAttempt(attempt: Attempt32, index: number): void {
    const asm = this.kernel
    const here = asm.label('here')
    const after = asm.label('after')
    this.names.push(attempt.name)
    asm.emit('mov', eax, 0xa77e_0000 + index)
    this.report()
    // The address of `after`, without knowing the length of what lies between: a call over a jump.
    asm.emit('call', here)
    asm.emit('jmp', after)
    asm.bind(here)
    asm.emit('pop', eax)
    asm.emit('mov', at(RESUME), eax)
    asm.emit('mov', at(RESUME_ESP), esp)
    for (const register of [eax, ecx, edx, ebx, esi, edi, ebp]) asm.emit('xor', register, register)
    attempt.emit(asm, this)
    asm.bind(after)
    asm.emit('mov', eax, KDATA)
    for (const seg of [ss, ds, es, fs, gs]) asm.emit('mov', seg!, eax)
    asm.emit('mov', esp, at(RESUME_ESP))
    asm.emit('push', 2)
    asm.emit('popfd')
  }

  /** Writes EAX, low byte first; keeps every register. Uses CS for nothing but fetching, so any flat segments do. */
  #emitReport(): void {
    const asm = this.kernel
    const loop = asm.label('loop')
    asm.bind(this.#report)
    for (const register of [eax, ecx, edx]) asm.emit('push', register)
    asm.emit('mov', ecx, 4)
    asm.emit('mov', edx, 0xe9)
    asm.bind(loop)
    asm.emit('out', dx, al)
    asm.emit('shr', eax, 8)
    asm.emit('dec', ecx)
    asm.emit('jne', loop)
    for (const register of [edx, ecx, eax]) asm.emit('pop', register)
    asm.emit('ret')
  }

  #emitStubs(): Record<number, number> {
    const asm = this.kernel
    const common = asm.label('common')
    const stubs: Record<number, number> = {}
    for (const vector of [...Array.from({ length: 32 }, (_, i) => i), 0x80, 0x81, 0x82, 0x83, GATE_ENTRY]) {
      stubs[vector] = asm.offset
      if (!hasError.has(vector)) asm.emit('push', 0x7777)
      asm.emit('push', vector)
      asm.emit('jmp', common)
    }
    asm.bind(common)
    // [ESP]: saved EAX, vector, error, EIP, CS, EFLAGS, and from an outer level ESP, SS
    asm.emit('push', eax)
    const field = (disp: number): void => {
      asm.emit('mov', eax, mem({ base: esp, disp, size: 32 }))
      this.report()
    }
    for (const seg of [cs, ss, ds, es, fs, gs]) {
      asm.emit('xor', eax, eax)
      asm.emit('mov', eax, seg!)
      this.report()
    }
    asm.emit('pushfd')
    asm.emit('pop', eax)
    this.report()
    asm.emit('mov', eax, KDATA)
    asm.emit('mov', ds!, eax)
    asm.emit('mov', es!, eax)
    for (const disp of [4, 8, 12, 16]) field(disp)
    asm.emit('mov', eax, mem({ base: esp, disp: 20, size: 32 }))
    asm.emit('and', eax, ~0x1_0000)
    this.report()
    const sameLevel = asm.label('same level')
    asm.emit('test', mem({ base: esp, disp: 16, size: 32 }), 3)
    asm.emit('je', sameLevel)
    for (const disp of [24, 28, 32, 36, 40, 44]) field(disp)
    asm.bind(sameLevel)
    asm.emit('mov', eax, esp)
    this.report()
    asm.emit('mov', eax, controls[2]!)
    this.report()
    field(0)
    for (const register of [ecx, edx, ebx, esi, edi, ebp]) {
      asm.emit('mov', eax, register)
      this.report()
    }
    const end = asm.label('end')
    asm.emit('cmp', mem({ base: esp, disp: 4, size: 32 }), RETURNING)
    asm.emit('jne', end)
    asm.emit('pop', eax)
    asm.emit('add', esp, 8)
    asm.emit('iretd')
    asm.bind(end)
    asm.emit('xor', eax, eax)
    asm.emit('mov', controls[2]!, eax)
    asm.emit('mov', eax, KDATA)
    asm.emit('mov', ss!, eax)
    asm.emit('mov', esp, at(RESUME_ESP))
    asm.emit('jmp', at(RESUME))
    return stubs
  }
}

/** Bytes of the report → the 32-bit words of each attempt, by its name. */
export function parseReport32(bytes: Uint8Array, names: readonly string[]): Map<string, string[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length & ~3)
  const result = new Map<string, string[]>()
  let current: string[] = []
  for (let i = 0; i < view.byteLength; i += 4) {
    const word = view.getUint32(i, true)
    const index = word - 0xa77e_0000
    if (index >= 0 && index < names.length) result.set(names[index]!, (current = []))
    else current.push(word.toString(16))
  }
  return result
}
