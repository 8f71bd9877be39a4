/**
 * A flat multiboot image that exercises the system architecture and reports on port 0xe9, the same bytes for our processor and for
 * QEMU. It boots to long mode, then runs attempts; whatever an attempt raises is reported with its frame, and the next one begins.
 */
import * as A from '../../src/isa/index.ts'

const { Assembler, mem, rax, rcx, rdx, rbx, rsp, rbp, rdi, rsi, eax, ecx, edx, al, dx, segments, controls } =
  A
type Asm = A.Assembler
type Label = ReturnType<Asm['label']>

export const BASE = 0x10_0000
export const GDT = 0x10_1000
export const IDT = 0x10_2000
export const TSS = 0x10_3000
const PML4 = 0x10_4000
const PDPT = 0x10_5000
const PD = 0x10_6000
export const PT = 0x10_7000
const VARIABLES = 0x10_8000
export const KERNEL = 0x11_0000
export const USER_CODE = 0x18_0000
export const USER_STACK_TOP = 0x18_2000
export const USER_DATA = 0x18_2000
export const READ_ONLY = 0x19_0000
export const NOT_PRESENT = 0x19_1000
export const NO_EXECUTE = 0x19_2000
export const RESERVED = 0x19_3000
export const KERNEL_DATA = 0x19_4000
const IMAGE_END = 0x1a_0000
const KERNEL_STACK = 0x15_0000
const RSP0 = 0x16_0000
const IST1 = 0x16_4000
const IST2 = 0x16_8000

/** Selectors. The odd ones are there to be refused. */
export const KCODE = 0x08
export const KDATA = 0x10
export const UCODE32 = 0x1b
export const UDATA = 0x23
export const UCODE = 0x2b
export const TSS_SELECTOR = 0x30
export const CONFORMING = 0x40
export const NOT_PRESENT_DATA = 0x48
export const NOT_PRESENT_CODE = 0x50
export const READ_ONLY_DATA = 0x58
export const EXECUTE_ONLY = 0x60
export const KCODE32 = 0x68
export const BOTH_L_AND_D = 0x70
export const CALL_GATE = 0x78
export const LDT_SELECTOR = 0x88
const descriptors: bigint[] = [
  0n,
  0x00af_9a00_0000_ffffn,
  0x00cf_9200_0000_ffffn,
  0x00cf_fa00_0000_ffffn,
  0x00cf_f200_0000_ffffn,
  0x00af_fa00_0000_ffffn,
  0x0000_8900_0000_0067n | (BigInt(TSS & 0xff_ffff) << 16n),
  0n,
  0x00af_9e00_0000_ffffn,
  0x00cf_7200_0000_ffffn,
  0x00af_7a00_0000_ffffn,
  0x00cf_f000_0000_ffffn,
  0x00cf_f800_0000_ffffn,
  0x00cf_9a00_0000_ffffn,
  0x00ef_9a00_0000_ffffn,
  0n,
  0n,
  0x0000_8200_0000_001fn | (BigInt(USER_DATA & 0xff_ffff) << 16n),
  0n,
]

const RESUME = VARIABLES
const RESUME_RSP = VARIABLES + 8
export const SCRATCH = VARIABLES + 0x100

const [es, cs, ss, ds, fs, gs] = segments as [
  A.AssemblerOperand,
  A.AssemblerOperand,
  A.AssemblerOperand,
  A.AssemblerOperand,
  A.AssemblerOperand,
  A.AssemblerOperand,
]
const at = (address: number, size = 64): A.AssemblerOperand => mem({ disp: address, size })

const hasError = new Set([8, 10, 11, 12, 13, 14, 17, 21])
/** Gates that ring 3 may use, and those with an IST entry. */
const userVectors = new Set([3, 0x80, 0x81])
const ist: Record<number, number> = { 8: 2, 0x82: 1 }
/** This vector reports and returns with IRETQ instead of ending the attempt. */
const RETURNING = 0x80
/** An interrupt gate that is not present, and a trap gate. */
const ABSENT_VECTOR = 0x83
const TRAP_VECTOR = 0x81

export interface Attempt {
  name: string
  /** Emits ring-0 code; RAX, RCX, RDX … are free. Falls through when nothing was raised. */
  emit(asm: Asm, image: ImageBuilder): void
}

export class ImageBuilder {
  readonly kernel: Asm = new Assembler(64)
  readonly user: Asm = new Assembler(64)
  readonly #report: Label
  readonly #enterUser: Label
  readonly names: string[] = []

  constructor() {
    this.#report = this.kernel.label('report')
    this.#enterUser = this.kernel.label('enter user')
  }

  /** Reports RAX. */
  report(): void {
    this.kernel.emit('call', this.#report)
  }

  reportValue(emit: (asm: Asm) => void): void {
    emit(this.kernel)
    this.report()
  }

  /** Runs code in ring 3, with interrupts off, 64-bit unless `code32`; ends when the code raises or comes back by INT 0x81. */
  inUser(emit: (asm: Asm) => void, bits: 32 | 64 = 64, flags = 0x2): void {
    this.user.mode = bits
    this.user.align(16)
    const address = USER_CODE + this.user.offset
    emit(this.user)
    const asm = this.kernel
    asm.emit('mov', eax, address)
    asm.emit('mov', ecx, bits === 64 ? UCODE : UCODE32)
    asm.emit('mov', edx, flags)
    asm.emit('jmp', this.#enterUser)
  }

  build(attempts: readonly Attempt[]): Uint8Array {
    const image = new Uint8Array(IMAGE_END - BASE)
    const view = new DataView(image.buffer)
    const u64 = (address: number, value: bigint): void =>
      view.setBigUint64(address - BASE, BigInt.asUintN(64, value), true)

    const stubs = this.#emitKernel(attempts)
    const { bytes } = this.kernel.finish()
    image.set(bytes, KERNEL - BASE)
    // UD2 wherever ring 3 might run by mistake.
    for (let address = USER_CODE; address < READ_ONLY; address += 2) image.set([0x0f, 0x0b], address - BASE)
    image.set(this.user.finish().bytes, USER_CODE - BASE)
    image.set(this.#bootCode(), 0)

    descriptors.forEach((descriptor, i) => u64(GDT + 8 * i, descriptor))
    const gate = KERNEL + stubs[0x84]!
    u64(
      GDT + CALL_GATE,
      BigInt(gate & 0xffff) | (BigInt(KCODE) << 16n) | (0xec00n << 32n) | (BigInt(gate >>> 16) << 48n),
    )
    for (let vector = 0; vector < 256; vector++) {
      if (stubs[vector] === undefined) continue
      const target = KERNEL + stubs[vector]!
      const dpl = userVectors.has(vector) ? 3n : 0n
      const type = vector === TRAP_VECTOR ? 0xfn : 0xen
      const present = vector === ABSENT_VECTOR ? 0n : 0x80n
      const attributes = (present | (dpl << 5n) | type) << 40n
      u64(
        IDT + 16 * vector,
        BigInt(target & 0xffff) |
          (BigInt(KCODE) << 16n) |
          (BigInt(ist[vector] ?? 0) << 32n) |
          attributes |
          (BigInt(target >>> 16) << 48n),
      )
    }
    u64(TSS + 4, BigInt(RSP0))
    u64(TSS + 36, BigInt(IST1))
    u64(TSS + 44, BigInt(IST2))
    view.setUint16(TSS - BASE + 102, 104, true)

    u64(PML4, BigInt(PDPT) | 7n)
    u64(PDPT, BigInt(PD) | 7n)
    u64(PD, BigInt(PT) | 7n)
    // A large page above the fine-grained first 2 MiB.
    u64(PD + 8, 0x20_0000n | 0x83n)
    for (let page = 0; page < 512; page++) {
      const address = page * 4096
      const isUser = address >= USER_CODE && address < READ_ONLY
      u64(PT + 8 * page, BigInt(address) | (isUser ? 7n : 3n))
    }
    const pte = (address: number, flags: bigint): void =>
      u64(PT + 8 * (address >>> 12), BigInt(address) | flags)
    pte(READ_ONLY, 5n)
    pte(NOT_PRESENT, 6n)
    pte(NO_EXECUTE, 7n | (1n << 63n))
    pte(RESERVED, 7n | (1n << 50n))
    return image
  }

  /** Multiboot header and the way from flat protected mode to long mode. Multiboot 1, 3.1.1 and 3.2. */
  #bootCode(): Uint8Array {
    const asm = new Assembler(32)
    const magic = 0x1bad_b002
    const flags = 0x1_0000
    for (const word of [magic, flags, -(magic + flags) >>> 0, BASE, BASE, IMAGE_END, IMAGE_END, BASE + 0x20])
      asm.u32(word)
    const { esp } = A
    asm.emit('mov', esp, KERNEL_STACK)
    // The firmware has left the timer running: mask both interrupt controllers.
    asm.emit('mov', eax, 0xff)
    asm.emit('out', 0x21, al)
    asm.emit('out', 0xa1, al)
    asm.emit('lgdt', mem({ disp: BASE + 0xf00 }))
    // CR4: PAE, OSFXSR, PGE; EFER: SCE, LME, NXE; CR0: PE, ET, NE, WP, PG.
    asm.emit('mov', eax, 0x2a0)
    asm.emit('mov', controls[4]!, eax)
    asm.emit('mov', eax, PML4)
    asm.emit('mov', controls[3]!, eax)
    asm.emit('mov', ecx, 0xc000_0080)
    asm.emit('mov', eax, 0x901)
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
    view.setUint16(0xf10, 0xfff, true)
    view.setUint32(0xf12, IDT, true)
    return out
  }

  #emitKernel(attempts: readonly Attempt[]): Record<number, number> {
    const asm = this.kernel
    asm.emit('mov', eax, KDATA)
    for (const seg of [ds, es, ss, fs, gs]) asm.emit('mov', seg, eax)
    asm.emit('lidt', mem({ disp: BASE + 0xf10 }))
    asm.emit('mov', eax, TSS_SELECTOR)
    asm.emit('ltr', A.ax)
    attempts.forEach((attempt, index) => this.#emitAttempt(attempt, index))
    asm.emit('mov', eax, 0)
    asm.emit('mov', edx, 0xf4)
    asm.emit('out', dx, eax)
    asm.emit('hlt')
    this.#emitEnterUser()
    this.#emitReport()
    return this.#emitStubs()
  }

  #emitAttempt(attempt: Attempt, index: number): void {
    const asm = this.kernel
    const after = asm.label('after')
    this.names.push(attempt.name)
    asm.emit('mov', eax, 0xa77e_0000 + index)
    this.report()
    asm.emit('lea', rax, mem({ rip: after }))
    asm.emit('mov', at(RESUME), rax)
    asm.emit('mov', at(RESUME_RSP), rsp)
    for (const register of [rax, rcx, rdx, rbx, rsi, rdi, rbp]) asm.emit('xor', register, register)
    attempt.emit(asm, this)
    asm.bind(after)
    asm.emit('mov', rsp, at(RESUME_RSP))
    asm.emit('push', 2)
    asm.emit('popfq')
    asm.emit('mov', eax, KDATA)
    for (const seg of [ss, ds, es, fs, gs]) asm.emit('mov', seg, eax)
  }

  /** EAX = RIP, ECX = CS, EDX = RFLAGS. */
  #emitEnterUser(): void {
    const asm = this.kernel
    asm.bind(this.#enterUser)
    asm.emit('push', UDATA)
    asm.emit('push', USER_STACK_TOP)
    asm.emit('push', rdx)
    asm.emit('push', rcx)
    asm.emit('push', rax)
    asm.emit('xor', eax, eax)
    asm.emit('xor', ecx, ecx)
    asm.emit('xor', edx, edx)
    asm.emit('iretq')
  }

  /** Writes RAX, low byte first; keeps every register. */
  #emitReport(): void {
    const asm = this.kernel
    const loop = asm.label('loop')
    asm.bind(this.#report)
    for (const register of [rax, rcx, rdx]) asm.emit('push', register)
    asm.emit('mov', ecx, 8)
    asm.emit('mov', edx, 0xe9)
    asm.bind(loop)
    asm.emit('out', dx, al)
    asm.emit('shr', rax, 8)
    asm.emit('dec', ecx)
    asm.emit('jne', loop)
    for (const register of [rdx, rcx, rax]) asm.emit('pop', register)
    asm.emit('ret')
  }

  /** One stub for each vector; 0x84 is where the call gate leads. */
  #emitStubs(): Record<number, number> {
    const asm = this.kernel
    const common = asm.label('common')
    const stubs: Record<number, number> = {}
    const vectors = [...Array.from({ length: 32 }, (_, i) => i), 0x80, 0x81, 0x82, 0x83, 0x84]
    for (const vector of vectors) {
      stubs[vector] = asm.offset
      if (!hasError.has(vector)) asm.emit('push', 0x7777)
      asm.emit('push', vector)
      asm.emit('jmp', common)
    }
    asm.bind(common)
    // [RSP]: saved RAX, vector, error, RIP, CS, RFLAGS, RSP, SS
    asm.emit('push', rax)
    const field = (disp: number): void => {
      asm.emit('mov', rax, mem({ base: rsp, disp, size: 64 }))
      this.report()
    }
    for (const disp of [8, 16, 24, 32]) field(disp)
    // RF is compared elsewhere: processors set it in the image of a fault, QEMU does not.
    asm.emit('mov', rax, mem({ base: rsp, disp: 40, size: 64 }))
    asm.emit('and', rax, ~0x1_0000)
    this.report()
    for (const disp of [48, 56]) field(disp)
    asm.emit('mov', rax, rsp)
    this.report()
    for (const seg of [cs, ss, ds, es, fs, gs]) {
      asm.emit('xor', eax, eax)
      asm.emit('mov', eax, seg)
      this.report()
    }
    asm.emit('pushfq')
    asm.emit('pop', rax)
    this.report()
    asm.emit('mov', rax, controls[2]!)
    this.report()
    // The saved RAX, and the other registers as they came.
    field(0)
    for (const register of [rcx, rdx, rbx, rsi, rdi, rbp, A.r11]) {
      asm.emit('mov', rax, register)
      this.report()
    }
    const end = asm.label('end')
    asm.emit('cmp', mem({ base: rsp, disp: 8, size: 64 }), RETURNING)
    asm.emit('jne', end)
    asm.emit('pop', rax)
    asm.emit('add', rsp, 16)
    asm.emit('iretq')
    asm.bind(end)
    asm.emit('xor', eax, eax)
    asm.emit('mov', controls[2]!, rax)
    asm.emit('mov', rsp, at(RESUME_RSP))
    asm.emit('jmp', at(RESUME))
    return stubs
  }
}

/** Bytes of the report → the words of each attempt, by its name. */
export function parseReport(bytes: Uint8Array, names: readonly string[]): Map<string, string[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length & ~7)
  const result = new Map<string, string[]>()
  let current: string[] = []
  for (let i = 0; i < view.byteLength; i += 8) {
    const word = view.getBigUint64(i, true)
    const index = Number(word) - 0xa77e_0000
    if (index >= 0 && index < names.length) result.set(names[index]!, (current = []))
    else current.push(word.toString(16))
  }
  return result
}
