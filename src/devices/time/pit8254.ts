/** The 8254 interval timer (Intel 8254 data sheet) and port 0x61, which gates its third counter. */
import type { Diagnostics } from '../counters.ts'
import type { AccessSize, InterruptLine, PortDevice, Stateful, TimeSource, Timer } from '../device.ts'

/** Input clock. */
export const PIT_HZ = 1_193_182
const NS_PER_TICK: number = 1e9 / PIT_HZ
const CONTROL = 3
const SPEAKER = 2

export interface PitCounterState {
  /** 0 … 5; the control word's 6 and 7 are 2 and 3. */
  mode: number
  /** 1 low byte, 2 high byte, 3 both in turn. */
  access: number
  bcd: boolean
  reload: number
  /** When the counter was loaded; Infinity before that. */
  startNs: number
  /** While the gate is low: ticks that had passed. */
  heldTicks: number | null
  gate: boolean
  latched: number | null
  latchedStatus: number | null
  readHigh: boolean
  writeLow: number | null
}

export interface PitState {
  counters: PitCounterState[]
  speakerData: boolean
}

/** One counter, as a function of time: nothing happens between two accesses. */
class PitCounter {
  state: PitCounterState = powerOnCounter()
  readonly #time: TimeSource

  constructor(time: TimeSource) {
    this.#time = time
  }

  get isPeriodic(): boolean {
    return this.state.mode === 2 || this.state.mode === 3
  }

  /** Length of a period in ticks; 0 is 65536 (or 10000 in BCD). */
  get period(): number {
    const { reload, bcd } = this.state
    if (!bcd) return reload || 0x1_0000
    const decimal = fromBcd(reload)
    return decimal || 10_000
  }

  /** OUT, as port 0x61 shows it. */
  get output(): boolean {
    const { mode, startNs } = this.state
    if (startNs === Infinity) return mode !== 0
    const ticks = this.#ticks()
    if (mode === 0 || mode === 1) return ticks >= this.period
    if (mode === 2) return ticks % this.period !== this.period - 1
    if (mode === 3) return ticks % this.period < Math.ceil(this.period / 2)
    return ticks !== this.period
  }

  get count(): number {
    const ticks = this.#ticks()
    const { period } = this
    const wrap = this.state.bcd ? 10_000 : 0x1_0000
    let left = period - ticks
    if (this.isPeriodic) {
      const phase = ticks % period
      // Mode 3 counts by two, twice a period.
      left = this.state.mode === 3 ? period - ((2 * phase) % period) : period - phase
    }
    const value = ((left % wrap) + wrap) % wrap
    return this.state.bcd ? toBcd(value) : value
  }

  /** When OUT rises next after `nowNs`; Infinity when it will not. */
  nextRiseNs(nowNs: number): number {
    const { mode, startNs, heldTicks } = this.state
    if (startNs === Infinity || heldTicks !== null) return Infinity
    const periodNs = this.period * NS_PER_TICK
    if (!this.isPeriodic) {
      const extra = mode >= 4 ? NS_PER_TICK : 0
      const at = startNs + periodNs + extra
      return at > nowNs ? at : Infinity
    }
    return startNs + (Math.floor((nowNs - startNs) / periodNs) + 1) * periodNs
  }

  load(reload: number): void {
    this.state.reload = reload
    const nowNs = this.#time.nowNs()
    this.state.startNs = nowNs
    this.state.heldTicks = this.state.gate || this.state.mode === 1 ? null : 0
  }

  setGate(gate: boolean): void {
    const state = this.state
    const rises = gate && !state.gate
    if (!gate && state.gate && state.mode !== 1 && state.mode !== 5) state.heldTicks = this.#ticks()
    state.gate = gate
    if (!rises || state.startNs === Infinity) return
    const nowNs = this.#time.nowNs()
    // Modes 0 and 4 go on where they were; the others start again.
    const resumes = state.mode === 0 || state.mode === 4
    state.startNs = resumes ? nowNs - (state.heldTicks ?? 0) * NS_PER_TICK : nowNs
    state.heldTicks = null
  }

  #ticks(): number {
    const { startNs, heldTicks } = this.state
    if (startNs === Infinity) return 0
    return heldTicks ?? Math.floor((this.#time.nowNs() - startNs) / NS_PER_TICK)
  }
}

export class Pit8254 implements PortDevice, Stateful<PitState> {
  readonly widest = 1
  readonly #counters: readonly PitCounter[]
  readonly #time: TimeSource
  readonly #timer: Timer
  readonly #interrupt: InterruptLine
  readonly #diagnostics: Diagnostics
  #speakerData = false

  constructor(time: TimeSource, interrupt: InterruptLine, diagnostics: Diagnostics) {
    this.#time = time
    this.#interrupt = interrupt
    this.#diagnostics = diagnostics
    this.#counters = [new PitCounter(time), new PitCounter(time), new PitCounter(time)]
    this.#counters[SPEAKER]!.state.gate = false
    this.#timer = time.createTimer((deadlineNs) => this.#rise(deadlineNs))
  }

  /** Port 0x61: gate and output of counter 2, the refresh toggle. */
  readonly port61: PortDevice = {
    widest: 1,
    read: () => {
      const { state, output } = this.#counters[SPEAKER]!
      const refresh = Math.floor(this.#time.nowNs() / 15_085) & 1
      return (state.gate ? 1 : 0) | (this.#speakerData ? 2 : 0) | (refresh ? 0x10 : 0) | (output ? 0x20 : 0)
    },
    write: (_offset, _size, value) => {
      this.#speakerData = (value & 2) !== 0
      this.#counters[SPEAKER]!.setGate((value & 1) !== 0)
    },
  }

  read(offset: number, _size: AccessSize): number {
    return offset === CONTROL ? 0xff : readCounter(this.#counters[offset]!)
  }

  write(offset: number, _size: AccessSize, value: number): void {
    if (offset === CONTROL) this.#control(value)
    else if (writeCounter(this.#counters[offset]!, value) && offset === 0) this.#loaded()
  }

  reset(): void {
    for (const counter of this.#counters) counter.state = powerOnCounter()
    this.#counters[SPEAKER]!.state.gate = false
    this.#speakerData = false
    this.#timer.disarm()
    this.#interrupt(false)
  }

  save(): PitState {
    return structuredClone({ counters: this.#counters.map((c) => c.state), speakerData: this.#speakerData })
  }

  load(state: PitState): void {
    for (const [i, counter] of this.#counters.entries()) counter.state = structuredClone(state.counters[i]!)
    this.#speakerData = state.speakerData
    this.#arm(this.#time.nowNs())
  }

  #control(value: number): void {
    const index = value >> 6
    if (index === 3) return this.#readBack(value)
    const counter = this.#counters[index]!
    const { state } = counter
    const access = (value >> 4) & 3
    if (access === 0) {
      state.latched ??= counter.count
      return
    }
    if (value & 1) this.#diagnostics.warnings.text('pit: a counter counts in BCD')
    const mode = (value >> 1) & 7
    counter.state = {
      ...powerOnCounter(),
      gate: state.gate,
      mode: mode > 5 ? mode & 3 : mode,
      access,
      bcd: (value & 1) !== 0,
    }
    if (index !== 0) return
    this.#timer.disarm()
    this.#interrupt(counter.output)
  }

  #readBack(value: number): void {
    for (const [i, counter] of this.#counters.entries()) {
      if (!(value & (2 << i))) continue
      const { state } = counter
      if (!(value & 0x20)) state.latched ??= counter.count
      if (!(value & 0x10)) {
        const isNull = state.startNs === Infinity
        const status = (state.access << 4) | (state.mode << 1) | (state.bcd ? 1 : 0)
        state.latchedStatus ??= status | (counter.output ? 0x80 : 0) | (isNull ? 0x40 : 0)
      }
    }
  }

  #loaded(): void {
    const counter = this.#counters[0]!
    this.#interrupt(counter.output)
    this.#arm(this.#time.nowNs())
  }

  /** OUT of counter 0 rises: the interrupt controllers see an edge. */
  #rise(deadlineNs: number): void {
    this.#interrupt(false)
    this.#interrupt(true)
    this.#arm(Math.max(deadlineNs, this.#time.nowNs()))
  }

  #arm(nowNs: number): void {
    const next = this.#counters[0]!.nextRiseNs(nowNs)
    if (next === Infinity) this.#timer.disarm()
    else this.#timer.arm(next)
  }
}

function readCounter(counter: PitCounter): number {
  const { state } = counter
  if (state.latchedStatus !== null) {
    const status = state.latchedStatus
    state.latchedStatus = null
    return status
  }
  const value = state.latched ?? counter.count
  const isHigh = state.access === 2 || (state.access === 3 && state.readHigh)
  if (state.access === 3) state.readHigh = !state.readHigh
  if (state.access !== 3 || isHigh) state.latched = null
  return (isHigh ? value >> 8 : value) & 0xff
}

/** True when the counter has got its new value. */
function writeCounter(counter: PitCounter, value: number): boolean {
  const { state } = counter
  if (state.access === 3 && state.writeLow === null) {
    state.writeLow = value
    return false
  }
  const reload = state.access === 1 ? value : (value << 8) | (state.writeLow ?? 0)
  state.writeLow = null
  counter.load(reload)
  return true
}

function powerOnCounter(): PitCounterState {
  return {
    mode: 3,
    access: 3,
    bcd: false,
    reload: 0,
    startNs: Infinity,
    heldTicks: null,
    gate: true,
    latched: null,
    latchedStatus: null,
    readHigh: false,
    writeLow: null,
  }
}

function fromBcd(value: number): number {
  let result = 0
  for (let digit = 3; digit >= 0; digit--) result = 10 * result + ((value >> (4 * digit)) & 0xf)
  return result
}

function toBcd(value: number): number {
  let result = 0
  for (let digit = 0; digit < 4; digit++) result |= (Math.floor(value / 10 ** digit) % 10) << (4 * digit)
  return result
}
