/** Memory in translated code: addresses that differ by a constant share a look at the TLB. */
import { BASE_RIP, RegisterClass as C, type Operand as DecodedOperand } from '../../isa/index.ts'
import * as L from '../layout.ts'
import type { Access as AccessKind } from '../semantics/context.ts'
import { truncate, type Value } from '../semantics/values.ts'
import {
  add,
  and,
  extendU,
  floatOf,
  i32,
  i64,
  load,
  loadI32,
  loadI64,
  loadV128,
  ltU,
  ne,
  or,
  readAsFloat,
  shl,
  wrap,
  xor,
  type I32,
  type I64,
  type V128,
} from '../wasm/index.ts'
import { Untranslatable } from './instruction-context.ts'
import { HOST_BIAS, type Group, type Symbolic } from './known.ts'
import { RegisterContext } from './register-context.ts'
import { entryOf } from './runtime.ts'

const PAGE_MASK = i64(~0xfffn)
const MASK_32 = 0xffff_ffff
/** Of the attributes of a segment: P, S, code, expand-down and writable; and a data segment that grows upwards. SDM Vol. 3A, 3.4.5. */
const SEGMENT_KIND = 0x9e
const WRITABLE_DATA = 0x92
const RSP = 4

/** An address in the wasm memory: a bound one, and the offset of the instruction. */
interface Access {
  readonly host: I32
  readonly offset: number
}

export abstract class MemoryContext extends RegisterContext {
  #writeBack: Access | null = null

  // Addresses

  offset(index: number): I64 {
    const memory = this.decodedOperand(index)
    const instruction = this.instruction
    if (this.operand(index).form === 'absolute')
      return i64((BigInt(memory.high) << 32n) | BigInt(memory.low >>> 0))
    let displacement = BigInt(memory.low)
    // POP to memory addressed by the stack pointer means the pointer after the pop.
    if (instruction.row.mnemonic === 'pop' && memory.base === RSP)
      displacement += BigInt(instruction.operandSize / 8)
    let sum: I64 = i64(displacement)
    const isVector = this.operand(index).form === 'vector'
    if (memory.index >= 0 && !isVector)
      sum = add(shl(this.frame.gpr(memory.index).value, i64(Math.log2(memory.scale))), sum)
    if (memory.base === BASE_RIP) sum = add(this.frame.base, add(i64(this.decoded.next), sum))
    else if (memory.base >= 0) sum = add(this.frame.gpr(memory.base).value, sum)
    if (isVector) return this.let(sum)
    const offset = this.wrapOffset(index, sum)
    const isWhole = instruction.addressSize === this.addressBits
    const symbol = isWhole ? this.#symbolOfOperand(memory, Number(displacement)) : undefined
    if (symbol) this.symbols.set(offset, symbol)
    return offset
  }

  #symbolOfOperand({ base, index, scale }: DecodedOperand, displacement: number): Symbolic | undefined {
    if (base < 0 && base !== BASE_RIP) return undefined
    const known =
      base === BASE_RIP
        ? { origin: 'rip', offset: this.decoded.next, isStack: false }
        : this.known.register(base)
    if (index < 0) return { ...known, offset: known.offset + displacement }
    const second = this.known.register(index)
    const offset = known.offset + second.offset * scale + displacement
    return { origin: `${known.origin}+${second.origin}*${scale}`, offset, isStack: false }
  }

  wrapOffset(_index: number, offset: I64): I64 {
    const { addressSize } = this.instruction
    if (addressSize === 64) return this.let(offset)
    return this.let(and(offset, i64(addressSize === 32 ? MASK_32 : 0xffff)))
  }

  linear(index: number, offset: I64, access: AccessKind, bytes: number): I64 {
    return this.#linear(this.decodedOperand(index).segment, offset, access, bytes)
  }

  override segmentAddress(segment: I32, offset: I64, access: AccessKind, bytes: number): I64 {
    return this.#linear(Number(segment.constant), offset, access, bytes)
  }

  /** Translated code runs with flat segments, but for FS and GS; and CS, which cannot be written. */
  #linear(segment: number, offset: I64, access: AccessKind, bytes: number): I64 {
    const { long, isHopeful } = this.frame
    if (segment < L.FS && (long || segment !== L.CS)) return offset
    const at = L.SEGMENTS + segment * L.SEG_SIZE
    const base = loadI64(this.cpu, at + L.SEG_BASE)
    if (long) return this.let(add(offset, base))
    if (access !== 'none') {
      if (segment === L.CS || !isHopeful || this.isConditional)
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

  /** Where an access finds its bytes; the interpreter does the instruction when the TLB does not know. */
  #direct(va: I64, bits: number, isWrite: boolean): Access {
    const symbol = this.isConditional || !this.frame.isHopeful ? undefined : this.symbolOf(va)
    return symbol ? this.#grouped(va, symbol, bits / 8, isWrite) : this.#alone(va, bits, isWrite)
  }

  #grouped(va: I64, symbol: Symbolic, bytes: number, isWrite: boolean): Access {
    const known = this.known
    const joined = known.join(symbol, bytes, isWrite, this.node)
    if (joined) return { host: joined.host.value, offset: HOST_BIAS + symbol.offset - joined.anchor }
    const group = known.open(symbol, bytes, isWrite, this.node, this.frame.takeHost())
    this.markPlace()
    this.f.defer(() => this.#look(va, group))
    return { host: group.host.value, offset: HOST_BIAS }
  }

  /** One look at the TLB for all accesses of a group, whose first is at `va`. */
  #look(va: I64, { anchor, low, high, isWritten, accesses, host }: Group): void {
    const { f } = this
    const { tlb, rare, counted } = this.frame
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
    this.markPlace()
    const entry = f.let(add(this.frame.tlb.value, entryOf(va)))
    const last = bits === 8 ? va : add(va, i64(bits / 8 - 1))
    f.brIf(this.frame.rare, ne(and(last, PAGE_MASK), loadI64(entry, tag)))
    return { host: f.let(add(wrap(va), loadI32(entry, L.TLB_ADDEND))), offset: 0 }
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
    if (this.stored) throw new Untranslatable(this.decoded, 'a load behind a store')
    const va = this.let(address)
    return this.let(this.#rawLoad(bits, this.#direct(va, bits, false)))
  }

  store(bits: number, address: I64, value: Value): void {
    const va = this.let(address)
    this.#rawStore(bits, this.#direct(va, bits, true), value)
    this.stored = true
  }

  loadForWrite(bits: number, address: I64): Value {
    const va = this.let(address)
    this.#writeBack = this.#direct(va, bits, true)
    return this.let(this.#rawLoad(bits, this.#writeBack))
  }

  storeBack(bits: number, value: Value): void {
    if (!this.#writeBack) throw new Error(`${this.shape.meaning}: storeBack without loadForWrite`)
    this.#rawStore(bits, this.#writeBack, value)
    this.stored = true
  }

  /** Stores one or two lanes. */
  #storeTo(address: I64, lanes: readonly V128[]): void {
    const va = this.let(address)
    const { host, offset } = this.#direct(va, lanes.length === 1 ? 128 : 256, true)
    lanes.forEach((value, lane) => this.f.store('v128.store', host, value, offset + 16 * lane))
    this.stored = true
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

  // Operands

  read(index: number, bits: number = this.operand(index).bits): Value {
    const { kind } = this.operand(index)
    const { register } = this.decodedOperand(index)
    if (kind === 'memory') return this.load(bits, this.address(index, 'read', bits / 8))
    if (kind === 'gpr') return this.readGpr(index, bits)
    if (kind === 'vector') return this.lane(register, bits)
    if (kind === 'mmx') return this.readMmx(register, bits)
    if (kind === 'immediate') return truncate(this.immediate(), bits)
    throw new TypeError(`${this.shape.meaning}: operand ${index} is a ${kind}, not a value`)
  }

  write(index: number, value: Value, bits: number = this.operand(index).bits): void {
    const { kind } = this.operand(index)
    const { register, registerClass } = this.decodedOperand(index)
    if (kind === 'memory') this.store(bits, this.address(index, 'write', bits / 8), value)
    else if (kind === 'vector' && bits === 64 && floatOf(value)) this.setLowest(register, value)
    else if (kind === 'vector') this.setVector(register, this.withLow(register, value, bits))
    else if (kind === 'mmx') this.writeMmx(register, value as I64)
    else if (registerClass === C.gpr8High) this.setGprHigh(register - 4, value)
    else this.setGpr(register, bits, value)
  }

  override readLowest(index: number, bits: 32 | 64): Value {
    if (this.operand(index).kind !== 'memory') return this.read(index, bits)
    return this.lowOf(this.loadScalar(bits, this.address(index, 'read', bits / 8)), bits)
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

  readVector(index: number, lane = 0): V128 {
    if (this.operand(index).kind !== 'memory') return this.vector(this.decodedOperand(index).register, lane)
    return this.loadVector(add(this.address(index, 'read', 16 * (lane + 1)), i64(16 * lane)))
  }

  writeVector(index: number, value: V128, lane = 0): void {
    if (this.operand(index).kind !== 'memory')
      return this.setVector(this.decodedOperand(index).register, value, lane)
    this.storeVector(add(this.address(index, 'write', 16 * (lane + 1)), i64(16 * lane)), value)
  }

  requireAligned(index: number, bytes = 16): void {
    if (this.operand(index).kind !== 'memory') return
    this.f.if(and(wrap(this.address(index, 'none')), i32(bytes - 1)), () => this.raise())
  }
}
