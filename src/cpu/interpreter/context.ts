/** The `Context` whose operands are read out of a decoded record: semantics called with it become handlers. */
import { STATUS_EXCEPTION, type HelperName } from '../helpers.ts'
import * as L from '../layout.ts'
import { Context, GP, type Access } from '../semantics/context.ts'
import type { FlagSource } from '../semantics/flags.ts'
import type { FieldName, Shape } from '../semantics/operand.ts'
import { toI64, truncate, type Value } from '../semantics/values.ts'
import {
  add,
  and,
  eq,
  eqz,
  extendS,
  extendU,
  i32,
  i64,
  load,
  loadI32,
  loadI64,
  loadV128,
  or,
  select,
  shl,
  shrU,
  sub,
  wrap,
  xor,
  type Expr,
  type FunctionBuilder,
  type I32,
  type I64,
  type V128,
  type Variable,
} from '../wasm/index.ts'
import * as R from './record.ts'
import { enterBlock, findBlock, handlerType, tlbEntry } from './dispatch.ts'
import type { Runtime } from './runtime.ts'

const PAGE_MASK = i64(~0xfffn)

export class RecordContext extends Context {
  readonly cpu: I32
  readonly #budget: I32
  readonly #record: I32
  readonly #runtime: Runtime
  /** Offset of this instruction's record from the handler's: not 0 for the second of a fused pair. */
  readonly #base: number
  #writeBack: { va: I64; host: Variable<'i32'> } | null = null
  /** The semantics function has ended the instruction by itself. */
  ended = false

  constructor(f: FunctionBuilder, shape: Shape, runtime: Runtime, base = 0, flags: FlagSource | null = null) {
    super(f, shape)
    const [cpu, record, budget] = f.params as [I32, I32, I32]
    this.cpu = cpu
    this.#record = record
    this.#budget = budget
    this.#runtime = runtime
    this.#base = base
    this.flags = flags
  }

  /** What the flags follow from at the end, for the second of a fused pair. */
  get knownFlags(): FlagSource | null {
    return this.flags
  }

  // Fields of the record

  #i32(offset: number): I32 {
    return loadI32(this.#record, this.#base + offset)
  }

  #i64(offset: number): I64 {
    return loadI64(this.#record, this.#base + offset)
  }

  get #self(): I32 {
    return add(this.#record, i32(this.#base))
  }

  field(name: FieldName): I32 {
    if (name === 'index') return this.let(this.#i32(R.INDEX))
    if (name === 'second') return this.let(load('i32.load16_u', this.#record, this.#base + R.SECOND))
    const offset = { scale: R.SHIFT, repeat: R.REPEAT, address: R.ADDRESS, segment: R.SEGMENT }[name]
    return this.let(load('i32.load8_u', this.#record, this.#base + offset))
  }

  registerNumber(index: number): I32 {
    const raw = this.#i32(R.operandSlot(index))
    const { kind } = this.operand(index)
    if (kind === 'gpr') return this.let(shrU(sub(raw, i32(L.GPR)), i32(3)))
    return this.let(kind === 'vector' ? shrU(sub(raw, i32(L.XMM)), i32(6)) : raw)
  }

  immediate(index: number): I64 {
    void index
    return this.let(this.#i64(R.IMMEDIATE))
  }

  // Registers

  #loadState(bits: number, address: I32, offset: number): Value {
    if (bits === 64) return this.let(loadI64(address, offset))
    if (bits === 32) return this.let(loadI32(address, offset))
    return this.let(load(bits === 16 ? 'i32.load16_u' : 'i32.load8_u', address, offset))
  }

  #storeState(bits: number, address: I32, offset: number, value: Value): void {
    if (bits === 64) return this.f.store('i64.store', address, value as I64, offset)
    const narrow = value.type === 'i64' ? wrap(value as I64) : (value as I32)
    if (bits === 32) this.f.store('i64.store', address, extendU(narrow), offset)
    else this.f.store(bits === 16 ? 'i32.store16' : 'i32.store8', address, narrow, offset)
  }

  gpr(number: number, bits: number): Value {
    return this.#loadState(bits, this.cpu, L.GPR + 8 * number)
  }

  setGpr(number: number, bits: number, value: Value): void {
    this.#storeState(bits, this.cpu, L.GPR + 8 * number, value)
  }

  gprHigh(number: number): Value {
    return this.#loadState(8, this.cpu, L.GPR + 8 * number + 1)
  }

  setGprHigh(number: number, value: Value): void {
    this.#storeState(8, this.cpu, L.GPR + 8 * number + 1, value)
  }

  /** Address in the state block of a register operand. */
  #register(index: number): I32 {
    return this.let(add(this.cpu, this.#i32(R.operandSlot(index))))
  }

  // Operands

  read(index: number, bits: number = this.operand(index).bits): Value {
    const { kind } = this.operand(index)
    if (kind === 'memory') return this.load(bits, this.address(index, 'read', bits / 8))
    if (kind === 'gpr' || kind === 'vector' || kind === 'mmx')
      return this.#loadState(bits, this.#register(index), 0)
    if (kind === 'immediate') return this.let(truncate(this.#i64(R.IMMEDIATE), bits))
    throw new TypeError(`${this.shape.meaning}: operand ${index} is a ${kind}, not a value`)
  }

  write(index: number, value: Value, bits: number = this.operand(index).bits): void {
    const { kind } = this.operand(index)
    if (kind === 'memory') this.store(bits, this.address(index, 'write', bits / 8), value)
    else if (kind === 'vector') this.#storeHost(bits, this.#register(index), value)
    else if (kind === 'mmx') this.#storeMmx(this.#register(index), value as I64)
    else this.#storeState(bits, this.#register(index), 0, value)
  }

  #storeMmx(register: I32, value: I64): void {
    this.f.store('i64.store', register, value)
    this.f.store('i32.store16', register, i32(0xffff), 8)
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
    const { form } = this.operand(index)
    if (form === 'absolute') return this.let(this.#i64(R.IMMEDIATE))
    const displacement = extendS(this.#i32(R.DISPLACEMENT))
    const base = loadI64(add(this.cpu, this.#i32(R.BASE)))
    if (form === 'base' || form === 'vector') return this.let(add(base, displacement))
    const index64 = loadI64(add(this.cpu, this.#i32(R.INDEX)))
    const sum = add(
      add(base, shl(index64, extendU(load('i32.load8_u', this.#record, this.#base + R.SHIFT)))),
      displacement,
    )
    return this.wrapOffset(index, sum)
  }

  wrapOffset(index: number, offset: I64): I64 {
    const { form } = this.operand(index)
    if (form === 'short') return this.let(and(offset, i64(0xffffffff)))
    if (form !== 'legacy') return this.let(offset)
    const size16 = eq(load('i32.load8_u', this.#record, this.#base + R.ADDRESS), i32(2))
    return this.let(and(offset, select(size16, i64(0xffff), i64(0xffffffff))))
  }

  linear(index: number, offset: I64, access: Access, bytes: number): I64 {
    const { form } = this.operand(index)
    if (form === 'base') return offset
    if (form === 'legacy') return this.segmentAddress(this.field('segment'), offset, access, bytes)
    return this.let(add(offset, loadI64(add(this.cpu, this.#i32(R.SEGMENT_BASE)))))
  }

  // Memory

  /** Looks `va` up in the TLB: `hit` gets the linear address. One compare covers permission, mode and page crossing. */
  #lookup(va: I64, bits: number, tag: number, hit: (address: I32) => void, miss: () => void): void {
    const { f } = this
    const entry = f.let(tlbEntry(this.cpu, va))
    const last = add(va, i64(bits / 8 - 1))
    f.if(
      eq(and(last, PAGE_MASK), loadI64(entry, tag)),
      () => hit(add(wrap(va), loadI32(entry, L.TLB_ADDEND))),
      miss,
    )
  }

  #slowLoad(bits: number, va: I64, stack = false): Value {
    const slow = (stack ? this.#runtime.slowLoadStack : this.#runtime.slowLoad)[bits]!
    const value = this.f.call<'i64'>(slow, this.cpu, this.#self, this.#budget, va)
    this.f.if(loadI32(this.cpu, L.EXC_PENDING), () => this.#fault())
    return bits === 64 ? value : wrap(value)
  }

  #slowStore(bits: number, va: I64, value: Value, stack = false): void {
    const { f } = this
    const slow = (stack ? this.#runtime.slowStoreStack : this.#runtime.slowStore)[bits]!
    const status = f.call(slow, this.cpu, this.#self, this.#budget, va, toI64(value))
    f.if(status, () => this.#fault())
  }

  #storeHost(bits: number, address: I32, value: Value): void {
    if (bits === 64) return this.f.store('i64.store', address, value as I64)
    const narrow = value.type === 'i64' ? wrap(value as I64) : (value as I32)
    this.f.store(bits === 32 ? 'i32.store' : bits === 16 ? 'i32.store16' : 'i32.store8', address, narrow)
  }

  load(bits: number, address: I64, stack = false): Value {
    const { f } = this
    const va = f.let(address)
    const value = f.variable(bits === 64 ? 'i64' : 'i32')
    this.#lookup(
      va,
      bits,
      L.TLB_READ_TAG,
      (host) => f.set(value, this.#rawLoad(bits, host)),
      () => f.set(value, this.#slowLoad(bits, va, stack)),
    )
    return f.let(value.value)
  }

  #rawLoad(bits: number, address: I32): Value {
    if (bits === 64) return loadI64(address)
    return bits === 32 ? loadI32(address) : load(bits === 16 ? 'i32.load16_u' : 'i32.load8_u', address)
  }

  store(bits: number, address: I64, value: Value, stack = false): void {
    const va = this.f.let(address)
    const bound = this.f.let(value)
    this.#lookup(
      va,
      bits,
      L.TLB_WRITE_TAG,
      (host) => this.#storeHost(bits, host, bound),
      () => this.#slowStore(bits, va, bound, stack),
    )
  }

  loadForWrite(bits: number, address: I64): Value {
    const { f } = this
    const va = f.let(address)
    const host = f.variable('i32')
    this.#writeBack = { va, host }
    const value = f.variable(bits === 64 ? 'i64' : 'i32')
    this.#lookup(
      va,
      bits,
      L.TLB_WRITE_TAG,
      (linear) => {
        f.set(host, linear)
        f.set(value, this.#rawLoad(bits, host.value))
      },
      () => {
        f.callVoid(this.#runtime.sync, this.cpu, this.#self, this.#budget)
        const status = f.call(this.#runtime.helper('probeWrite'), this.cpu, va, i32(bits / 8))
        f.if(status, () => this.#fault())
        f.set(value, this.#slowLoad(bits, va))
      },
    )
    return f.let(value.value)
  }

  storeBack(bits: number, value: Value): void {
    const pending = this.#writeBack
    if (!pending) throw new Error(`${this.shape.meaning}: storeBack without loadForWrite`)
    const bound = this.let(value)
    this.f.if(
      pending.host.value,
      () => this.#storeHost(bits, pending.host.value, bound),
      () => this.#slowStore(bits, pending.va, bound),
    )
  }

  // Vectors

  vector(number: number, lane = 0): V128 {
    return this.let(loadV128(this.cpu, L.XMM + number * L.XMM_STRIDE + 16 * lane))
  }

  setVector(number: number, value: V128, lane = 0): void {
    this.f.store('v128.store', this.cpu, value, L.XMM + number * L.XMM_STRIDE + 16 * lane)
  }

  readVector(index: number, lane = 0): V128 {
    if (this.operand(index).kind === 'memory')
      return this.loadVector(add(this.address(index, 'read', 16 * (lane + 1)), i64(16 * lane)))
    return this.let(loadV128(this.#register(index), 16 * lane))
  }

  writeVector(index: number, value: V128, lane = 0): void {
    if (this.operand(index).kind === 'memory')
      this.storeVector(add(this.address(index, 'write', 16 * (lane + 1)), i64(16 * lane)), value)
    else this.f.store('v128.store', this.#register(index), value, 16 * lane)
  }

  requireAligned(index: number, bytes = 16): void {
    if (this.operand(index).kind !== 'memory') return
    this.f.if(and(wrap(this.address(index, 'none')), i32(bytes - 1)), () => this.raise(GP, 0))
  }

  loadVector(address: I64): V128 {
    const { f } = this
    const va = f.let(address)
    const value = f.variable('v128')
    this.#lookup(
      va,
      128,
      L.TLB_READ_TAG,
      (host) => f.set(value, loadV128(host)),
      () => {
        const scratch = add(this.cpu, i32(L.SCRATCH))
        const status = f.call(this.#runtime.slowLoad[128]!, this.cpu, this.#self, this.#budget, va, scratch)
        f.if(status, () => this.#fault())
        f.set(value, loadV128(this.cpu, L.SCRATCH))
      },
    )
    return f.let(value.value)
  }

  storeVector(address: I64, value: V128): void {
    const { f } = this
    const va = f.let(address)
    const bound = f.let(value)
    this.#lookup(
      va,
      128,
      L.TLB_WRITE_TAG,
      (host) => f.store('v128.store', host, bound),
      () => {
        f.store('v128.store', this.cpu, bound, L.SCRATCH)
        const scratch = add(this.cpu, i32(L.SCRATCH))
        const status = f.call(this.#runtime.slowStore[128]!, this.cpu, this.#self, this.#budget, va, scratch)
        f.if(status, () => this.#fault())
      },
    )
  }

  loadWide(address: I64): [V128, V128] {
    const { f } = this
    const va = f.let(address)
    const from = f.variable('i32')
    this.#lookup(
      va,
      256,
      L.TLB_READ_TAG,
      (host) => f.set(from, host),
      () => {
        const scratch = f.let(add(this.cpu, i32(L.SCRATCH)))
        const status = f.call(this.#runtime.slowLoad[256]!, this.cpu, this.#self, this.#budget, va, scratch)
        f.if(status, () => this.#fault())
        f.set(from, scratch)
      },
    )
    return [f.let(loadV128(from.value)), f.let(loadV128(from.value, 16))]
  }

  storeWide(address: I64, low: V128, high: V128): void {
    const { f } = this
    const va = f.let(address)
    const [first, second] = [f.let(low), f.let(high)]
    this.#lookup(
      va,
      256,
      L.TLB_WRITE_TAG,
      (host) => {
        const to = f.let(host)
        f.store('v128.store', to, first)
        f.store('v128.store', to, second, 16)
      },
      () => {
        f.store('v128.store', this.cpu, first, L.SCRATCH)
        f.store('v128.store', this.cpu, second, L.SCRATCH + 16)
        const scratch = add(this.cpu, i32(L.SCRATCH))
        const status = f.call(this.#runtime.slowStore[256]!, this.cpu, this.#self, this.#budget, va, scratch)
        f.if(status, () => this.#fault())
      },
    )
  }

  // Control

  /** Cuts an instruction pointer to the width of the mode and of the operand size. */
  #wrapRip(rip: I64): I64 {
    if (this.shape.long) return rip
    return and(rip, i64(this.shape.operandBits === 16 ? 0xffff : 0xffffffff))
  }

  nextRip(): I64 {
    return this.let(this.#wrapRip(add(loadI64(this.cpu, L.CODE_BASE), extendU(this.#i32(R.NEXT)))))
  }

  targetRip(index: number): I64 {
    void index
    return this.let(this.#wrapRip(add(loadI64(this.cpu, L.CODE_BASE), this.#i64(R.IMMEDIATE))))
  }

  #enter(record: I32): void {
    enterBlock(this.f, this.cpu, record, this.#budget, this.#runtime.outOfBudget)
  }

  #followLink(field: number): void {
    const { f } = this
    const link = f.let(this.#i32(field))
    f.if(eqz(link), () =>
      f.returnCall(
        this.#runtime.linkMiss,
        this.cpu,
        this.#self,
        this.#budget,
        i32(Number(field === R.LINK_NEXT)),
      ),
    )
    this.#enter(link)
  }

  jumpRelative(index: number): void {
    if (this.shape.samePage) this.#followLink(R.LINK)
    else this.jumpTo(this.targetRip(index))
    this.ended = true
  }

  jumpIf(condition: I32, index: number): void {
    if (this.shape.samePage) {
      this.f.if(condition, () => this.#followLink(R.LINK))
      this.#followLink(R.LINK_NEXT)
    } else this.jumpTo(select(condition, this.targetRip(index), this.nextRip()))
    this.ended = true
  }

  /** Goes on at the next instruction, which starts another block. */
  continueBlock(): void {
    if (this.shape.samePage) this.#followLink(R.LINK_NEXT)
    else this.jumpTo(this.nextRip())
    this.ended = true
  }

  jumpTo(target: I64): void {
    const { f, cpu } = this
    const rip = f.let(this.#wrapRip(target))
    findBlock(f, cpu, rip, this.#budget, this.#runtime.outOfBudget, this.shape.long)
    f.returnCall(this.#runtime.lookup, cpu, rip, this.#budget)
    this.ended = true
  }

  /** Goes on with the record after this one. */
  next(): void {
    const following = this.#base + R.RECORD_SIZE
    const handler = loadI32(this.#record, following + R.HANDLER)
    this.f.returnCallIndirect(handlerType, handler, this.cpu, add(this.#record, i32(following)), this.#budget)
  }

  /** A page-crossing instruction follows: checks that its second page is still the one it was decoded from. */
  guard(): void {
    const { f, cpu } = this
    // CODE_BASE is an offset in the code segment; what the TLB knows is the linear address.
    const isLong = f.let(eq(and(loadI32(cpu, L.MODE), i32(L.MODE_CODE)), i32(L.MODE_CODE64)))
    const base = select(isLong, i64(0), loadI64(cpu, L.SEGMENTS + L.CS * L.SEG_SIZE + L.SEG_BASE))
    const mask = select(isLong, PAGE_MASK, i64(0xffff_f000))
    const va = f.let(and(add(add(loadI64(cpu, L.CODE_BASE), base), i64(4096)), mask))
    const entry = f.let(tlbEntry(cpu, va))
    const same = and(
      eq(va, loadI64(entry, L.TLB_EXEC_TAG)),
      eq(add(wrap(va), loadI32(entry, L.TLB_ADDEND)), this.#i32(R.OPERAND)),
    )
    f.if(eqz(same), () => this.stop(R.STATUS_LOOKUP))
  }

  /** Returns before this instruction. */
  stop(status: number): void {
    const { f, cpu } = this
    f.callVoid(this.#runtime.sync, cpu, this.#self, this.#budget)
    f.store('i64.store', cpu, extendS(add(this.#budget, this.#i32(R.REMAINING))), L.BUDGET)
    f.return(i32(status))
  }

  probe(event: number, x: I64, y: I64): void {
    const { f } = this
    f.callVoid(this.#runtime.sync, this.cpu, this.#self, this.#budget)
    f.callVoid(this.#runtime.helper('report'), this.cpu, i32(event), x, y)
  }

  // State block and helpers

  stateI32(offset: number): I32 {
    return this.let(loadI32(this.cpu, offset))
  }

  stateI64(offset: number): I64 {
    return this.let(loadI64(this.cpu, offset))
  }

  setStateI32(offset: number, value: I32): void {
    this.f.store('i32.store', this.cpu, value, offset)
  }

  setStateI64(offset: number, value: I64): void {
    this.f.store('i64.store', this.cpu, value, offset)
  }

  #fault(): void {
    this.f.returnCall(this.#runtime.fault, this.cpu, this.#self, this.#budget)
  }

  raise(vector: number, error?: I32 | number): void {
    const code = typeof error === 'number' ? i32(error) : (error ?? i32(0))
    const raised = this.f.call(
      this.#runtime.helper('raise'),
      this.cpu,
      i32(vector),
      i32(Number(error !== undefined)),
      code,
    )
    void raised
    this.#fault()
  }

  system(name: HelperName, ...args: Expr[]): void {
    this.systemThen(() => {}, name, ...args)
  }

  systemThen(after: () => void, name: HelperName, ...args: Expr[]): void {
    const { f } = this
    const bound = args.map((arg) => f.let(arg))
    f.callVoid(this.#runtime.sync, this.cpu, this.#self, this.#budget)
    const status = f.call(this.#runtime.helper(name), this.cpu, ...bound)
    const leave = (): void => f.returnCall(this.#runtime.leave, this.cpu, this.#self, this.#budget, status)
    this.flags = null
    f.if(eq(status, i32(STATUS_EXCEPTION)), leave)
    after()
    f.if(status, leave)
  }

  systemValue(name: HelperName, ...args: Expr[]): I64 {
    const { f } = this
    const bound = args.map((arg) => f.let(arg))
    f.callVoid(this.#runtime.sync, this.cpu, this.#self, this.#budget)
    const value = f.call<'i64'>(this.#runtime.helper(name), this.cpu, ...bound)
    f.if(loadI32(this.cpu, L.EXC_PENDING), () => this.#fault())
    return value
  }

  pure(name: HelperName, ...args: Expr[]): I64 {
    return this.f.call<'i64'>(this.#runtime.helper(name), this.cpu, ...args)
  }

  // Flags

  protected storeFlags({ kind, bits, result, x }: FlagSource): void {
    this.f.store('i32.store', this.cpu, i32(kind | ((bits - 1) << 8)), L.FLAGS_KIND)
    this.f.store('i64.store', this.cpu, result, L.FLAGS_RESULT)
    if (kind !== L.FLAGS_LOGIC) this.f.store('i64.store', this.cpu, x, L.FLAGS_X)
  }

  protected storeExplicitFlags(flags: I64): void {
    const bits = this.let(and(flags, i64(0x8d5)))
    this.f.store('i32.store', this.cpu, i32(L.FLAGS_EXPLICIT), L.FLAGS_KIND)
    this.f.store('i64.store', this.cpu, bits, L.FLAGS_X)
    const zero = and(shrU(bits, i64(6)), i64(1))
    this.f.store('i64.store', this.cpu, xor(zero, i64(1)), L.FLAGS_RESULT)
  }

  protected storeCarryOverflow(carry: I32, overflow: I32): void {
    this.f.callVoid(this.#runtime.setCarryOverflow, this.cpu, carry, overflow)
  }

  rflags(): I64 {
    return this.pure('getRflags')
  }

  protected storedCarry(): I32 {
    return this.f.call(this.#runtime.carry, this.cpu)
  }

  protected storedCondition(code: number): I32 {
    const { f, cpu } = this
    const { carry, overflow, sign, parity } = this.#runtime
    const zero = (): I32 => eqz(loadI64(cpu, L.FLAGS_RESULT))
    const less = (): I32 => xor(f.call(sign, cpu), f.call(overflow, cpu))
    const even = [
      () => f.call(overflow, cpu),
      () => f.call(carry, cpu),
      zero,
      () => or(zero(), f.call(carry, cpu)),
      () => f.call(sign, cpu),
      () => f.call(parity, cpu),
      less,
      () => or(zero(), less()),
    ][code >> 1]!()
    return code & 1 ? eqz(even) : even
  }
}
