import {
  Assembler,
  type AssemblerOperand,
  type Label,
  type Memory,
  type Register,
  gpr8,
  gpr16,
  gpr32,
  gpr64,
  mem,
  rbp,
  rsp,
  short,
  symbol,
  xmms,
} from '../../../isa/index.ts'
import type { ModuleContext } from '../lower/context.ts'
import { type MemOperand, type Reg, type RegisterClass, type Trap, traps } from '../lower/mir.ts'
import type { Location, Placement } from '../regalloc/resolve.ts'
import type { Frame } from './frame.ts'

const files: Record<number, readonly Register[]> = { 8: gpr8, 16: gpr16, 32: gpr32, 64: gpr64 }

export function register(registerClass: RegisterClass, number: number, bits: number): Register {
  return registerClass === 'xmm' ? xmms[number]! : files[bits]![number]!
}

/**
 * The machine code of one function while it is written. It is written twice: the first pass finds where labels
 * lie, the second takes two-byte branches where they reach.
 */
export class CodeWriter {
  readonly asm: Assembler = new Assembler(64)
  readonly context: ModuleContext
  readonly placement: Placement
  readonly frame: Frame
  readonly #labels = new Map<Label, number>()
  readonly #earlier: readonly number[] | undefined
  readonly #traps: { label: Label; reason: Trap; at: number }[] = []
  /** Machine-code offset → wasm offset, ascending. */
  readonly rows: { offset: number; at: number }[] = []

  constructor(context: ModuleContext, placement: Placement, frame: Frame, earlier?: readonly number[]) {
    this.context = context
    this.placement = placement
    this.frame = frame
    this.#earlier = earlier
  }

  /** Labels are created in the same order in both passes, which is how the second knows the first's offsets. */
  label(): Label {
    const label = this.asm.label(`L${this.#labels.size}`)
    this.#labels.set(label, this.#labels.size)
    return label
  }

  get labelOffsets(): number[] {
    return [...this.#labels.keys()].map((label) => label.offset)
  }

  emit(op: string, ...operands: AssemblerOperand[]): void {
    this.asm.emit(op, ...operands)
  }

  /** Loop heads are padded to 16, so a distance may grow by up to 15 for each between; 32 bytes are kept in hand. */
  branch(op: string, label: Label): void {
    const there = this.#earlier?.[this.#labels.get(label)!] ?? -1
    const isNear = there >= 0 && label.offset < 0 && there - this.#from() < 127 - 32 && there > this.#from()
    this.asm.emit(op, isNear ? short(label) : label)
  }

  /** Where this place was in the first pass, at most: that pass's code is never shorter. */
  #from(): number {
    return this.#anchor + (this.asm.offset - this.#anchorNow)
  }

  #anchor = 0
  #anchorNow = 0

  bind(label: Label): void {
    this.asm.bind(label)
    const before = this.#earlier?.[this.#labels.get(label)!]
    if (before !== undefined) {
      this.#anchor = before
      this.#anchorNow = this.asm.offset
    }
  }

  /** Marks the code from here on as made for the wasm instruction at `at`. */
  mark(at: number): void {
    const last = this.rows.at(-1)
    if (last?.at === at) return
    if (last?.offset === this.asm.offset) last.at = at
    else this.rows.push({ offset: this.asm.offset, at })
  }

  /** A label behind the function's end where UD2 stands, followed by the reason. */
  trapLabel(reason: Trap, at: number): Label {
    const known = this.#traps.find((trap) => trap.reason === reason && trap.at === at)
    if (known) return known.label
    const label = this.label()
    this.#traps.push({ label, reason, at })
    return label
  }

  trap(reason: Trap): void {
    this.asm.emit('ud2').bytes(traps[reason])
  }

  writeTraps(): void {
    for (const { label, reason, at } of this.#traps) {
      this.mark(at)
      this.bind(label)
      this.trap(reason)
    }
  }

  /** A location as an operand of the given width. */
  place(location: Location, bits: number): Register | Memory {
    if (location.kind === 'register') return register(location.reg.class, location.number, bits)
    const size = Math.max(bits, 8)
    if (location.kind === 'argument') return mem({ base: rsp, disp: location.offset, size })
    return mem({ base: rbp, disp: this.frame.slots.get(location.reg)!, size })
  }

  /** The register that `reg` is in at a position. */
  at(reg: Reg, position: number, bits: number): Register {
    const place = this.placement.locate(reg, position)
    if (place.kind !== 'register') throw new Error(`v${reg.id} is not in a register at ${position}`)
    return register(reg.class, place.number, bits)
  }

  memory(operand: MemOperand, position: number, isLea = false): Memory {
    const bits = operand.wraps ? 32 : 64
    const { base, index, symbol: name } = operand
    const size = isLea ? 0 : operand.bits
    if (!base && !index) {
      if (name !== undefined) return mem({ rip: symbol(name), disp: operand.disp, size })
      // An absolute address: sign-extended, unless the address-size prefix makes it 32 bits wide.
      if (operand.wraps) this.asm.bytes(0x67)
      return mem({ disp: operand.disp, size })
    }
    return mem({
      ...(base && { base: this.at(base, position, bits) }),
      ...(index && { index: this.at(index, position, bits), scale: operand.scale }),
      disp: operand.disp,
      size,
      ...(name !== undefined && { symbol: symbol(name) }),
    })
  }
}
