/** The fixed hardware of ACPI (ACPI 6.5, 4.8.3): PM1a event and control registers, the power management timer, power button, sleep and waking. */
import type { Diagnostics } from '../counters.ts'
import type { AccessSize, InterruptLine, PortDevice, Stateful, TimeSource, Timer } from '../device.ts'

export const ACPI_PM_BASE = 0x600
export const ACPI_PM_BYTES = 0x0c
/** Offsets in the block: event (status, enable), control, timer. */
export const PM1_EVENT = 0
export const PM1_CONTROL = 4
export const PM_TIMER = 8
export const PM_TIMER_HZ = 3_579_545
/** SLP_TYP of S3 and S5, as the DSDT says; with 0 a plain write of 0x2000 switches off, as on QEMU. */
export const S3_SLEEP_TYPE = 1
export const S5_SLEEP_TYPE = 0

const ENABLE = 2

/* Bits of PM1 status and, but for the last, enable. */
const TIMER_EVENT = 0x0001
const GLOBAL_LOCK_EVENT = 0x0020
const POWER_BUTTON_EVENT = 0x0100
const RTC_EVENT = 0x0400
const WAKE_STATUS = 0x8000
const EVENTS: number = TIMER_EVENT | GLOBAL_LOCK_EVENT | POWER_BUTTON_EVENT | RTC_EVENT

const CONTROL_SCI_ENABLE = 0x0001
const CONTROL_SLEEP = 0x2000
const CONTROL_WRITABLE = 0x1c06

/** The timer's highest bit changes after so many ticks, which is an event. */
const HALF_TURN: number = 2 ** 31

export interface AcpiPmState {
  status: number
  enable: number
  control: number
  /** Changes of the timer's highest bit that software knows of. */
  halfTurns: number
  isAsleep: boolean
}

export interface AcpiPmWires {
  /** Level-triggered. */
  sci: InterruptLine
  powerOff(): void
  /** S3: the processor stops, RAM stays; `isAsleep` from now on. */
  sleep(): void
  /** It goes on, as after a reset. */
  wake(): void
}

export class AcpiPm implements PortDevice, Stateful<AcpiPmState> {
  #state: AcpiPmState = powerOn()
  readonly #time: TimeSource
  readonly #wires: AcpiPmWires
  readonly #diagnostics: Diagnostics
  readonly #timer: Timer

  constructor(time: TimeSource, wires: AcpiPmWires, diagnostics: Diagnostics) {
    this.#time = time
    this.#wires = wires
    this.#diagnostics = diagnostics
    this.#timer = time.createTimer(() => this.#update())
  }

  get isAsleep(): boolean {
    return this.#state.isAsleep
  }

  read(offset: number, size: AccessSize): number {
    const word = this.#word(offset & ~3) >>> (8 * (offset & 3))
    return size === 4 ? word : word & (2 ** (8 * size) - 1)
  }

  write(offset: number, size: AccessSize, value: number): void {
    const state = this.#state
    if (offset < PM1_CONTROL) {
      for (let i = 0; i < size; i++) this.#writeEventByte(offset + i, (value >>> (8 * i)) & 0xff)
      this.#update()
    } else if (offset === PM1_CONTROL && size >= 2) this.#writeControl(value)
    else if (offset === PM1_CONTROL + 1) this.#writeControl((state.control & 0xff) | (value << 8))
  }

  /** Somebody presses the button at the front. */
  pressPowerButton(): void {
    this.#event(POWER_BUTTON_EVENT, true)
  }

  /** The real-time clock drives its interrupt. */
  rtcInterrupt(asserted: boolean): void {
    if (asserted) this.#event(RTC_EVENT, (this.#state.enable & RTC_EVENT) !== 0)
  }

  reset(): void {
    this.#state = { ...powerOn(), halfTurns: this.#halfTurns() }
    this.#update()
  }

  /** As `reset`, but for what says why the machine wakes, and what may wake it (4.8.3.1). */
  resume(): void {
    const { status, enable } = this.#state
    this.#state = { ...powerOn(), status, enable, halfTurns: this.#halfTurns() }
    this.#update()
  }

  save(): AcpiPmState {
    return { ...this.#state }
  }

  load(state: AcpiPmState): void {
    this.#state = { ...state }
    this.#update()
  }

  #event(bit: number, wakes: boolean): void {
    const state = this.#state
    state.status |= bit
    if (state.isAsleep && wakes) {
      state.status |= WAKE_STATUS
      this.#wires.wake()
    }
    this.#update()
  }

  #word(offset: number): number {
    if (offset === PM1_EVENT) return ((this.#state.enable << 16) | this.#status) >>> 0
    if (offset === PM1_CONTROL) return this.#state.control
    return this.#ticks() % 2 ** 32
  }

  /** Bits of the status are cleared by writing ones. */
  #writeEventByte(offset: number, value: number): void {
    const state = this.#state
    const shift = 8 * (offset & 1)
    if (offset >= ENABLE) state.enable = (state.enable & ~(0xff << shift)) | ((value << shift) & EVENTS)
    else {
      state.status &= ~(value << shift)
      if ((value << shift) & TIMER_EVENT) state.halfTurns = this.#halfTurns()
    }
  }

  get #status(): number {
    const { status, halfTurns } = this.#state
    return status | (this.#halfTurns() === halfTurns ? 0 : TIMER_EVENT)
  }

  #ticks(): number {
    return Math.floor((this.#time.nowNs() * PM_TIMER_HZ) / 1e9)
  }

  #halfTurns(): number {
    return Math.floor(this.#ticks() / HALF_TURN)
  }

  /** Drives the SCI, and waits for the timer where it may change that. */
  #update(): void {
    const { enable } = this.#state
    this.#wires.sci((this.#status & enable & EVENTS) !== 0)
    if (!(enable & TIMER_EVENT) || this.#status & TIMER_EVENT) return this.#timer.disarm()
    this.#timer.arm(Math.ceil(((this.#halfTurns() + 1) * HALF_TURN * 1e9) / PM_TIMER_HZ))
  }

  #writeControl(value: number): void {
    this.#state.control = (value & CONTROL_WRITABLE) | CONTROL_SCI_ENABLE
    if (!(value & CONTROL_SLEEP)) return
    const type = (value >> 10) & 7
    if (type === S5_SLEEP_TYPE) this.#wires.powerOff()
    else if (type === S3_SLEEP_TYPE) {
      this.#state.isAsleep = true
      this.#wires.sleep()
    } else this.#diagnostics.warnings.once('acpi-pm', PM1_CONTROL, `sleep type ${type}`)
  }
}

function powerOn(): AcpiPmState {
  return { status: 0, enable: 0, control: CONTROL_SCI_ENABLE, halfTurns: 0, isAsleep: false }
}
