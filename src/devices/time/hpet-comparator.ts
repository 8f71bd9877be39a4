/** One comparator of the HPET: configuration, value, route of its message (IA-PC HPET specification 1.0a, 2.3.8 – 2.3.10). */

/* Offsets of 32-bit halves. */
const CONFIGURATION = 0x00
const ROUTES = 0x04
const VALUE_LOW = 0x08
const VALUE_HIGH = 0x0c
const MESSAGE_DATA = 0x10
const MESSAGE_ADDRESS = 0x14

const LEVEL = 1 << 1
const INTERRUPT_ENABLE = 1 << 2
const PERIODIC = 1 << 3
const PERIODIC_CAPABLE = 1 << 4
const SIZE_64 = 1 << 5
const VALUE_SET = 1 << 6
const MODE_32 = 1 << 8
const ROUTE_SHIFT = 9
const ROUTE_MASK = 0x1f << ROUTE_SHIFT
const MESSAGE_ENABLE = 1 << 14
const MESSAGE_CAPABLE = 1 << 15
const WRITABLE: number =
  LEVEL | INTERRUPT_ENABLE | PERIODIC | VALUE_SET | MODE_32 | ROUTE_MASK | MESSAGE_ENABLE
/** Inputs 2, 8 and 16 to 23 of the IOAPIC. */
const POSSIBLE_ROUTES = 0x00ff_0104
const CAPABILITIES: number = PERIODIC_CAPABLE | SIZE_64 | MESSAGE_CAPABLE

const MASK64: bigint = (1n << 64n) - 1n
const MASK32 = 0xffff_ffffn
/** Further away than any run goes. */
const FAR: bigint = 1n << 48n

export interface HpetComparatorState {
  configuration: number
  value: bigint
  /** What is added to the value at each match of a periodic comparator. */
  period: bigint
  /** The low half of the value was set while VALUE_SET was; the high half belongs to it. */
  setsHigh: boolean
  messageAddress: number
  messageData: number
}

export class HpetComparator {
  #state: HpetComparatorState = powerOn()

  /** Its interrupt stays until it is cleared. Messages are edges. */
  get isLevel(): boolean {
    return (this.#state.configuration & (LEVEL | MESSAGE_ENABLE)) === LEVEL
  }

  /** Whether it interrupts; it matches in any case. */
  get isEnabled(): boolean {
    return (this.#state.configuration & INTERRUPT_ENABLE) !== 0
  }

  get isMessage(): boolean {
    return (this.#state.configuration & MESSAGE_ENABLE) !== 0
  }

  get messageAddress(): number {
    return this.#state.messageAddress
  }

  get messageData(): number {
    return this.#state.messageData
  }

  /** Input of the IOAPIC. */
  get route(): number {
    return (this.#state.configuration & ROUTE_MASK) >> ROUTE_SHIFT
  }

  read(offset: number): number {
    const { configuration, value, messageAddress, messageData } = this.#state
    if (offset === CONFIGURATION) return configuration | CAPABILITIES
    if (offset === ROUTES) return POSSIBLE_ROUTES
    if (offset === VALUE_LOW) return Number(value & MASK32)
    if (offset === VALUE_HIGH) return Number(value >> 32n)
    if (offset === MESSAGE_DATA) return messageData
    return offset === MESSAGE_ADDRESS ? messageAddress : 0
  }

  write(offset: number, value: number): void {
    const state = this.#state
    if (offset === CONFIGURATION) this.#configure(value)
    else if (offset === VALUE_LOW) {
      this.#setValue(BigInt(value >>> 0), MASK32)
      state.setsHigh = (state.configuration & VALUE_SET) !== 0
      // 2.3.8: it clears itself.
      state.configuration &= ~VALUE_SET
    } else if (offset === VALUE_HIGH) {
      if (!(state.configuration & MODE_32)) this.#setValue(BigInt(value >>> 0) << 32n, MASK32 << 32n)
      state.setsHigh = false
    } else if (offset === MESSAGE_DATA) state.messageData = value >>> 0
    else if (offset === MESSAGE_ADDRESS) state.messageAddress = value >>> 0
  }

  /** Ticks until the counter, which is at `count`, equals the value; `now`: zero is possible. Infinity when nothing will be there to see it. */
  ticksToMatch(count: bigint, now: boolean): number {
    const mask = this.#mask
    const ticks = (this.#state.value - count) & mask
    if (ticks === 0n && !now) return mask + 1n > FAR ? Infinity : Number(mask + 1n)
    return ticks > FAR ? Infinity : Number(ticks)
  }

  /** The counter has reached the value, and may be some ticks past it. A periodic comparator goes on to its next match that lies ahead. */
  matched(count: bigint): void {
    const state = this.#state
    if (!(state.configuration & PERIODIC) || state.period === 0n) return
    const late = (count - state.value) & this.#mask
    state.value = (state.value + (late / state.period + 1n) * state.period) & this.#mask
  }

  reset(): void {
    this.#state = powerOn()
  }

  save(): HpetComparatorState {
    return { ...this.#state }
  }

  load(state: HpetComparatorState): void {
    this.#state = { ...state }
  }

  get #mask(): bigint {
    return this.#state.configuration & MODE_32 ? MASK32 : MASK64
  }

  #configure(value: number): void {
    const state = this.#state
    state.configuration = value & WRITABLE
    // A route that is not wired is not taken.
    if (!((POSSIBLE_ROUTES >>> this.route) & 1)) state.configuration &= ~ROUTE_MASK
    if (state.configuration & MODE_32) {
      state.value &= MASK32
      state.period &= MASK32
    }
  }

  /** 2.3.9.2.2: in periodic mode a write sets the period, and the value too while VALUE_SET is. */
  #setValue(bits: bigint, mask: bigint): void {
    const state = this.#state
    const isPeriodic = (state.configuration & PERIODIC) !== 0
    const setsValue = mask === MASK32 ? (state.configuration & VALUE_SET) !== 0 : state.setsHigh
    if (!isPeriodic || setsValue) state.value = (state.value & ~mask) | bits
    if (isPeriodic) state.period = (state.period & ~mask) | bits
  }
}

function powerOn(): HpetComparatorState {
  return { configuration: 0, value: MASK64, period: 0n, setsHigh: false, messageAddress: 0, messageData: 0 }
}
