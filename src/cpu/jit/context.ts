/**
 * The `Context` of translated code: operands are constants, registers are locals. Only what is common is translated: an access that the TLB has not,
 * an exception, a helper behind a condition leave the region before the instruction has changed anything, and the interpreter does it again. So no
 * call comes back into the middle of a block, and V8 keeps the guest's registers in the processor's.
 */
import { BASE_RIP, RegisterClass as C, type Operand as DecodedOperand } from '../../isa/index.ts'
import { STATUS_EXCEPTION, type HelperName } from '../helpers.ts'
import * as L from '../layout.ts'
import { Context, type Access as AccessKind } from '../semantics/context.ts'
import { adjustOf, arithmeticFlagsOf, type FlagSource } from '../semantics/flags.ts'
import type { FieldName } from '../semantics/operand.ts'
import { toI64, truncate, type Value } from '../semantics/values.ts'
import {
  add,
  and,
  eq,
  eqz,
  extendU,
  floatOf,
  fromBits,
  i32,
  i64,
  laneOp,
  load,
  loadI32,
  loadI64,
  loadV128,
  ltU,
  ne,
  op,
  or,
  readAsFloat,
  replaceLowest,
  shl,
  shrU,
  sub,
  toBits,
  wrap,
  xor,
  Expr,
  type F32,
  type F64,
  type I32,
  type I64,
  type Int,
  type V128,
  type ValType,
} from '../wasm/index.ts'
import type { Decoded } from './block.ts'
import { effects } from './effects.ts'
import { Floats } from './floats.ts'
import { ALL, type Frame } from './frame.ts'
import { HOST_BIAS, type Group, type Known, type Symbolic } from './known.ts'
import { entryOf } from './runtime.ts'
import { usualTransition } from './transitions.ts'

const PAGE_MASK = i64(~0xfffn)
/** Of the attributes of a segment: P, S, code, expand-down and writable; and a data segment that grows upwards. SDM Vol. 3A, 3.4.5. */
const SEGMENT_KIND = 0x9e
const WRITABLE_DATA = 0x92
const I32_ADD = 0x6a
const I32_SUB = 0x6b
const I64_ADD = 0x7c
const I64_SUB = 0x7d
const I64_AND = 0x83
const I32_WRAP = 0xa7
const I64_EXTEND_U = 0xad
const MASK_32 = 0xffff_ffff
/** Helpers of transitions between rings, after which the region may go on. */
const jumping = new Set<HelperName>(['syscall', 'sysret', 'iret', 'intN'])
/** Symbolic offsets stay exact. */
const MAX_DELTA = 2 ** 40

/** An address in the wasm memory: a bound one, and the offset of the instruction. */
interface Access {
  readonly host: I32
  readonly offset: number
}
const RSP = 4

/** What an instruction does at the end of its block. */
export type Transfer =
  | { readonly kind: 'jump' }
  | { readonly kind: 'conditional'; readonly condition: I32 }
  | { readonly kind: 'indirect' }

/** What the flags follow from, as far as it is known here; values stand in the frame's locals. Null: known at run time only. */
export interface KnownFlags {
  readonly kind: number
  readonly bits: number
  /** Whether the frame's `flagY` holds the second operand. */
  readonly hasY: boolean
}

/** An instruction that cannot be translated; it is left to the interpreter. */
export class Untranslatable extends Error {
  readonly decoded: Decoded
  constructor(decoded: Decoded, why: string) {
    super(`${decoded.instruction.row.id}: ${why}`)
    this.decoded = decoded
  }
}

export interface Place {
  readonly node: number
  readonly known: Known
  /** Where a computed branch is most likely to go. */
  readonly guess: I64 | null
  /** Instructions from this one to the end of its block. */
  readonly remaining: number
}

export class RegionContext extends Context {
  readonly cpu: I32
  readonly #frame: Frame
  readonly #decoded: Decoded
  readonly #remaining: number
  readonly #addresses = new Map<number, I64>()
  #writeBack: Access | null = null
  readonly #known: Known
  readonly #guess: I64 | null
  readonly #node: number
  /** What bound expressions are, as far as it is known. */
  readonly #symbols = new Map<Expr, Symbolic>()
  readonly #floats: Floats
  /** General registers written in a condition. */
  #conditional = 0
  /** Guest memory has been written: the instruction cannot be done again from its beginning. */
  #stored = false
  /** The frame's `where` tells of this instruction on every path from here. */
  #isPlaced = false
  #hasY = false
  #isOrder: boolean
  /** The counter of the instruction, as long as it has not been counted. */
  #uncounted: number | null = null
  readonly #depth: number
  /** How the instruction ended its block by itself. */
  transfer: Transfer | null = null
  /** Something has happened that may ask the run to end. */
  mayRequestExit = false

  constructor(frame: Frame, decoded: Decoded, place: Place) {
    super(frame.f, decoded.shape)
    this.cpu = frame.cpu
    this.#frame = frame
    this.#decoded = decoded
    this.#remaining = place.remaining
    this.#depth = frame.f.depth
    this.#known = place.known
    this.#floats = new Floats(place.known.plain)
    this.#guess = place.guess
    this.#node = place.node
    this.#isOrder = place.known.isOrder
    this.#setKnown(place.known.flags)
  }

  #setKnown(known: KnownFlags | null): void {
    const { flagResult, flagX, flagY } = this.#frame
    this.#hasY = known?.hasY ?? false
    this.flags = known && {
      kind: known.kind,
      bits: known.bits,
      result: flagResult.value,
      x: flagX.value,
      ...(known.hasY ? { y: flagY.value } : {}),
    }
  }

  override count(counter: number): void {
    this.#uncounted = counter
  }

  /** From here on the interpreter does not begin the instruction anew. */
  #commit(): void {
    if (this.#uncounted === null || this.#isConditional) return
    super.count(this.#uncounted)
    this.#uncounted = null
  }

  /** The instruction is complete: notes what is known behind it. */
  finish(): void {
    this.#commit()
    this.#known.flags = this.flags && { kind: this.flags.kind, bits: this.flags.bits, hasY: this.#hasY }
    this.#known.isOrder = this.#isOrder
    this.#known.forget(this.#conditional)
  }

  // Symbolic values

  override let<T extends ValType>(value: Expr<T>): Expr<T> {
    const bound = super.let(value)
    const symbol = bound === value ? undefined : this.#symbolOf(value)
    if (symbol) this.#symbols.set(bound, symbol)
    if (value.type === 'v128' && bound !== value) this.#floats.copy(bound, value)
    return bound
  }

  /** Outside 64-bit code only the low 32 bits count, so cutting and extending make no difference. */
  #symbolOf(value: Expr): Symbolic | undefined {
    const known = this.#symbols.get(value)
    if (known) return known
    const [x, y] = value.args
    const [code] = value.code
    if (!x || (value.type !== 'i64' && this.#frame.long)) return undefined
    if (!this.#frame.long && (code === I32_WRAP || code === I64_EXTEND_U)) return this.#symbolOf(x)
    if (y?.constant === undefined) return undefined
    const delta = Number(y.constant)
    if (!this.#frame.long && code === I64_AND && delta === MASK_32) return this.#symbolOf(x)
    const sign = code === I64_ADD || code === I32_ADD ? 1 : code === I64_SUB || code === I32_SUB ? -1 : 0
    const base = sign === 0 ? undefined : this.#symbolOf(x)
    return base && Math.abs(delta) < MAX_DELTA ? { ...base, offset: base.offset + sign * delta } : undefined
  }

  /** Addresses are sums of so many bits. */
  get #addressBits(): number {
    return this.#frame.long ? 64 : 32
  }

  // The instruction's place

  get #rip(): I64 {
    return this.#frame.ripAt(this.#decoded.at)
  }

  /** The budget as it was before this instruction. */
  get left(): I32 {
    return add(this.#frame.budget.value, i32(this.#remaining))
  }

  get #instruction(): Decoded['instruction'] {
    return this.#decoded.instruction
  }

  #operand(index: number): DecodedOperand {
    return this.#instruction.operands[index]!
  }

  field(name: FieldName): I32 {
    const instruction = this.#instruction
    switch (name) {
      case 'repeat':
        return i32(instruction.repeat === 0xf3 ? 1 : instruction.repeat === 0xf2 ? 2 : 0)
      case 'address':
        return i32(instruction.addressSize / 8)
      case 'segment':
        return i32(instruction.memory?.segment ?? (instruction.segment >= 0 ? instruction.segment : L.DS))
      case 'second':
        return i32(this.#second())
      case 'index':
        return i32(instruction.memory!.index)
      case 'scale':
        return i32(Math.log2(instruction.memory!.scale))
    }
  }

  #second(): number {
    const { operands, operandCount } = this.#instruction
    const immediates = operands.slice(0, operandCount).filter((_, i) => this.operand(i).kind === 'immediate')
    const far = operands.slice(0, operandCount).find((_, i) => this.operand(i).kind === 'far')
    return far ? far.selector : (immediates[1]?.low ?? 0) & 0xffff
  }

  registerNumber(index: number): I32 {
    return i32(this.#operand(index).register)
  }

  immediate(): I64 {
    const { operands, operandCount } = this.#instruction
    for (let i = 0; i < operandCount; i++) {
      const { kind } = this.operand(i)
      if (kind === 'far') return i64(operands[i]!.value >>> 0)
      if (kind === 'immediate')
        return i64((BigInt(operands[i]!.high) << 32n) | BigInt(operands[i]!.low >>> 0))
    }
    return i64(0)
  }

  // Registers

  gpr(number: number, bits: number): Value {
    const whole = this.#frame.gpr(number).value
    const bound = this.let(bits === 64 ? whole : truncate(whole, bits))
    if (bits >= this.#addressBits) this.#symbols.set(bound, this.#known.register(number))
    return bound
  }

  setGpr(number: number, bits: number, value: Value): void {
    const local = this.#frame.gpr(number)
    this.#frame.gprWritten(number)
    const isWhole = bits >= this.#addressBits && !this.#isConditional
    this.#known.setRegister(number, isWhole ? this.#symbolOf(value) : undefined)
    if (this.#isConditional) this.#conditional |= 1 << number
    if (bits === 64) return this.f.set(local, toI64(value))
    const narrow = extendU(value.type === 'i64' ? wrap(value as I64) : (value as I32))
    if (bits === 32) return this.f.set(local, narrow)
    const mask = (1n << BigInt(bits)) - 1n
    this.f.set(local, or(and(local.value, i64(~mask)), and(narrow, i64(mask))))
  }

  gprHigh(number: number): Value {
    return this.let(and(wrap(shrU(this.#frame.gpr(number).value, i64(8))), i32(0xff)))
  }

  setGprHigh(number: number, value: Value): void {
    const local = this.#frame.gpr(number)
    this.#frame.gprWritten(number)
    this.#known.setRegister(number, undefined)
    if (this.#isConditional) this.#conditional |= 1 << number
    const byte = and(toI64(value), i64(0xff))
    this.f.set(local, or(and(local.value, i64(~0xff00)), shl(byte, i64(8))))
  }

  #readGpr(index: number, bits: number): Value {
    const { registerClass, register } = this.#operand(index)
    return registerClass === C.gpr8High ? this.gprHigh(register - 4) : this.gpr(register, bits)
  }

  // Operands

  read(index: number, bits: number = this.operand(index).bits): Value {
    const { kind } = this.operand(index)
    const { register } = this.#operand(index)
    if (kind === 'memory') return this.load(bits, this.address(index, 'read', bits / 8))
    if (kind === 'gpr') return this.#readGpr(index, bits)
    if (kind === 'vector') return this.#lane(register, bits)
    if (kind === 'mmx') return this.#readMmx(register, bits)
    if (kind === 'immediate') return truncate(this.immediate(), bits)
    throw new TypeError(`${this.shape.meaning}: operand ${index} is a ${kind}, not a value`)
  }

  write(index: number, value: Value, bits: number = this.operand(index).bits): void {
    const { kind } = this.operand(index)
    const { register, registerClass } = this.#operand(index)
    if (kind === 'memory') this.store(bits, this.address(index, 'write', bits / 8), value)
    else if (kind === 'vector' && bits === 64 && floatOf(value)) this.#setLowest(register, value)
    else if (kind === 'vector') this.setVector(register, this.#withLow(register, value, bits))
    else if (kind === 'mmx') this.#writeMmx(register, value as I64)
    else if (registerClass === C.gpr8High) this.setGprHigh(register - 4, value)
    else this.setGpr(register, bits, value)
  }

  override readLowest(index: number, bits: 32 | 64): Value {
    if (this.operand(index).kind !== 'memory') return this.read(index, bits)
    return this.#lowOf(this.loadScalar(bits, this.address(index, 'read', bits / 8)), bits)
  }

  #lane(register: number, bits: number): Value {
    if (bits !== 64 || !this.#known.lowest.has(register)) return this.#lowOf(this.vector(register), bits)
    const value = this.let(toBits(this.#frame.lowest(register).value))
    this.#floats.readLowest(register, value, bits)
    return value
  }

  /** Writes a double that scalars were computed to: the next ones need not wait until it is a lane again. */
  #setLowest(register: number, value: Value): void {
    const { f } = this
    const { lowest } = this.#known
    const [low, above] = [this.#frame.lowest(register), this.#frame.above(register)]
    const old = this.vector(register)
    if (this.#isConditional) return this.setVector(register, replaceLowest(old, value))
    if (!lowest.has(register)) f.set(above, old)
    f.set(low, fromBits(value) as F64)
    this.#floats.write(register, replaceLowest(old, value))
    this.#frame.vectorWritten(register, 0)
    f.set(this.#frame.vector(register, 0), replaceLowest(above.value, value))
    lowest.add(register)
  }

  /** A register gets a vector, maybe that of another, whose lowest double is at hand. */
  #copyLowest(register: number, vector: V128): void {
    const { lowest } = this.#known
    const from = this.#isConditional ? undefined : this.#floats.sourceOf(vector)
    if (from === register) return
    lowest.delete(register)
    if (from === undefined || !lowest.has(from)) return
    this.f.set(this.#frame.lowest(register), this.#frame.lowest(from).value)
    this.f.set(this.#frame.above(register), this.#frame.above(from).value)
    lowest.add(register)
  }

  override isPlain(floats: Value | V128, bits: number): boolean {
    return this.#floats.isPlain(floats, bits)
  }

  override notePlain(floats: Value | V128, bits: number): void {
    if (!this.#isConditional && this.#frame.isHopeful) this.#floats.notePlain(floats, bits)
  }

  /** Lane 0 of a vector that is bound; reading it costs nothing, so it need not be. */
  #lowOf(vector: V128, bits: number): Value {
    const lane =
      bits === 64
        ? laneOp('i64x2.extract_lane', 0, vector)
        : bits === 32
          ? laneOp('i32x4.extract_lane', 0, vector)
          : bits === 16
            ? laneOp('i16x8.extract_lane_u', 0, vector)
            : laneOp('i8x16.extract_lane_u', 0, vector)
    return new Expr<Int>(lane.type, lane.code, lane.args, undefined, true)
  }

  #withLow(register: number, value: Value, bits: number): V128 {
    const old = this.vector(register)
    if (bits === 64) return replaceLowest(old, value)
    const narrow = value.type === 'i64' ? wrap(value as I64) : (value as I32)
    if (bits === 32) return replaceLowest(old, narrow)
    return laneOp(bits === 16 ? 'i16x8.replace_lane' : 'i8x16.replace_lane', 0, old, narrow)
  }

  #readMmx(register: number, bits: number): Value {
    const value = this.let(loadI64(this.cpu, L.FPU_REGISTERS + L.FPU_STRIDE * register))
    return bits === 64 ? value : this.let(truncate(value, bits))
  }

  #writeMmx(register: number, value: I64): void {
    const at = L.FPU_REGISTERS + L.FPU_STRIDE * register
    this.f.store('i64.store', this.cpu, value, at)
    this.f.store('i32.store16', this.cpu, i32(0xffff), at + 8)
  }

  readForWrite(index: number, bits: number = this.operand(index).bits): Value {
    const { kind } = this.operand(index)
    if (kind !== 'memory') return this.read(index, bits)
    return this.loadForWrite(bits, this.address(index, 'write', bits / 8))
  }

  writeBack(index: number, value: Value, bits: number = this.operand(index).bits): void {
    if (this.operand(index).kind === 'memory') this.storeBack(bits, value)
    else this.write(index, value, bits)
  }

  // Addresses

  offset(index: number): I64 {
    const memory = this.#operand(index)
    const instruction = this.#instruction
    if (this.operand(index).form === 'absolute')
      return i64((BigInt(memory.high) << 32n) | BigInt(memory.low >>> 0))
    let displacement = BigInt(memory.low)
    // POP to memory addressed by the stack pointer means the pointer after the pop.
    if (instruction.row.mnemonic === 'pop' && memory.base === RSP)
      displacement += BigInt(instruction.operandSize / 8)
    let sum: I64 = i64(displacement)
    const isVector = this.operand(index).form === 'vector'
    if (memory.index >= 0 && !isVector)
      sum = add(shl(this.#frame.gpr(memory.index).value, i64(Math.log2(memory.scale))), sum)
    if (memory.base === BASE_RIP) sum = add(this.#frame.base, add(i64(this.#decoded.next), sum))
    else if (memory.base >= 0) sum = add(this.#frame.gpr(memory.base).value, sum)
    if (isVector) return this.let(sum)
    const offset = this.wrapOffset(index, sum)
    const isWhole = instruction.addressSize === this.#addressBits
    const symbol = isWhole ? this.#symbolOfOperand(memory, Number(displacement)) : undefined
    if (symbol) this.#symbols.set(offset, symbol)
    return offset
  }

  #symbolOfOperand({ base, index, scale }: DecodedOperand, displacement: number): Symbolic | undefined {
    if (base < 0 && base !== BASE_RIP) return undefined
    const known =
      base === BASE_RIP
        ? { origin: 'rip', offset: this.#decoded.next, isStack: false }
        : this.#known.register(base)
    if (index < 0) return { ...known, offset: known.offset + displacement }
    const second = this.#known.register(index)
    const offset = known.offset + second.offset * scale + displacement
    return { origin: `${known.origin}+${second.origin}*${scale}`, offset, isStack: false }
  }

  wrapOffset(_index: number, offset: I64): I64 {
    const { addressSize } = this.#instruction
    if (addressSize === 64) return this.let(offset)
    return this.let(and(offset, i64(addressSize === 32 ? MASK_32 : 0xffff)))
  }

  override address(index: number, access?: AccessKind, bytes?: number): I64 {
    if (this.shape.segmented) return super.address(index, access, bytes)
    const known = this.#addresses.get(index)
    if (known) return known
    const bound = super.address(index, access, bytes)
    this.#addresses.set(index, bound)
    return bound
  }

  linear(index: number, offset: I64, access: AccessKind, bytes: number): I64 {
    return this.#linear(this.#operand(index).segment, offset, access, bytes)
  }

  override segmentAddress(segment: I32, offset: I64, access: AccessKind, bytes: number): I64 {
    return this.#linear(Number(segment.constant), offset, access, bytes)
  }

  /** Translated code runs with flat segments, but for FS and GS; and CS, which cannot be written. */
  #linear(segment: number, offset: I64, access: AccessKind, bytes: number): I64 {
    const { long, isHopeful } = this.#frame
    if (segment < L.FS && (long || segment !== L.CS)) return offset
    const at = L.SEGMENTS + segment * L.SEG_SIZE
    const base = loadI64(this.cpu, at + L.SEG_BASE)
    if (long) return this.let(add(offset, base))
    if (access !== 'none') {
      if (segment === L.CS || !isHopeful || this.#isConditional)
        return super.segmentAddress(i32(segment), offset, access, bytes)
      const otherKind = xor(
        and(loadI32(this.cpu, at + L.SEG_ATTRIBUTES), i32(SEGMENT_KIND)),
        i32(WRITABLE_DATA),
      )
      const limit = extendU(loadI32(this.cpu, at + L.SEG_LIMIT))
      this.expect(or(otherKind, ltU(limit, add(offset, i64(bytes - 1)))))
    }
    return this.let(and(add(offset, base), i64(MASK_32)))
  }

  // Memory

  /** Says which instruction leaves the region, if one does. */
  #place(): void {
    if (this.#isPlaced) return
    this.f.set(this.#frame.where, i64((BigInt(this.#decoded.at) << 8n) | BigInt(this.#remaining)))
    this.#isPlaced = this.f.depth === this.#depth
  }

  /** Leaves the instruction to the interpreter. */
  #giveUp(): void {
    this.#place()
    this.f.br(this.#frame.rare)
  }

  /** Where an access finds its bytes; the interpreter does the instruction when the TLB does not know. */
  #direct(va: I64, bits: number, isWrite: boolean): Access {
    const symbol = this.#isConditional || !this.#frame.isHopeful ? undefined : this.#symbolOf(va)
    return symbol ? this.#grouped(va, symbol, bits / 8, isWrite) : this.#alone(va, bits, isWrite)
  }

  #grouped(va: I64, symbol: Symbolic, bytes: number, isWrite: boolean): Access {
    const known = this.#known
    const joined = known.join(symbol, bytes, isWrite, this.#node)
    if (joined) return { host: joined.host.value, offset: HOST_BIAS + symbol.offset - joined.anchor }
    const group = known.open(symbol, bytes, isWrite, this.#node, this.#frame.takeHost())
    this.#place()
    this.f.defer(() => this.#look(va, group))
    return { host: group.host.value, offset: HOST_BIAS }
  }

  /** One look at the TLB for all accesses of a group, whose first is at `va`. */
  #look(va: I64, { anchor, low, high, isWritten, accesses, host }: Group): void {
    const { f } = this
    const { tlb, rare, counted } = this.#frame
    const first = add(va, i64(low - anchor))
    const last = add(va, i64(high - 1 - anchor))
    // The entry of the first byte cannot hold the page of the last one when they lie on two.
    f.set(host, add(tlb.value, entryOf(first)))
    const bad = ne(and(last, PAGE_MASK), loadI64(host.value, isWritten ? L.TLB_WRITE_TAG : L.TLB_READ_TAG))
    f.brIf(accesses > 1 ? counted : rare, bad)
    f.set(host, add(add(wrap(va), loadI32(host.value, L.TLB_ADDEND)), i32(-HOST_BIAS)))
  }

  #alone(va: I64, bits: number, isWrite: boolean): Access {
    const { f } = this
    const tag = isWrite ? L.TLB_WRITE_TAG : L.TLB_READ_TAG
    this.#place()
    const entry = f.let(add(this.#frame.tlb.value, entryOf(va)))
    const last = bits === 8 ? va : add(va, i64(bits / 8 - 1))
    f.brIf(this.#frame.rare, ne(and(last, PAGE_MASK), loadI64(entry, tag)))
    return { host: f.let(add(wrap(va), loadI32(entry, L.TLB_ADDEND))), offset: 0 }
  }

  /** What `Runtime.sync` takes: the length, and the segment that an access goes through. */
  #access(): I32 {
    return i32((this.#decoded.next - this.#decoded.at) | (Number(this.field('segment').constant) << 8))
  }

  #rawLoad(bits: number, { host, offset }: Access): Value {
    if (bits === 64) return loadI64(host, offset)
    return bits === 32
      ? loadI32(host, offset)
      : load(bits === 16 ? 'i32.load16_u' : 'i32.load8_u', host, offset)
  }

  #rawStore(bits: number, { host, offset }: Access, value: Value): void {
    const float = bits < 32 ? undefined : readAsFloat(value)
    if (float?.type === 'f64' && bits === 64) return this.f.store('f64.store', host, float, offset)
    if (float?.type === 'f32' && bits === 32) return this.f.store('f32.store', host, float, offset)
    if (bits === 64) return this.f.store('i64.store', host, value as I64, offset)
    const narrow = value.type === 'i64' ? wrap(value as I64) : (value as I32)
    const name = bits === 32 ? 'i32.store' : bits === 16 ? 'i32.store16' : 'i32.store8'
    this.f.store(name, host, narrow, offset)
  }

  load(bits: number, address: I64): Value {
    // ENTER: were it left to the interpreter after this, it would read what it has written itself.
    if (this.#stored) throw new Untranslatable(this.#decoded, 'a load behind a store')
    const va = this.let(address)
    return this.let(this.#rawLoad(bits, this.#direct(va, bits, false)))
  }

  store(bits: number, address: I64, value: Value): void {
    const va = this.let(address)
    this.#rawStore(bits, this.#direct(va, bits, true), value)
    this.#stored = true
  }

  loadForWrite(bits: number, address: I64): Value {
    const va = this.let(address)
    this.#writeBack = this.#direct(va, bits, true)
    return this.let(this.#rawLoad(bits, this.#writeBack))
  }

  storeBack(bits: number, value: Value): void {
    if (!this.#writeBack) throw new Error(`${this.shape.meaning}: storeBack without loadForWrite`)
    this.#rawStore(bits, this.#writeBack, value)
    this.#stored = true
  }

  // Vectors

  vector(number: number, lane = 0): V128 {
    const value = this.let(this.#frame.vector(number, lane).value)
    if (lane === 0) this.#floats.read(number, value)
    return value
  }

  setVector(number: number, value: V128, lane = 0): void {
    this.#frame.vectorWritten(number, lane)
    if (lane === 0) {
      this.#copyLowest(number, value)
      this.#floats.write(number, this.#isConditional ? null : value)
    }
    this.f.set(this.#frame.vector(number, lane), value)
  }

  readVector(index: number, lane = 0): V128 {
    if (this.operand(index).kind !== 'memory') return this.vector(this.#operand(index).register, lane)
    return this.loadVector(add(this.address(index, 'read', 16 * (lane + 1)), i64(16 * lane)))
  }

  writeVector(index: number, value: V128, lane = 0): void {
    if (this.operand(index).kind !== 'memory')
      return this.setVector(this.#operand(index).register, value, lane)
    this.storeVector(add(this.address(index, 'write', 16 * (lane + 1)), i64(16 * lane)), value)
  }

  requireAligned(index: number, bytes = 16): void {
    if (this.operand(index).kind !== 'memory') return
    this.f.if(and(wrap(this.address(index, 'none')), i32(bytes - 1)), () => this.raise())
  }

  /** Stores one or two lanes. */
  #storeTo(address: I64, lanes: readonly V128[]): void {
    const va = this.let(address)
    const { host, offset } = this.#direct(va, lanes.length === 1 ? 128 : 256, true)
    lanes.forEach((value, lane) => this.f.store('v128.store', host, value, offset + 16 * lane))
    this.#stored = true
  }

  loadVector(address: I64): V128 {
    const { host, offset } = this.#direct(this.let(address), 128, false)
    return this.let(loadV128(host, offset))
  }

  storeVector(address: I64, value: V128): void {
    this.#storeTo(address, [value])
  }

  override loadScalar(bits: 32 | 64, address: I64): V128 {
    const { host, offset } = this.#direct(this.let(address), bits, false)
    return this.let(load(bits === 64 ? 'v128.load64_zero' : 'v128.load32_zero', host, offset))
  }

  loadWide(address: I64): [V128, V128] {
    const { host, offset } = this.#direct(this.let(address), 256, false)
    return [this.let(loadV128(host, offset)), this.let(loadV128(host, offset + 16))]
  }

  storeWide(address: I64, low: V128, high: V128): void {
    this.#storeTo(address, [low, high])
  }

  // Control

  nextRip(): I64 {
    return this.let(this.#frame.ripAt(this.#decoded.next))
  }

  targetRip(index: number): I64 {
    return this.let(this.#frame.ripAt(this.#decoded.next + this.#operand(index).value))
  }

  /** What is compared with a place of the region is canonical when it is the same. */
  override checkTarget(rip: I64): void {
    if (!this.#guess || this.shape.segmented) return super.checkTarget(rip)
    this.f.if(ne(rip, this.#guess), () => super.checkTarget(rip))
  }

  jumpRelative(): void {
    this.transfer = { kind: 'jump' }
  }

  jumpIf(condition: I32): void {
    this.transfer = { kind: 'conditional', condition }
  }

  jumpTo(rip: I64): void {
    this.f.set(this.#frame.target, this.#frame.cut(rip))
    this.transfer = { kind: 'indirect' }
  }

  // State block and helpers

  /** What MODE says was known when the region was found. */
  stateI32(offset: number): I32 {
    if (offset === L.MODE) return i32(this.#frame.mode)
    return this.let(loadI32(this.cpu, offset))
  }

  stateI64(offset: number): I64 {
    return this.let(loadI64(this.cpu, offset))
  }

  /** MXCSR is looked at once, and anything but the usual left to the interpreter. */
  override differs(offset: number, mask: number, value: number): I32 {
    if (offset !== L.MXCSR || this.#isConditional || !this.#frame.isHopeful)
      return super.differs(offset, mask, value)
    const usual = `${mask} ${value}`
    if (this.#known.mxcsr !== usual) {
      this.#place()
      this.f.brIf(this.#frame.counted, ne(and(this.stateI32(offset), i32(mask)), i32(value)))
      this.#known.mxcsr = usual
    }
    return i32(0)
  }

  setStateI32(offset: number, value: I32): void {
    if (offset === L.MXCSR) this.#known.mxcsr = null
    this.f.store('i32.store', this.cpu, value, offset)
  }

  setStateI64(offset: number, value: I64): void {
    this.f.store('i64.store', this.cpu, value, offset)
  }

  /** Leaves the instruction to the interpreter when what is usual is not so. Nothing has changed yet. */
  expect(unusual: I32): void {
    this.#place()
    this.f.brIf(this.#frame.counted, unusual)
  }

  override get leavesRare(): boolean {
    return this.#frame.isHopeful && !this.#isConditional
  }

  override leaveWhen(suspicious: I32, unusual: I32): void {
    this.#place()
    this.f.if(suspicious, () => this.f.brIf(this.#frame.counted, unusual))
  }

  /** Accesses and fetches have other rights from here on: those of the TLB array at `base`. */
  useTlb(base: I32): void {
    const { f } = this
    const { tlb } = this.#frame
    f.set(tlb, base)
    f.store('i32.store', this.cpu, tlb.value, L.TLB_BASE)
    this.#known.forgetTlb()
  }

  #sync(): void {
    const { runtime, long } = this.#frame
    this.f.callVoid(runtime.sync(long), this.cpu, this.#rip, this.#access(), this.left)
  }

  raise(): void {
    this.#giveUp()
  }

  system(name: HelperName, ...args: Expr[]): void {
    this.#system(null, name, args)
  }

  systemThen(after: () => void, name: HelperName, ...args: Expr[]): void {
    this.#system(after, name, args)
  }

  #system(after: (() => void) | null, name: HelperName, args: readonly Expr[]): void {
    const { f } = this
    const frame = this.#frame
    const usual = frame.crossesRings && !this.#isConditional ? usualTransition(name, args) : undefined
    if (usual) return usual(this)
    const bound = args.map((arg) => f.let(arg))
    const known = effects[name]
    if (this.#isConditional) {
      if (!this.#stored) return this.#giveUp()
      if (!known) throw new Untranslatable(this.#decoded, name)
    }
    this.#commit()
    if (known?.light) {
      f.store('i64.store', this.cpu, this.#rip, L.RIP)
      f.let(frame.runtime.call(f, name, this.cpu, ...bound)!)
      return
    }
    frame.spill(known ? known.reads | known.writes : ALL, !known)
    this.#sync()
    const status = frame.runtime.call(f, name, this.cpu, ...bound) as I32
    if (!known?.quiet) this.mayRequestExit = true
    if (known) {
      frame.reload(known.writes, false)
      this.#known.forget(known.writes)
      f.if(eq(status, i32(STATUS_EXCEPTION)), () => frame.fault(this.left))
      after?.()
      f.if(status, () => frame.leave(status, this.left, false))
    } else {
      this.#forgetFlags()
      const jumps = jumping.has(name)
      const elsewhere = jumps ? frame.isElsewhere(status) : status
      f.if(after ? eq(status, i32(STATUS_EXCEPTION)) : elsewhere, () => frame.leave(status, this.left, true))
      if (jumps) this.#jumped()
      frame.reload(ALL, true)
      this.#known.forget(ALL)
      after?.()
      if (after) f.if(status, () => frame.leave(status, this.left, false))
    }
    if (!known) this.#known.mxcsr = null
    if (!known) {
      this.#known.plain.clear()
      this.#known.lowest.clear()
    }
    if (known?.quiet) return
    this.#known.forgetTlb()
    frame.loadTlb()
  }

  /** The helper has changed RIP, and all the rest is as the region wants it. */
  #jumped(): void {
    this.mayRequestExit = false
    this.f.set(this.#frame.target, loadI64(this.cpu, L.RIP))
    this.transfer = { kind: 'indirect' }
  }

  systemValue(name: HelperName, ...args: Expr[]): I64 {
    const { f } = this
    const frame = this.#frame
    const bound = args.map((arg) => f.let(arg))
    const known = effects[name]
    // A helper in a condition is for what is rare, unless that has turned out otherwise.
    if (this.#isConditional && (!known?.quiet || frame.isHopeful)) {
      if (this.#stored) throw new Untranslatable(this.#decoded, name)
      this.#place()
      f.br(known?.quiet ? frame.counted : frame.rare)
      return i64(0)
    }
    this.#commit()
    if (known?.light) {
      f.store('i64.store', this.cpu, this.#rip, L.RIP)
      return f.let(frame.runtime.call(f, name, this.cpu, ...bound) as I64)
    }
    frame.spill(known ? known.reads | known.writes : ALL, !known)
    this.#sync()
    const value = frame.runtime.call(f, name, this.cpu, ...bound) as I64
    if (!known?.quiet) this.mayRequestExit = true
    if (!known) this.#forgetFlags()
    frame.reload(known?.writes ?? ALL, !known)
    this.#known.forget(known?.writes ?? ALL)
    if (!known?.quiet) this.#known.forgetTlb()
    f.if(loadI32(this.cpu, L.EXC_PENDING), () => frame.fault(this.left))
    return value
  }

  /** A helper in a condition is what is done in rare cases; and what is known here of flags and registers would hold on one path only. */
  get #isConditional(): boolean {
    return this.f.depth !== this.#depth
  }

  pure(name: HelperName, ...args: Expr[]): I64 {
    const { runtime } = this.#frame
    if (name === 'mulHigh64' || name === 'imulHigh64')
      return this.f.call<'i64'>(runtime.mulHigh(name === 'imulHigh64'), ...args)
    return runtime.call(this.f, name, this.cpu, ...args) as I64
  }

  probe(): void {
    throw new Error('code that is traced is not translated')
  }

  // Flags

  protected storeFlags({ kind, bits, result, x, y }: FlagSource): void {
    const { f } = this
    const { flagResult, flagX, flagY } = this.#frame
    this.#frame.flagsWritten()
    this.#isOrder = false
    f.set(this.#frame.flagKind, i32(kind | ((bits - 1) << 8)))
    f.set(flagResult, result)
    if (kind !== L.FLAGS_LOGIC) f.set(flagX, x)
    this.#hasY = y !== undefined
    if (y) f.set(flagY, y)
  }

  #forgetFlags(): void {
    this.#isOrder = false
    this.flags = null
    this.#hasY = false
  }

  override setFlagsWhen(condition: I32, kind: number, bits: number, result: Value, x?: Value): void {
    if (condition.constant !== undefined) {
      if (condition.constant) this.setFlags(kind, bits, result, x)
      return
    }
    this.f.if(condition, () => this.setFlags(kind, bits, result, x))
    this.#forgetFlags()
  }

  override setCarryOverflow(carry: I32, overflow: I32): void {
    const { f } = this
    const { flags } = this
    const { flagResult, flagX } = this.#frame
    this.#frame.flagsWritten()
    this.#isOrder = false
    if (!flags) return this.storeCarryOverflow(carry, overflow)
    const place = this.let(extendU(or(carry, shl(overflow, i32(11)))))
    f.set(flagX, or(adjustOf(i32(flags.kind), flags.x, flags.result), place))
    const kind = L.FLAGS_PARTIAL
    f.set(this.#frame.flagKind, i32(kind | ((flags.bits - 1) << 8)))
    this.#hasY = false
    this.flags = { kind, bits: flags.bits, result: flagResult.value, x: flagX.value }
  }

  override setCarryOverflowWhen(condition: I32, carry: I32, overflow: I32): void {
    if (condition.constant !== undefined) {
      if (condition.constant) this.setCarryOverflow(carry, overflow)
      return
    }
    this.#forgetFlags()
    this.f.if(condition, () => this.setCarryOverflow(carry, overflow))
  }

  protected storeCarryOverflow(carry: I32, overflow: I32): void {
    const { f } = this
    const { flagKind, flagResult, flagX, runtime } = this.#frame
    const [kind, x] = runtime.withCarryOverflow(
      f,
      flagKind.value,
      flagX.value,
      flagResult.value,
      carry,
      overflow,
    )
    f.set(flagKind, kind)
    f.set(flagX, x)
  }

  protected storeExplicitFlags(flags: I64): void {
    const { f } = this
    const { flagResult, flagX } = this.#frame
    this.#frame.flagsWritten()
    const bits = this.let(and(flags, i64(0x8d5)))
    f.set(flagX, bits)
    f.set(flagResult, xor(and(shrU(bits, i64(6)), i64(1)), i64(1)))
    // SF and PF stand in X, where a condition that is made now would not look for them.
    f.set(this.#frame.flagKind, i32(L.FLAGS_EXPLICIT))
    this.#forgetFlags()
  }

  override setOrderFlags(bits: I64, x: F32 | F64, y: F32 | F64): void {
    this.storeExplicitFlags(bits)
    if (!this.#frame.isHopeful || this.#isConditional) return
    const wide = (value: F32 | F64): F64 => (value.type === 'f64' ? value : op('f64.promote_f32', value))
    this.f.set(this.#frame.floatX, wide(x))
    this.f.set(this.#frame.floatY, wide(y))
    this.#isOrder = true
  }

  /** Behind a comparison of floats of which neither is a NaN. */
  #orderCondition(code: number): I32 {
    const { floatX, floatY } = this.#frame
    const names = { 2: 'lt', 3: 'ge', 4: 'eq', 5: 'ne', 6: 'le', 7: 'gt', 14: 'eq', 15: 'ne' } as const
    const name = names[code as keyof typeof names]
    // OF, SF and PF are clear.
    return name ? op(`f64.${name}`, floatX.value, floatY.value) : i32(code & 1)
  }

  override setAllFlags(bits: I64): void {
    this.storeExplicitFlags(bits)
  }

  rflags(): I64 {
    const { flagKind, flagX, flagResult, runtime } = this.#frame
    const arithmetic = this.flags
      ? arithmeticFlagsOf(this.flags)
      : this.f.call<'i64'>(runtime.arithmeticFlags, flagKind.value, flagX.value, flagResult.value)
    return or(loadI64(this.cpu, L.RFLAGS), arithmetic)
  }

  #flag(which: 'carry' | 'overflow' | 'sign' | 'parity'): I32 {
    const { flagKind, flagX, flagResult, runtime } = this.#frame
    return this.f.call(runtime.flag(which), flagKind.value, flagX.value, flagResult.value)
  }

  /** Behind INC and DEC, which are the ones to ask most often, CF mostly stands in X already. */
  protected storedCarry(): I32 {
    const { flagKind, flagX } = this.#frame
    const isImplied = ltU(sub(and(flagKind.value, i32(0xff)), i32(L.FLAGS_ADD)), i32(L.FLAGS_LOGIC))
    return this.f.choose(
      isImplied,
      () => this.#flag('carry'),
      () => and(wrap(flagX.value), i32(1)),
    )
  }

  protected storedCondition(code: number): I32 {
    if (this.#isOrder) return this.#orderCondition(code)
    const zero = (): I32 => eqz(this.#frame.flagResult.value)
    const less = (): I32 => xor(this.#flag('sign'), this.#flag('overflow'))
    const even = [
      () => this.#flag('overflow'),
      () => this.#flag('carry'),
      zero,
      () => or(zero(), this.#flag('carry')),
      () => this.#flag('sign'),
      () => this.#flag('parity'),
      less,
      () => or(zero(), less()),
    ][code >> 1]!()
    return code & 1 ? eqz(even) : even
  }
}
