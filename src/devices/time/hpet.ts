/**
 * The high precision event timer (IA-PC HPET specification 1.0a): one 64-bit counter at 100 MHz and three comparators, each of which can be periodic, 32 or 64 bits wide, and
 * interrupts through the IOAPIC, as a message, or in place of 8254 and real-time clock (legacy replacement).
 */
import type { Diagnostics } from '../counters.ts'
import type { AccessSize, MmioDevice, MsiSink, Stateful, TimeSource, Timer } from '../device.ts'
import { HpetComparator, type HpetComparatorState } from './hpet-comparator.ts'

export const HPET_BASE = 0xfed0_0000
export const HPET_BYTES = 0x400
export const HPET_COMPARATORS = 3
/** Nanoseconds of one tick. */
export const HPET_TICK_NS = 10
const FEMTOSECONDS_PER_NS = 1_000_000
/** Vendor 8086H, legacy replacement, 64-bit counter, number of the last comparator, revision 1. */
export const HPET_ID: number = (0x8086 << 16) + 0x8000 + 0x2000 + ((HPET_COMPARATORS - 1) << 8) + 1

/* Registers, 2.3.1. */
const ID = 0x000
const PERIOD = 0x004
const CONFIGURATION = 0x010
const STATUS = 0x020
const COUNTER = 0x0f0
const FIRST_COMPARATOR = 0x100
const COMPARATOR_BYTES = 0x20

const ENABLE = 1
const LEGACY = 2
const MASK64: bigint = (1n << 64n) - 1n
const LOW32 = 0xffff_ffffn

/** Where the interrupts of the comparators go. */
export interface HpetWires {
  /** An input of the IOAPIC. */
  pin(pin: number, asserted: boolean): void
  /** An ISA interrupt, in place of the device that has it otherwise. */
  irq(irq: number, asserted: boolean): void
  msi: MsiSink
  /** From now on interrupts 0 and 8 are those of comparators 0 and 1, or no longer. */
  legacy(isOn: boolean): void
}

export interface HpetState {
  configuration: number
  status: number
  /** The counter at `sinceNs`, from when on it counts if it is enabled. */
  count: bigint
  sinceNs: number
  comparators: HpetComparatorState[]
}

export class Hpet implements MmioDevice, Stateful<HpetState> {
  readonly #time: TimeSource
  readonly #wires: HpetWires
  readonly #diagnostics: Diagnostics
  readonly #comparators: readonly HpetComparator[]
  readonly #timers: readonly Timer[]
  #configuration = 0
  /** Level-triggered interrupts that are active, by comparator. */
  #status = 0
  #count = 0n
  #sinceNs = 0

  constructor(time: TimeSource, wires: HpetWires, diagnostics: Diagnostics) {
    this.#time = time
    this.#wires = wires
    this.#diagnostics = diagnostics
    this.#comparators = Array.from({ length: HPET_COMPARATORS }, () => new HpetComparator())
    this.#timers = this.#comparators.map((_, i) => time.createTimer(() => this.#matched(i)))
  }

  /** Whether comparators 0 and 1 stand in for 8254 and real-time clock. */
  get isLegacy(): boolean {
    return (this.#configuration & LEGACY) !== 0
  }

  read(offset: number, size: AccessSize): number {
    const word = this.#readWord(offset & ~3) >>> (8 * (offset & 3))
    return size === 4 ? word : word & (2 ** (8 * size) - 1)
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (size !== 4 || offset & 3)
      return this.#diagnostics.warnings.once('hpet', offset, `a write of ${size} bytes`)
    if (offset >= FIRST_COMPARATOR) return this.#writeComparator(offset - FIRST_COMPARATOR, value)
    if (offset === CONFIGURATION) this.#configure(value)
    else if (offset === STATUS) this.#clearStatus(value)
    // 2.3.7: only while it stands.
    else if ((offset & ~4) === COUNTER && !this.#isEnabled) this.#count = withHalf(this.#count, offset, value)
  }

  reset(): void {
    for (const [i, comparator] of this.#comparators.entries()) {
      this.#lower(i)
      comparator.reset()
    }
    this.#status = 0
    this.#configure(0)
    this.#count = 0n
  }

  save(): HpetState {
    return {
      configuration: this.#configuration,
      status: this.#status,
      count: this.#count,
      sinceNs: this.#sinceNs,
      comparators: this.#comparators.map((comparator) => comparator.save()),
    }
  }

  load(state: HpetState): void {
    this.#configuration = state.configuration
    this.#status = state.status
    this.#count = state.count
    this.#sinceNs = state.sinceNs
    for (const [i, comparator] of this.#comparators.entries()) comparator.load(state.comparators[i]!)
    this.#armAll()
  }

  get #isEnabled(): boolean {
    return (this.#configuration & ENABLE) !== 0
  }

  #counter(): bigint {
    if (!this.#isEnabled) return this.#count
    const ticks = Math.floor(this.#time.nowNs() / HPET_TICK_NS) - this.#sinceNs / HPET_TICK_NS
    return (this.#count + BigInt(ticks)) & MASK64
  }

  #readWord(offset: number): number {
    if (offset >= FIRST_COMPARATOR) {
      const at = offset - FIRST_COMPARATOR
      const comparator = this.#comparators[Math.floor(at / COMPARATOR_BYTES)]
      return comparator === undefined ? 0 : comparator.read(at % COMPARATOR_BYTES)
    }
    if (offset === ID) return HPET_ID
    if (offset === PERIOD) return HPET_TICK_NS * FEMTOSECONDS_PER_NS
    if (offset === CONFIGURATION) return this.#configuration
    if (offset === STATUS) return this.#status
    if (offset === COUNTER) return Number(this.#counter() & LOW32)
    return offset === COUNTER + 4 ? Number(this.#counter() >> 32n) : 0
  }

  #configure(value: number): void {
    const count = this.#counter()
    const wasLegacy = this.isLegacy
    for (let i = 0; i < HPET_COMPARATORS; i++) this.#lower(i)
    this.#configuration = value & (ENABLE | LEGACY)
    this.#count = count
    this.#sinceNs = Math.floor(this.#time.nowNs() / HPET_TICK_NS) * HPET_TICK_NS
    if (this.isLegacy !== wasLegacy) this.#wires.legacy(this.isLegacy)
    for (let i = 0; i < HPET_COMPARATORS; i++) if (this.#status & (1 << i)) this.#drive(i, true)
    this.#armAll()
  }

  #clearStatus(value: number): void {
    for (let i = 0; i < HPET_COMPARATORS; i++) {
      if (!(value & this.#status & (1 << i))) continue
      this.#lower(i)
      this.#status &= ~(1 << i)
    }
  }

  #writeComparator(at: number, value: number): void {
    const i = Math.floor(at / COMPARATOR_BYTES)
    const comparator = this.#comparators[i]
    if (comparator === undefined) return
    this.#lower(i)
    comparator.write(at % COMPARATOR_BYTES, value)
    if (!comparator.isLevel) this.#status &= ~(1 << i)
    if (this.#status & (1 << i)) this.#drive(i, true)
    this.#arm(i, true)
  }

  #armAll(): void {
    for (let i = 0; i < HPET_COMPARATORS; i++) this.#arm(i, true)
  }

  /** Waits for the next match; `now`: a match at this very tick counts. */
  #arm(i: number, now: boolean): void {
    const timer = this.#timers[i]!
    if (!this.#isEnabled) return timer.disarm()
    const ticks = this.#comparators[i]!.ticksToMatch(this.#counter(), now)
    const tickNs = Math.floor(this.#time.nowNs() / HPET_TICK_NS) * HPET_TICK_NS
    if (ticks === Infinity) timer.disarm()
    else timer.arm(tickNs + ticks * HPET_TICK_NS)
  }

  #matched(i: number): void {
    const comparator = this.#comparators[i]!
    comparator.matched(this.#counter())
    if (comparator.isLevel) {
      this.#status |= 1 << i
      this.#drive(i, true)
    } else if (comparator.isEnabled) {
      if (comparator.isMessage) this.#wires.msi(comparator.messageAddress, comparator.messageData)
      else {
        this.#drive(i, true)
        this.#drive(i, false)
      }
    }
    this.#arm(i, false)
  }

  #lower(i: number): void {
    if (this.#status & (1 << i)) this.#drive(i, false)
  }

  /** 2.3.5, 2.3.8: legacy replacement comes before the comparator's own route. */
  #drive(i: number, asserted: boolean): void {
    const comparator = this.#comparators[i]!
    if (!comparator.isEnabled || !this.#isEnabled) return
    if (this.isLegacy && i < 2) this.#wires.irq(i === 0 ? 0 : 8, asserted)
    else this.#wires.pin(comparator.route, asserted)
  }
}

function withHalf(value: bigint, offset: number, half: number): bigint {
  const word = BigInt(half >>> 0)
  return offset & 4 ? (value & LOW32) | (word << 32n) : (value & ~LOW32) | word
}
