/** The local APIC (SDM vol. 3, chapter 11), by MMIO and, in x2APIC mode, by MSR. */
import type { Diagnostics } from '../counters.ts'
import type { AccessSize, MmioDevice, Stateful, TimeSource } from '../device.ts'
import { LapicTimer, type LapicTimerState } from './lapic-timer.ts'
import { everyone, isAddressed, x2apicLdr } from './lapic-destination.ts'
import * as reg from './lapic-registers.ts'
import { EXTINT, FIXED, INIT, type InterruptMessage, LOWEST_PRIORITY, NMI } from './message.ts'
import { LapicVectors, type LapicVectorsState } from './lapic-vectors.ts'
import { LocalVectorTable, type LocalVectorTableState } from './local-vector-table.ts'

export const LAPIC_BASE = 0xfee0_0000
export const LAPIC_BYTES = 0x1000
/** Integrated APIC with six entries in its local vector table. */
const VERSION_VALUE = 0x05_0014

/** The rest of the board, as seen from a local APIC. */
export interface LapicWires {
  /** Whether an interrupt waits that the processor should take (INTR). */
  intr(asserted: boolean): void
  nmi(): void
  /** INIT or STARTUP, of which only the board knows what they mean. */
  startup(mode: number, vector: number): void
  /** End of a level-triggered interrupt, for the IOAPICs. */
  endOfInterrupt(vector: number): void
  /** An interprocessor interrupt, for every local APIC that accepts it; `exceptSelf`: but the sender. */
  send(message: InterruptMessage, exceptSelf: boolean): void
  /** The processor takes the interrupt of the 8259 pair; returns its vector. */
  acknowledgeExtInt(): number
  /** Guest time-stamp counter minus virtual nanoseconds. */
  tscOffset(): bigint
  /** TPR[7:4] is this now, for CR8. */
  taskPriority(value: number): void
  /** The registers are at this guest-physical address from now on. */
  moved(gpa: number): void
}

export interface LapicState {
  base: number
  ldr: number
  dfr: number
  svr: number
  esr: number
  esrLatched: number
  icrLow: number
  icrHigh: number
  lvt: LocalVectorTableState
  vectors: LapicVectorsState
  lint0: boolean
  timer: LapicTimerState
}

export class LocalApic implements MmioDevice, Stateful<LapicState> {
  readonly id: number
  readonly #wires: LapicWires
  readonly #diagnostics: Diagnostics
  readonly #timer: LapicTimer
  readonly #vectors = new LapicVectors()
  readonly #lvt = new LocalVectorTable()
  #base: number
  #ldr = 0
  #dfr = 0xffff_ffff
  #svr = 0xff
  #esr = 0
  #esrLatched = 0
  #icrLow = 0
  #icrHigh = 0
  #lint0 = false

  constructor(id: number, time: TimeSource, wires: LapicWires, diagnostics: Diagnostics) {
    this.id = id
    this.#wires = wires
    this.#diagnostics = diagnostics
    this.#base = this.#powerOnBase()
    this.#timer = new LapicTimer(
      time,
      () => wires.tscOffset(),
      () => this.#triggerLocal(reg.LVT_TIMER),
    )
  }

  get isX2apic(): boolean {
    return (this.#base & reg.BASE_X2APIC) !== 0
  }

  /** Guest-physical address of the registers. */
  get page(): number {
    return this.#base - (this.#base % LAPIC_BYTES)
  }

  /** IA32_APIC_BASE.EN. */
  get isEnabled(): boolean {
    return (this.#base & reg.BASE_ENABLE) !== 0
  }

  /** Whether INTR is asserted now. */
  get hasInterrupt(): boolean {
    return this.#deliverable() >= 0 || this.#hasExtInt
  }

  /** TPR[7:4], as CR8 shows it. */
  get taskPriorityClass(): number {
    return this.#vectors.tpr >> 4
  }

  setTaskPriorityClass(value: number): void {
    this.#setTaskPriority((value & 0xf) << 4)
  }

  /** Whether a message is for this APIC. */
  accepts(destination: number, isLogical: boolean): boolean {
    const { id, isX2apic } = this
    return isAddressed({ id, isX2apic, ldr: this.#ldr, dfr: this.#dfr }, destination, isLogical)
  }

  /** Takes a message that it accepts. */
  deliver(message: InterruptMessage): void {
    switch (message.mode) {
      case FIXED:
      case LOWEST_PRIORITY:
        return this.#inject(message.vector, message.isLevel)
      case NMI:
        return this.#wires.nmi()
      case EXTINT:
        return this.setLint0(true)
      default:
        if (message.mode >= INIT) this.#wires.startup(message.mode, message.vector)
        else this.#diagnostics.counters.count('lapic.ignored-message')
    }
  }

  /** The output of the 8259 pair. */
  setLint0(asserted: boolean): void {
    const isEdge = asserted && !this.#lint0
    this.#lint0 = asserted
    if (isEdge && this.#lvt.mode(reg.LVT_LINT0) !== EXTINT) this.#triggerLocal(reg.LVT_LINT0)
    this.#update()
  }

  /** The processor takes an interrupt: its vector. Moves it from IRR to ISR. */
  acknowledge(): number {
    const vector = this.#deliverable()
    if (vector >= 0) {
      this.#vectors.serve(vector)
      this.#update()
      return vector
    }
    if (this.#hasExtInt) {
      const external = this.#wires.acknowledgeExtInt()
      this.#update()
      return external
    }
    return this.#svr & 0xff
  }

  read(offset: number, size: AccessSize): number {
    if (!this.isEnabled || this.isX2apic) return 0xffff_ffff
    const shift = 8 * (offset & 3)
    if ((offset & 0xf) + size > 4) return 0
    return this.#read(offset >> 4) >>> shift
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (!this.isEnabled || this.isX2apic) return
    if (size !== 4 || offset & 0xf) return this.#diagnostics.counters.count('lapic.partial-write')
    const number = offset >> 4
    if (number === reg.ID) return this.#writeId(value)
    if (number === reg.SELF_IPI) return this.#illegal(number, value)
    this.#write(number, value)
  }

  /** IA32_APIC_BASE, IA32_TSC_DEADLINE and, in x2APIC mode, the registers. Whether the MSR exists is the processor's to check. */
  readMsr(msr: number): bigint {
    if (msr === reg.MSR_APIC_BASE) return BigInt(this.#base)
    if (msr === reg.MSR_TSC_DEADLINE) return this.#timer.tscDeadline
    if (msr === reg.MSR_X2APIC_ICR) return (BigInt(this.#icrHigh >>> 0) << 32n) | BigInt(this.#icrLow >>> 0)
    const number = msr - reg.MSR_X2APIC
    if (number === reg.LDR) return BigInt(x2apicLdr(this.id))
    if (number === reg.ID) return BigInt(this.id)
    return BigInt(this.#read(number) >>> 0)
  }

  writeMsr(msr: number, value: bigint): void {
    if (msr === reg.MSR_APIC_BASE) return this.#writeBase(value)
    if (msr === reg.MSR_TSC_DEADLINE) return this.#timer.setTscDeadline(value)
    const low = Number(value & 0xffff_ffffn)
    if (msr === reg.MSR_X2APIC_ICR) {
      this.#icrHigh = Number(value >> 32n)
      return this.#write(reg.ICR_LOW, low)
    }
    const number = msr - reg.MSR_X2APIC
    if (number === reg.SELF_IPI) this.#inject(low & 0xff, false)
    else this.#write(number, low)
  }

  reset(): void {
    this.#base = this.#powerOnBase()
    this.#wires.moved(this.page)
    this.#resetRegisters()
  }

  save(): LapicState {
    return {
      base: this.#base,
      ldr: this.#ldr,
      dfr: this.#dfr,
      svr: this.#svr,
      esr: this.#esr,
      esrLatched: this.#esrLatched,
      icrLow: this.#icrLow,
      icrHigh: this.#icrHigh,
      lvt: this.#lvt.save(),
      vectors: this.#vectors.save(),
      lint0: this.#lint0,
      timer: this.#timer.save(),
    }
  }

  load(state: LapicState): void {
    this.#base = state.base
    this.#ldr = state.ldr
    this.#dfr = state.dfr
    this.#svr = state.svr
    this.#esr = state.esr
    this.#esrLatched = state.esrLatched
    this.#icrLow = state.icrLow
    this.#icrHigh = state.icrHigh
    this.#lvt.load(state.lvt)
    this.#vectors.load(state.vectors)
    this.#lint0 = state.lint0
    this.#timer.load(state.timer)
    this.#wires.moved(this.page)
    this.#wires.taskPriority(this.taskPriorityClass)
    this.#update()
  }

  get #isSoftwareEnabled(): boolean {
    return this.isEnabled && (this.#svr & reg.SVR_ENABLED) !== 0
  }

  /** Virtual wire: LINT0 set to ExtINT, or the pin itself while the APIC is off. */
  get #hasExtInt(): boolean {
    if (!this.#lint0) return false
    return !this.isEnabled || (!this.#lvt.isMasked(reg.LVT_LINT0) && this.#lvt.mode(reg.LVT_LINT0) === EXTINT)
  }

  #read(number: number): number {
    const { isr, tmr, irr } = this.#vectors
    if (number >= reg.ISR && number < reg.TMR) return isr.words[number - reg.ISR]!
    if (number >= reg.TMR && number < reg.IRR) return tmr.words[number - reg.TMR]!
    if (number >= reg.IRR && number < reg.ESR) return irr.words[number - reg.IRR]!
    const entry = this.#lvt.read(number)
    if (entry !== undefined) return entry
    switch (number) {
      case reg.ID:
        return (this.id << 24) >>> 0
      case reg.VERSION:
        return VERSION_VALUE
      case reg.TPR:
        return this.#vectors.tpr
      case reg.PPR:
      case reg.APR:
        return this.#vectors.processorPriority
      case reg.LDR:
        return this.#ldr
      case reg.DFR:
        return this.#dfr
      case reg.SVR:
        return this.#svr
      case reg.ESR:
        return this.#esrLatched
      case reg.ICR_LOW:
        return this.#icrLow
      case reg.ICR_HIGH:
        return this.#icrHigh >>> 0
      case reg.INITIAL_COUNT:
        return this.#timer.initialCount
      case reg.CURRENT_COUNT:
        return this.#timer.currentCount
      case reg.DIVIDE:
        return this.#timer.divideConfig
      default:
        this.#diagnostics.warnings.once('lapic', number << 4, 'read')
        return 0
    }
  }

  #write(number: number, value: number): void {
    if (this.#lvt.has(number)) return this.#writeVector(number, value)
    switch (number) {
      case reg.TPR:
        return this.#setTaskPriority(value & 0xff)
      case reg.EOI:
        return this.#endOfInterrupt()
      case reg.LDR:
        this.#ldr = (value & 0xff00_0000) >>> 0
        return
      case reg.DFR:
        this.#dfr = (value | 0x0fff_ffff) >>> 0
        return
      case reg.SVR:
        return this.#writeSpurious(value)
      case reg.ESR:
        this.#esrLatched = this.#esr
        this.#esr = 0
        return
      case reg.ICR_LOW:
        this.#icrLow = value & 0x000c_cfff
        return this.#sendIpi()
      case reg.ICR_HIGH:
        this.#icrHigh = value & 0xff00_0000
        return
      case reg.INITIAL_COUNT:
        return this.#timer.setInitialCount(value)
      case reg.DIVIDE:
        return this.#timer.setDivideConfig(value)
      default:
        this.#illegal(number, value)
    }
  }

  #writeVector(number: number, value: number): void {
    this.#lvt.write(number, value, this.#isSoftwareEnabled)
    if (number === reg.LVT_TIMER) this.#timer.setMode((value >> 17) & 3)
    this.#update()
  }

  #writeSpurious(value: number): void {
    this.#svr = value & 0x3ff
    if (!(value & reg.SVR_ENABLED)) this.#lvt.maskAll()
    this.#update()
  }

  /** IA32_APIC_BASE: mode and place of the registers. Whether the processor may go there is its own affair (11.12.5). */
  #writeBase(value: bigint): void {
    const mode = Number(value & 0xc00n)
    const before = this.#base & 0xc00
    this.#base = Number(value & 0xff_ffff_f000n) + (this.#base & reg.BASE_BSP) + mode
    this.#wires.moved(this.page)
    if (mode === 0 && before !== 0) this.#resetRegisters()
    this.#update()
  }

  #sendIpi(): void {
    const low = this.#icrLow
    const shorthand = (low >> 18) & 3
    const mode = (low >> 8) & 7
    const vector = low & 0xff
    if (mode <= LOWEST_PRIORITY && vector < 16) return this.#error(reg.ESR_SEND_ILLEGAL)
    // INIT level de-assert is for processors of long ago.
    if (mode === INIT && !(low & 0x4000)) return
    const destination = this.isX2apic ? this.#icrHigh >>> 0 : this.#icrHigh >>> 24
    const message = { destination, isLogical: (low & 0x800) !== 0, mode, vector, isLevel: false }
    if (shorthand === 1) return this.deliver(message)
    if (shorthand === 0) return this.#wires.send(message, false)
    const toAll = { ...message, destination: everyone(this.isX2apic), isLogical: false }
    this.#wires.send(toAll, shorthand === 3)
  }

  #endOfInterrupt(): void {
    const ended = this.#vectors.end()
    if (ended?.isLevel) this.#wires.endOfInterrupt(ended.vector)
    this.#update()
  }

  /** An entry of the local vector table fires. */
  #triggerLocal(number: number): void {
    if (this.#lvt.isMasked(number)) return
    const mode = this.#lvt.mode(number)
    if (mode === FIXED) this.#inject(this.#lvt.vector(number), false)
    else if (mode === NMI) this.#wires.nmi()
  }

  #inject(vector: number, isLevel: boolean): void {
    if (!this.#isSoftwareEnabled) return this.#diagnostics.counters.count('lapic.disabled')
    if (vector < 16) return this.#error(reg.ESR_RECEIVE_ILLEGAL)
    this.#vectors.request(vector, isLevel)
    this.#update()
  }

  /** The ID can be changed in some models only (SDM volume 3, 11.4.6), not here. Who wakes from sleep writes the one that is there. */
  #writeId(value: number): void {
    if (value >>> 24 !== this.id) this.#warnOfWrite(reg.ID, value)
  }

  #warnOfWrite(number: number, value: number): void {
    this.#diagnostics.warnings.once('lapic', number << 4, `write 0x${(value >>> 0).toString(16)}`)
  }

  #illegal(number: number, value: number): void {
    this.#warnOfWrite(number, value)
    this.#error(reg.ESR_ILLEGAL_REGISTER)
  }

  #error(bit: number): void {
    const isNew = !(this.#esr & bit)
    this.#esr |= bit
    // An error interrupt with an illegal vector would be an error again.
    if (isNew && this.#lvt.vector(reg.LVT_ERROR) >= 16) this.#triggerLocal(reg.LVT_ERROR)
  }

  /** The vector that the processor may take now, or -1. */
  #deliverable(): number {
    return this.#isSoftwareEnabled ? this.#vectors.deliverable : -1
  }

  #setTaskPriority(value: number): void {
    this.#vectors.tpr = value
    this.#wires.taskPriority(value >> 4)
    this.#update()
  }

  #update(): void {
    this.#wires.intr(this.hasInterrupt)
  }

  #powerOnBase(): number {
    return (LAPIC_BASE | reg.BASE_ENABLE | (this.id === 0 ? reg.BASE_BSP : 0)) >>> 0
  }

  #resetRegisters(): void {
    this.#vectors.reset()
    this.#wires.taskPriority(0)
    this.#ldr = 0
    this.#dfr = 0xffff_ffff
    this.#svr = 0xff
    this.#esr = 0
    this.#esrLatched = 0
    this.#icrLow = 0
    this.#icrHigh = 0
    this.#lvt.reset()
    this.#timer.reset()
    this.#update()
  }
}
