import { CodeBuffer } from './code-buffer.ts'
import { addressSizeOf, encodeMemory, encodeMemory16, NO_FIELD } from './encode-memory.ts'
import { planOf } from './encode-plan.ts'
import type { Mode, Plan } from './encode-plan.ts'
import {
  AbsoluteAddress,
  FarPointer,
  Label,
  Memory,
  Register,
  ShortTarget,
  SymbolReference,
} from './operands.ts'
import type { AssemblerOperand, RelocationKind } from './operands.ts'
import { RegisterClass as C } from './row.ts'
import type { Row } from './row.ts'
import { immediateRelocation, mnemonicIn } from './select.ts'
import type { Mnemonic } from './select.ts'

export interface AssemblerRelocation {
  /** Byte offset of the field. */
  readonly offset: number
  readonly kind: RelocationKind
  readonly symbol: string
  readonly addend: number
}

export interface AssembledCode {
  readonly bytes: Uint8Array
  /** Ascending by offset. */
  readonly relocations: readonly AssemblerRelocation[]
}

function isExtended(operand: AssemblerOperand | null | undefined): boolean {
  return operand instanceof Register && operand.number > 7
}

/** A field that waits for its label: the field holds label - end. */
interface Fixup {
  readonly label: Label
  readonly offset: number
  readonly size: number
  readonly end: number
}

const segmentPrefixes = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]
const prefixBytes = {
  lock: 0xf0,
  rep: 0xf3,
  repe: 0xf3,
  repz: 0xf3,
  repne: 0xf2,
  repnz: 0xf2,
  ds: 0x3e,
  cs: 0x2e,
} as const
const vexPrefix: Record<string, number> = { NP: 0, '66': 1, F3: 2, F2: 3 }

/** The recommended NOPs of one to nine bytes (manual: NOP, table 4-12). */
const nops = [
  [],
  [0x90],
  [0x66, 0x90],
  [0x0f, 0x1f, 0x00],
  [0x0f, 0x1f, 0x40, 0x00],
  [0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
  [0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
]

/**
 * Emits machine code for one section. The shortest encoding that fits is chosen; branches to labels bound earlier are short where they
 * reach, branches forward are near unless asked for with `short`. Operand mistakes throw a TypeError or RangeError that names the instruction.
 */
export class Assembler {
  /** Mode of the code segment that the following instructions run in. May change within a section (boot code). */
  mode: Mode = 64
  readonly #out = new CodeBuffer()
  readonly #relocations: AssemblerRelocation[] = []
  readonly #fixups: Fixup[] = []
  readonly #mnemonics: Record<Mode, Map<string, Mnemonic>> = { 16: new Map(), 32: new Map(), 64: new Map() }

  constructor(mode: Mode = 64) {
    this.mode = mode
  }

  /** Bytes emitted so far. */
  get offset(): number {
    return this.#out.length
  }

  /** Emits `mnemonic operands` in Intel's order: destination first. */
  emit(mnemonic: string, ...operands: AssemblerOperand[]): this {
    let selector = this.#mnemonics[this.mode].get(mnemonic)
    if (selector === undefined) {
      selector = mnemonicIn(this.mode, mnemonic)
      this.#mnemonics[this.mode].set(mnemonic, selector)
    }
    const rows = selector.select(operands)
    const row = rows.length > 1 ? this.#pickBranch(rows, operands) : rows[0]!
    this.emitRow(row, operands)
    return this
  }

  /** Emits one given row. The operands must fit it; `emit` is the checked way. */
  emitRow(row: Row, operands: readonly AssemblerOperand[]): void {
    const plan = planOf(row, this.mode)
    this.#out.reserve(24)
    if (row.vex) this.#vexPrefixes(plan, operands)
    else this.#legacyPrefixes(plan, operands)
    this.#opcodeAndModrm(plan, operands)
    this.#tail(plan, operands)
  }

  /** A prefix byte for the next instruction: `asm.prefix('lock').emit('xadd', …)`. */
  prefix(name: keyof typeof prefixBytes): this {
    this.#out.reserve(1)
    this.#out.u8(prefixBytes[name])
    return this
  }

  /** A new label, not yet bound. The name serves messages only. */
  label(name = 'label'): Label {
    return new Label(name)
  }

  /** Binds a label to the current offset. */
  bind(label: Label): this {
    if (label.offset >= 0) throw new Error(`${label.name} is bound already`)
    label.offset = this.#out.length
    return this
  }

  /** Pads with NOPs to a multiple of `alignment` (a power of two) from the start of the section. */
  align(alignment: number): this {
    let missing = -this.#out.length & (alignment - 1)
    while (missing > 0) {
      const count = this.mode === 16 ? 1 : Math.min(missing, 9)
      this.#out.append(nops[count]!)
      missing -= count
    }
    return this
  }

  /** Raw bytes. */
  bytes(...values: number[]): this {
    this.#out.append(values)
    return this
  }

  append(values: ArrayLike<number>): this {
    this.#out.append(values)
    return this
  }

  u16(value: number): this {
    return this.#data(value, 2)
  }

  u32(value: number | SymbolReference): this {
    return this.#data(value, 4)
  }

  u64(value: number | bigint | SymbolReference): this {
    return this.#data(value, 8)
  }

  /** The section. Throws if a label that is used was never bound or a short branch does not reach. */
  finish(): AssembledCode {
    for (const { label, offset, size, end } of this.#fixups) {
      if (label.offset < 0) throw new Error(`${label.name} is used at offset ${offset} and never bound`)
      const distance = label.offset - end
      if (size === 1 && (distance < -128 || distance > 127)) {
        throw new RangeError(`${label.name} is ${distance} bytes away from a short branch at ${offset}`)
      }
      this.#out.patch(offset, distance, size)
    }
    this.#fixups.length = 0
    return { bytes: this.#out.toBytes(), relocations: this.#relocations }
  }

  #data(value: number | bigint | SymbolReference, size: number): this {
    this.#out.reserve(size)
    if (value instanceof SymbolReference)
      this.#relocate(value.relocation ?? (size === 8 ? 'abs64' : 'abs32'), value, value.addend, size)
    else this.#out.integer(value, size)
    return this
  }

  #relocate(kind: RelocationKind, target: SymbolReference, addend: number, size: number): void {
    this.#relocations.push({ offset: this.#out.length, kind, symbol: target.name, addend })
    this.#out.integer(0, size)
  }

  /** Of the rows for one branch, ascending by length, the shortest that is known to reach. */
  #pickBranch(rows: readonly Row[], operands: readonly AssemblerOperand[]): Row {
    const target = operands[0]
    const first = rows[0]!
    if (!(target instanceof Label)) return first
    const near = rows.find((row) => row.operands[0]!.size > 8)
    if (near === undefined) return first
    if (first.operands[0]!.size !== 8 || target.offset < 0) return near
    return target.offset - (this.#out.length + 2) >= -128 ? first : near
  }

  #memory(plan: Plan, operands: readonly AssemblerOperand[]): Memory | null {
    const operand = plan.rm >= 0 ? operands[plan.rm] : undefined
    return operand instanceof Memory ? operand : null
  }

  #addressPrefixes(plan: Plan, memory: Memory | null, operands: readonly AssemblerOperand[]): void {
    let segment = memory?.segment ?? null
    for (const operand of operands) if (operand instanceof AbsoluteAddress) segment = operand.segment
    if (segment !== null) this.#out.u8(segmentPrefixes[segment.number]!)
    const other = memory !== null && addressSizeOf(memory, this.mode) !== this.mode
    if (other || plan.addressPrefix) this.#out.u8(0x67)
  }

  #legacyPrefixes(plan: Plan, operands: readonly AssemblerOperand[]): void {
    const memory = this.#memory(plan, operands)
    this.#addressPrefixes(plan, memory, operands)
    if (plan.prefix1 !== 0) this.#out.u8(plan.prefix1)
    if (plan.prefix2 !== 0) this.#out.u8(plan.prefix2)

    let rex = plan.rexW
    let forced = false
    let high = false
    for (let slot = 0; slot < operands.length; slot++) {
      const operand = operands[slot]
      if (!(operand instanceof Register)) continue
      if (operand.registerClass === C.gpr8High) high = true
      else if (operand.needsRex) {
        forced = true
        if (operand.number > 7) rex |= slot === plan.reg ? 4 : 1
      }
    }
    if (memory !== null) {
      if (memory.base !== null && memory.base.number > 7) rex |= 1
      if (memory.index !== null && memory.index.number > 7) rex |= 2
    }
    if (rex !== 0 || forced) {
      if (this.mode !== 64) throw new TypeError(`${plan.row.mnemonic}: this register needs 64-bit mode`)
      if (high) throw new TypeError(`${plan.row.mnemonic}: AH CH DH BH cannot stand with a REX prefix`)
      this.#out.u8(0x40 | rex)
    }
    if (plan.row.map > 0) this.#out.u8(0x0f)
    if (plan.row.map > 1) this.#out.u8(plan.row.map === 2 ? 0x38 : 0x3a)
  }

  #vexPrefixes(plan: Plan, operands: readonly AssemblerOperand[]): void {
    const { row } = plan
    const memory = this.#memory(plan, operands)
    this.#addressPrefixes(plan, memory, operands)
    const r = isExtended(operands[plan.reg]) ? 0 : 0x80
    const x = isExtended(memory?.index) ? 0 : 0x40
    const b = isExtended(memory === null ? operands[plan.rm] : memory.base) ? 0 : 0x20
    const source = operands[plan.vvvv]
    const vvvv = (~(source instanceof Register ? source.number : 0) & 15) << 3
    const last = vvvv | (row.vectorLength === 256 ? 4 : 0) | vexPrefix[row.prefix]!
    if (x !== 0 && b !== 0 && row.map === 1 && row.w !== 1) {
      this.#out.u8(0xc5)
      this.#out.u8(r | last)
    } else {
      this.#out.u8(0xc4)
      this.#out.u8(r | x | b | row.map)
      this.#out.u8((row.w === 1 ? 0x80 : 0) | last)
    }
  }

  #opcodeAndModrm(plan: Plan, operands: readonly AssemblerOperand[]): void {
    const { row } = plan
    if (plan.opcodeSlot >= 0) {
      this.#out.u8(row.opcode | ((operands[plan.opcodeSlot] as Register).number & 7))
      return
    }
    this.#out.u8(row.opcode)
    if (!row.hasModrm) return
    const reg = plan.reg >= 0 ? (operands[plan.reg] as Register).number & 7 : plan.regField
    const operand = plan.rm >= 0 ? operands[plan.rm] : undefined
    if (operand instanceof Memory) this.#encodeMemory(plan, operand, reg)
    else {
      const rm = operand instanceof Register ? operand.number & 7 : row.modrm >= 0 ? row.modrm & 7 : 0
      this.#out.u8(0xc0 | (reg << 3) | rm)
    }
  }

  #encodeMemory(plan: Plan, memory: Memory, reg: number): void {
    if (addressSizeOf(memory, this.mode) === 16) {
      encodeMemory16(this.#out, memory, reg)
      return
    }
    const field = encodeMemory(this.#out, memory, reg, this.mode)
    if (field === NO_FIELD) return
    const target = memory.rip
    if (target instanceof Label) {
      const end = field + 4 + plan.tailBytes - memory.disp
      this.#fixups.push({ label: target, offset: field, size: 4, end })
    } else if (target !== null) {
      const addend = target.addend + memory.disp - 4 - plan.tailBytes
      this.#relocations.push({ offset: field, kind: 'pc32', symbol: target.name, addend })
    } else {
      const { name, addend } = memory.symbol!
      const kind = this.mode === 64 ? 'abs32s' : 'abs32'
      this.#relocations.push({ offset: field, kind, symbol: name, addend: addend + memory.disp })
    }
  }

  #tail(plan: Plan, operands: readonly AssemblerOperand[]): void {
    for (const { slot, form, bytes } of plan.tail) {
      const operand = operands[slot]!
      if (typeof operand === 'number' || typeof operand === 'bigint') this.#out.integer(operand, bytes)
      else if (operand instanceof Register) this.#out.u8(operand.number << 4)
      else if (operand instanceof Label) this.#branch(operand, bytes)
      else if (operand instanceof ShortTarget) this.#branch(operand.label, bytes)
      else if (operand instanceof SymbolReference) {
        if (form.kind === 'relative') this.#relocate('pc32', operand, operand.addend - 4, 4)
        else this.#relocate(immediateRelocation(form), operand, operand.addend, bytes)
      } else if (operand instanceof AbsoluteAddress) {
        if (operand.address instanceof SymbolReference) {
          this.#relocate(bytes === 8 ? 'abs64' : 'abs32', operand.address, operand.address.addend, bytes)
        } else this.#out.integer(operand.address, bytes)
      } else if (operand instanceof FarPointer) {
        if (operand.offset instanceof SymbolReference) {
          this.#relocate('abs32', operand.offset, operand.offset.addend, bytes - 2)
        } else this.#out.integer(operand.offset, bytes - 2)
        this.#out.integer(operand.selector, 2)
      }
    }
  }

  #branch(label: Label, bytes: number): void {
    const offset = this.#out.length
    this.#fixups.push({ label, offset, size: bytes, end: offset + bytes })
    this.#out.integer(0, bytes)
  }
}
