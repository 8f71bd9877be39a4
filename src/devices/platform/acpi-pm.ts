/** The fixed hardware of ACPI (ACPI 6.5, 4.8): PM1a event and control registers and the power management timer. */
import type { Diagnostics } from '../counters.ts'
import type { AccessSize, PortDevice, Stateful, TimeSource } from '../device.ts'

export const ACPI_PM_BASE = 0x600
export const ACPI_PM_BYTES = 0x0c
/** Offsets in the block: event (status, enable), control, timer. */
export const PM1_EVENT = 0
export const PM1_CONTROL = 4
export const PM_TIMER = 8
export const PM_TIMER_HZ = 3_579_545
/** SLP_TYP of S5, as the DSDT says; with 0 a plain write of 0x2000 switches off, as on QEMU. */
export const S5_SLEEP_TYPE = 0

const ENABLE = 2
const CONTROL_SCI_ENABLE = 0x0001
const CONTROL_SLEEP = 0x2000

export interface AcpiPmState {
  enable: number
  control: number
}

export class AcpiPm implements PortDevice, Stateful<AcpiPmState> {
  #state: AcpiPmState = { enable: 0, control: CONTROL_SCI_ENABLE }
  readonly #time: TimeSource
  readonly #onPowerOff: () => void
  readonly #diagnostics: Diagnostics

  constructor(time: TimeSource, onPowerOff: () => void, diagnostics: Diagnostics) {
    this.#time = time
    this.#onPowerOff = onPowerOff
    this.#diagnostics = diagnostics
  }

  read(offset: number, size: AccessSize): number {
    const word = this.#word(offset & ~3) >>> (8 * (offset & 3))
    return size === 4 ? word : word & (2 ** (8 * size) - 1)
  }

  /** No event ever comes, so no bit of the status register is ever set, and the SCI stays quiet. */
  write(offset: number, size: AccessSize, value: number): void {
    if (offset === PM1_EVENT && size === 4) this.#state.enable = value >>> 16
    else if (offset === ENABLE) this.#state.enable = value
    else if (offset === PM1_CONTROL && size >= 2) this.#writeControl(value)
    else if (offset === PM1_CONTROL + 1) this.#writeControl(value << 8)
  }

  reset(): void {
    this.#state = { enable: 0, control: CONTROL_SCI_ENABLE }
  }

  save(): AcpiPmState {
    return { ...this.#state }
  }

  load(state: AcpiPmState): void {
    this.#state = { ...state }
  }

  #word(offset: number): number {
    if (offset === PM1_EVENT) return (this.#state.enable << 16) >>> 0
    if (offset === PM1_CONTROL) return this.#state.control
    const ticks = Math.floor((this.#time.nowNs() * PM_TIMER_HZ) / 1e9)
    return ticks % 2 ** 32
  }

  #writeControl(value: number): void {
    this.#state.control = (value & 0x1c06) | CONTROL_SCI_ENABLE
    if (!(value & CONTROL_SLEEP)) return
    const type = (value >> 10) & 7
    if (type === S5_SLEEP_TYPE) this.#onPowerOff()
    else this.#diagnostics.warnings.once('acpi-pm', PM1_CONTROL, `sleep type ${type}`)
  }
}
