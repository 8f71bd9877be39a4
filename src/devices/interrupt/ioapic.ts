/** The IOAPIC (Intel 82093AA data sheet), version 0x20 with its EOI register. */
import type { Diagnostics } from '../counters.ts'
import type { AccessSize, MmioDevice, Stateful } from '../device.ts'
import type { InterruptMessage } from './message.ts'

export const IOAPIC_BASE = 0xfec0_0000
export const IOAPIC_BYTES = 0x1000
export const IOAPIC_PINS = 24
const VERSION = 0x20

const IOREGSEL = 0x00
const IOWIN = 0x10
const EOIR = 0x40

const IOAPICID = 0
const IOAPICVER = 1
const IOAPICARB = 2
const IOREDTBL = 0x10

/** Low word of a redirection entry. Polarity (bit 13) is kept, and means nothing: our wires are asserted or not. */
const REMOTE_IRR = 1 << 14
const LEVEL = 1 << 15
const MASKED = 1 << 16
const WRITABLE_LOW = 0x1_afff

export interface IoApicState {
  select: number
  id: number
  low: Uint32Array
  high: Uint32Array
  lines: boolean[]
}

export class IoApic implements MmioDevice, Stateful<IoApicState> {
  #state: IoApicState = powerOn()
  readonly #send: (message: InterruptMessage) => void
  readonly #diagnostics: Diagnostics

  constructor(send: (message: InterruptMessage) => void, diagnostics: Diagnostics) {
    this.#send = send
    this.#diagnostics = diagnostics
  }

  /** Drives input `pin`, 0 … 23. An edge at a masked pin is lost (3.2.4). */
  setLine(pin: number, asserted: boolean): void {
    const { lines, low } = this.#state
    const wasAsserted = lines[pin]
    lines[pin] = asserted
    if (!asserted || low[pin]! & MASKED) return
    if (low[pin]! & LEVEL) this.#serviceLevel(pin)
    else if (!wasAsserted) this.#message(pin)
  }

  /** A local APIC has finished a level-triggered interrupt: a line that is still asserted interrupts again. */
  endOfInterrupt(vector: number): void {
    const { low } = this.#state
    for (let pin = 0; pin < IOAPIC_PINS; pin++) {
      const entry = low[pin]!
      if ((entry & 0xff) !== vector || !(entry & REMOTE_IRR)) continue
      low[pin] = entry & ~REMOTE_IRR
      this.#serviceLevel(pin)
    }
  }

  read(offset: number, size: AccessSize): number {
    if (size !== 4) return this.#refuse(offset, `read of ${size} bytes`)
    if (offset === IOREGSEL) return this.#state.select
    return offset === IOWIN ? this.#readRegister(this.#state.select) : this.#refuse(offset, 'read')
  }

  write(offset: number, size: AccessSize, value: number): void {
    // Drivers select a register with a byte as well as with a word.
    if (offset === IOREGSEL) this.#state.select = value & 0xff
    else if (size !== 4) this.#refuse(offset, `write of ${size} bytes`)
    else if (offset === IOWIN) this.#writeRegister(this.#state.select, value)
    else if (offset === EOIR) this.endOfInterrupt(value & 0xff)
    else this.#refuse(offset, 'write')
  }

  reset(): void {
    const { lines } = this.#state
    this.#state = { ...powerOn(), lines }
  }

  save(): IoApicState {
    return structuredClone(this.#state)
  }

  load(state: IoApicState): void {
    this.#state = structuredClone(state)
  }

  #readRegister(number: number): number {
    const { id, low, high } = this.#state
    if (number === IOAPICID || number === IOAPICARB) return (id << 24) >>> 0
    if (number === IOAPICVER) return ((IOAPIC_PINS - 1) << 16) | VERSION
    const word = number - IOREDTBL
    const pin = word >> 1
    if (word < 0 || pin >= IOAPIC_PINS) return this.#refuse(number, 'read of a register')
    return word & 1 ? high[pin]! : low[pin]!
  }

  #writeRegister(number: number, value: number): void {
    const state = this.#state
    if (number === IOAPICID) {
      state.id = (value >>> 24) & 0xf
      return
    }
    const word = number - IOREDTBL
    const pin = word >> 1
    if (word < 0 || pin >= IOAPIC_PINS) return void this.#refuse(number, 'write of a register')
    if (word & 1) {
      state.high[pin] = value & 0xff00_0000
      return
    }
    // Remote IRR belongs to us, and an edge-triggered entry has none.
    const remoteIrr = value & LEVEL ? state.low[pin]! & REMOTE_IRR : 0
    state.low[pin] = (value & WRITABLE_LOW) | remoteIrr
    this.#serviceLevel(pin)
  }

  #serviceLevel(pin: number): void {
    const { low, lines } = this.#state
    const entry = low[pin]!
    if (!(entry & LEVEL) || entry & (MASKED | REMOTE_IRR) || !lines[pin]) return
    low[pin] = entry | REMOTE_IRR
    this.#message(pin)
  }

  #message(pin: number): void {
    const entry = this.#state.low[pin]!
    this.#send({
      destination: this.#state.high[pin]! >>> 24,
      isLogical: (entry & 0x800) !== 0,
      mode: (entry >> 8) & 7,
      vector: entry & 0xff,
      isLevel: (entry & LEVEL) !== 0,
    })
  }

  #refuse(offset: number, what: string): number {
    this.#diagnostics.warnings.once('ioapic', offset, what)
    return 0
  }
}

function powerOn(): IoApicState {
  return {
    select: 0,
    id: 0,
    low: new Uint32Array(IOAPIC_PINS).fill(MASKED),
    high: new Uint32Array(IOAPIC_PINS),
    lines: Array.from({ length: IOAPIC_PINS }, () => false),
  }
}
