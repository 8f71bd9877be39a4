/** The MC146818 real-time clock with its CMOS memory, as a PC has it at ports 0x70 and 0x71. */
import type { AccessSize, InterruptLine, PortDevice, Stateful, TimeSource, Timer } from '../device.ts'

const REG_A = 0x0a
const REG_B = 0x0b
const REG_C = 0x0c
const REG_D = 0x0d
const CENTURY = 0x32
const BOOT_FLAG_1 = 0x38
const BOOT_FLAG_2 = 0x3d
const SHUTDOWN_STATUS = 0x0f
const SHUTDOWN_RESUME = 0xfe
const CMOS_BYTES = 128

const A_UPDATE_IN_PROGRESS = 0x80
const B_SET = 0x80
const B_PERIODIC = 0x40
const B_ALARM = 0x20
const B_UPDATE_ENDED = 0x10
const B_BINARY = 0x04
const B_24_HOURS = 0x02
const C_INTERRUPT = 0x80
const D_VALID = 0x80

const SECOND_NS = 1e9
/** An update takes the last 244 µs of a second. */
const UPDATE_NS = 244_000

/** Registers of the calendar, with how they follow from a date. */
const CALENDAR: ReadonlyMap<number, (date: Date) => number> = new Map([
  [0x00, (d) => d.getUTCSeconds()],
  [0x02, (d) => d.getUTCMinutes()],
  [0x04, (d) => d.getUTCHours()],
  [0x06, (d) => d.getUTCDay() + 1],
  [0x07, (d) => d.getUTCDate()],
  [0x08, (d) => d.getUTCMonth() + 1],
  [0x09, (d) => d.getUTCFullYear() % 100],
  [CENTURY, (d) => Math.floor(d.getUTCFullYear() / 100)],
])
const HOURS = 0x04
const ALARM_REGISTERS = [0x01, 0x03, 0x05] as const

export interface RtcState {
  index: number
  cmos: Uint8Array
  /** Calendar time at virtual time 0. */
  epochMs: number
  /** While SET stops the clock: what the guest has written so far, decoded. */
  edited: [number, number][] | null
  flags: number
}

export interface RtcOptions {
  /** Calendar time when the machine is switched on, in ms since 1970, UTC. An input of the run. */
  readonly epochMs: number
  /** Bytes of RAM below and above 4 GiB, for the registers where firmware says so. */
  readonly lowRamBytes: number
  readonly highRamBytes: number
}

export class Rtc implements PortDevice, Stateful<RtcState> {
  readonly widest = 1
  readonly #time: TimeSource
  readonly #interrupt: InterruptLine
  readonly #periodic: Timer
  readonly #everySecond: Timer
  #state: RtcState

  constructor(options: RtcOptions, time: TimeSource, interrupt: InterruptLine) {
    this.#time = time
    this.#interrupt = interrupt
    this.#state = {
      index: REG_D,
      cmos: initialCmos(options),
      epochMs: options.epochMs,
      edited: null,
      flags: 0,
    }
    this.#periodic = time.createTimer((deadlineNs) => this.#tick(deadlineNs))
    this.#everySecond = time.createTimer((deadlineNs) => this.#second(deadlineNs))
  }

  read(offset: number, _size: AccessSize): number {
    const { index, cmos } = this.#state
    if (offset === 0) return 0xff
    const field = CALENDAR.get(index)
    if (field !== undefined) return this.#encode(index, this.#calendarValue(index, field))
    if (index === REG_A) return cmos[REG_A]! | (this.#isUpdating() ? A_UPDATE_IN_PROGRESS : 0)
    if (index === REG_C) return this.#readFlags()
    return index === REG_D ? D_VALID : cmos[index]!
  }

  write(offset: number, _size: AccessSize, value: number): void {
    const state = this.#state
    if (offset === 0) {
      // Bit 7 is the NMI gate of the board.
      state.index = value & 0x7f
      return
    }
    const { index, cmos } = state
    if (CALENDAR.has(index)) return this.#writeCalendar(index, value)
    if (index === REG_C || index === REG_D) return
    if (index === REG_B) return this.#writeControl(value)
    cmos[index] = index === REG_A ? value & 0x7f : value
    if (index === REG_A) this.#armPeriodic()
  }

  /** Where firmware looks for the order of boot devices: one nibble each, the first in the lowest. */
  setBootOrder(nibbles: number): void {
    const { cmos } = this.#state
    cmos[BOOT_FLAG_2] = nibbles & 0xff
    cmos[BOOT_FLAG_1] = (nibbles >> 4) & 0xf0
  }

  /** Says to firmware, as on QEMU, that it was not switched on but woken. */
  setResumes(): void {
    this.#state.cmos[SHUTDOWN_STATUS] = SHUTDOWN_RESUME
  }

  reset(): void {
    this.#state.index = REG_D
    this.#state.cmos[REG_B]! &= B_SET | B_BINARY | B_24_HOURS
    this.#state.flags = 0
    this.#periodic.disarm()
    this.#everySecond.disarm()
    this.#interrupt(false)
  }

  save(): RtcState {
    return structuredClone(this.#state)
  }

  load(state: RtcState): void {
    this.#state = structuredClone(state)
    this.#armPeriodic()
    this.#armSecond()
    this.#interrupt((this.#state.flags & C_INTERRUPT) !== 0)
  }

  get #control(): number {
    return this.#state.cmos[REG_B]!
  }

  #now(): Date {
    return new Date(this.#state.epochMs + Math.floor(this.#time.nowNs() / 1e6))
  }

  #isUpdating(): boolean {
    const sinceSecond = ((this.#state.epochMs % 1000) * 1e6 + this.#time.nowNs()) % SECOND_NS
    return !(this.#control & B_SET) && sinceSecond >= SECOND_NS - UPDATE_NS
  }

  #calendarValue(index: number, field: (date: Date) => number): number {
    const edited = this.#state.edited?.find(([register]) => register === index)
    return edited === undefined ? field(this.#now()) : edited[1]
  }

  #readFlags(): number {
    const { flags } = this.#state
    this.#state.flags = 0
    this.#interrupt(false)
    return flags
  }

  #writeCalendar(index: number, value: number): void {
    const state = this.#state
    const isStopped = (this.#control & B_SET) !== 0
    const edited = state.edited ?? this.#snapshot()
    state.edited = edited.map(([register, old]) => [
      register,
      register === index ? this.#decode(index, value) : old,
    ])
    if (!isStopped) this.#applyEdits()
  }

  #writeControl(value: number): void {
    const state = this.#state
    const wasStopped = (this.#control & B_SET) !== 0
    // Setting SET ends the update-ended interrupt.
    state.cmos[REG_B] = value & B_SET ? value & ~B_UPDATE_ENDED : value
    if (value & B_SET && !wasStopped) state.edited = this.#snapshot()
    if (!(value & B_SET) && wasStopped) this.#applyEdits()
    this.#armPeriodic()
    this.#armSecond()
  }

  #snapshot(): [number, number][] {
    const now = this.#now()
    return [...CALENDAR].map(([register, field]) => [register, field(now)])
  }

  /** The clock starts at what was written. Nonsense dates roll over as Date has them. */
  #applyEdits(): void {
    const state = this.#state
    if (state.edited === null) return
    const value = new Map(state.edited)
    const get = (register: number): number => value.get(register)!
    const year = 100 * get(CENTURY) + get(0x09)
    const ms = Date.UTC(year, get(0x08) - 1, get(0x07), get(HOURS), get(0x02), get(0x00))
    state.epochMs = ms - Math.floor(this.#time.nowNs() / 1e6)
    state.edited = null
  }

  #encode(index: number, value: number): number {
    let result = value
    let afternoon = 0
    if (index === HOURS && !(this.#control & B_24_HOURS)) {
      afternoon = value >= 12 ? 0x80 : 0
      result = value % 12 || 12
    }
    if (!(this.#control & B_BINARY)) result = (Math.floor(result / 10) << 4) | (result % 10)
    return result | afternoon
  }

  #decode(index: number, value: number): number {
    const isTwelve = index === HOURS && !(this.#control & B_24_HOURS)
    const digits = isTwelve ? value & 0x7f : value
    const result = this.#control & B_BINARY ? digits : 10 * (digits >> 4) + (digits & 0xf)
    return isTwelve ? (result % 12) + (value & 0x80 ? 12 : 0) : result
  }

  #raise(flag: number): void {
    const state = this.#state
    state.flags |= flag
    if (!(this.#control & flag)) return
    state.flags |= C_INTERRUPT
    this.#interrupt(true)
  }

  /** Rate selection RS[3:0]; 1 and 2 are 8 and 9. */
  get #periodNs(): number {
    const rate = this.#state.cmos[REG_A]! & 0xf
    if (rate === 0) return Infinity
    return (SECOND_NS * 2 ** ((rate < 3 ? rate + 7 : rate) - 1)) / 32_768
  }

  #armPeriodic(): void {
    const period = this.#periodNs
    if (!(this.#control & B_PERIODIC) || period === Infinity) return this.#periodic.disarm()
    this.#periodic.arm((Math.floor(this.#time.nowNs() / period) + 1) * period)
  }

  #tick(_deadlineNs: number): void {
    this.#raise(B_PERIODIC)
    this.#armPeriodic()
  }

  #armSecond(): void {
    if (!(this.#control & (B_ALARM | B_UPDATE_ENDED))) return this.#everySecond.disarm()
    const phase = (this.#state.epochMs % 1000) * 1e6
    const seconds = Math.floor((this.#time.nowNs() + phase) / SECOND_NS) + 1
    this.#everySecond.arm(seconds * SECOND_NS - phase)
  }

  #second(_deadlineNs: number): void {
    if (this.#isAlarm()) this.#raise(B_ALARM)
    this.#raise(B_UPDATE_ENDED)
    this.#armSecond()
  }

  #isAlarm(): boolean {
    return ALARM_REGISTERS.every((register) => {
      const wanted = this.#state.cmos[register]!
      // Two set top bits: any value.
      return wanted >= 0xc0 || wanted === this.#encode(register - 1, CALENDAR.get(register - 1)!(this.#now()))
    })
  }
}

function initialCmos(options: RtcOptions): Uint8Array {
  const cmos = new Uint8Array(CMOS_BYTES)
  cmos[REG_A] = 0x26
  cmos[REG_B] = B_24_HOURS
  const put = (register: number, value: number): void => {
    cmos[register] = value & 0xff
    cmos[register + 1] = (value >> 8) & 0xff
  }
  const { lowRamBytes, highRamBytes } = options
  const extendedKib = Math.max(0, lowRamBytes / 1024 - 1024)
  put(0x15, 640)
  put(0x17, Math.min(extendedKib, 0xffff))
  put(0x30, Math.min(extendedKib, 0xffff))
  put(0x34, Math.max(0, lowRamBytes / 65_536 - 256))
  put(0x5b, highRamBytes / 65_536)
  cmos[0x5d] = Math.floor(highRamBytes / 65_536 / 65_536)
  return cmos
}
