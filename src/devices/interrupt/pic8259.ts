/** The pair of 8259A interrupt controllers of a PC (Intel 8259A data sheet). */
import type { AccessSize, InterruptLine, PortDevice, Stateful } from '../device.ts'

/** The second controller hangs on input 2 of the first. */
const CASCADE = 2

const ICW1 = 0x10
const ICW1_ICW4 = 0x01
const ICW4_AUTO_EOI = 0x02
const OCW3 = 0x08

export interface PicState {
  irr: number
  isr: number
  imr: number
  lines: number
  /** ELCR: inputs that are level-triggered. */
  levels: number
  base: number
  autoEoi: boolean
  rotateOnAutoEoi: boolean
  specialMask: boolean
  readIsr: boolean
  poll: boolean
  /** Next initialization word expected at the data port: 2, 3, 4; 0 when initialized. */
  expected: number
  needsIcw4: boolean
  /** Input of lowest priority. */
  lowest: number
}

/** One controller. */
export class Pic8259 implements PortDevice, Stateful<PicState> {
  readonly widest = 1
  #state: PicState = powerOn()
  readonly #intr: InterruptLine

  constructor(intr: InterruptLine) {
    this.#intr = intr
  }

  setLine(input: number, asserted: boolean): void {
    const state = this.#state
    const bit = 1 << input
    if (asserted && (state.levels & bit || !(state.lines & bit))) state.irr |= bit
    if (!asserted) state.irr &= ~bit
    state.lines = asserted ? state.lines | bit : state.lines & ~bit
    this.#update()
  }

  /** ELCR of this half. */
  get levels(): number {
    return this.#state.levels
  }

  set levels(value: number) {
    this.#state.levels = value
  }

  /** The input that wins now; 7 when it has gone in the meantime (spurious). Moves it into service. */
  acknowledge(): { input: number; vector: number } {
    const state = this.#state
    const input = this.#pending()
    if (input < 0) return { input: 7, vector: state.base + 7 }
    const bit = 1 << input
    if (!(state.levels & bit)) state.irr &= ~bit
    if (!state.autoEoi) state.isr |= bit
    else if (state.rotateOnAutoEoi) state.lowest = input
    this.#update()
    return { input, vector: state.base + input }
  }

  read(offset: number, _size: AccessSize): number {
    const state = this.#state
    if (state.poll) {
      state.poll = false
      const isPending = this.#pending() >= 0
      return isPending ? 0x80 | this.acknowledge().input : 0
    }
    if (offset === 1) return state.imr
    return state.readIsr ? state.isr : state.irr
  }

  write(offset: number, _size: AccessSize, value: number): void {
    if (offset === 1) this.#writeData(value)
    else if (value & ICW1) this.#initialize(value)
    else if (value & OCW3) this.#writeOcw3(value)
    else this.#writeOcw2(value)
    this.#update()
  }

  reset(): void {
    const { lines } = this.#state
    this.#state = { ...powerOn(), lines }
    this.#update()
  }

  save(): PicState {
    return { ...this.#state }
  }

  load(state: PicState): void {
    this.#state = { ...state }
    this.#update()
  }

  #initialize(icw1: number): void {
    const { lines, levels, base } = this.#state
    this.#state = { ...powerOn(), lines, levels, base, irr: lines & levels, imr: 0, expected: 2 }
    this.#state.needsIcw4 = (icw1 & ICW1_ICW4) !== 0
  }

  #writeData(value: number): void {
    const state = this.#state
    switch (state.expected) {
      case 2:
        state.base = value & 0xf8
        state.expected = 3
        return
      case 3:
        state.expected = state.needsIcw4 ? 4 : 0
        return
      case 4:
        state.autoEoi = (value & ICW4_AUTO_EOI) !== 0
        state.expected = 0
        return
      default:
        state.imr = value
    }
  }

  /** End of interrupt and rotation; bits 7 … 5 say which. */
  #writeOcw2(value: number): void {
    const state = this.#state
    const command = value >> 5
    const level = value & 7
    switch (command) {
      case 0: // rotate in automatic EOI mode, clear
      case 4: // … and set
        state.rotateOnAutoEoi = command === 4
        return
      case 1: // non-specific EOI
      case 5: {
        // … with rotation
        const input = this.#highest(state.isr)
        if (input < 0) return
        state.isr &= ~(1 << input)
        if (command === 5) state.lowest = input
        return
      }
      case 3: // specific EOI
      case 7: // … with rotation
        state.isr &= ~(1 << level)
        if (command === 7) state.lowest = level
        return
      case 6: // set priority
        state.lowest = level
    }
  }

  #writeOcw3(value: number): void {
    const state = this.#state
    if (value & 0x04) state.poll = true
    if (value & 0x02) state.readIsr = (value & 0x01) !== 0
    if (value & 0x40) state.specialMask = (value & 0x20) !== 0
  }

  /** The set input of highest priority, or -1. */
  #highest(set: number): number {
    for (let i = 1; i <= 8; i++) {
      const input = (this.#state.lowest + i) & 7
      if (set & (1 << input)) return input
    }
    return -1
  }

  #pending(): number {
    const { irr, imr, isr, specialMask, lowest } = this.#state
    const input = this.#highest(irr & ~imr)
    if (input < 0) return -1
    const inService = this.#highest(specialMask ? isr & ~imr : isr)
    const rank = (n: number): number => (n - lowest - 1) & 7
    return inService < 0 || rank(input) < rank(inService) ? input : -1
  }

  #update(): void {
    this.#intr(this.#state.expected === 0 && this.#pending() >= 0)
  }
}

export interface PicPairState {
  primary: PicState
  secondary: PicState
}

/** Both controllers, with sixteen inputs and one output. */
export class PicPair implements Stateful<PicPairState> {
  readonly primary: Pic8259
  readonly secondary: Pic8259
  /** Edge/level control registers, ports 0x4d0 and 0x4d1. */
  readonly elcr: PortDevice = {
    widest: 1,
    read: (offset) => (offset === 0 ? this.primary : this.secondary).levels,
    // Timer, keyboard, cascade, clock and coprocessor are always edge-triggered.
    write: (offset, _size, value) => {
      if (offset === 0) this.primary.levels = value & 0xf8
      else this.secondary.levels = value & 0xde
    },
  }

  constructor(intr: InterruptLine) {
    this.primary = new Pic8259(intr)
    this.secondary = new Pic8259((asserted) => this.primary.setLine(CASCADE, asserted))
  }

  /** Drives ISA interrupt `irq`, 0 … 15. */
  setLine(irq: number, asserted: boolean): void {
    if (irq >= 8) this.secondary.setLine(irq - 8, asserted)
    else if (irq !== CASCADE) this.primary.setLine(irq, asserted)
  }

  /** The processor's interrupt acknowledge cycle: the vector. */
  acknowledge(): number {
    const { input, vector } = this.primary.acknowledge()
    return input === CASCADE ? this.secondary.acknowledge().vector : vector
  }

  reset(): void {
    this.primary.reset()
    this.secondary.reset()
  }

  save(): PicPairState {
    return { primary: this.primary.save(), secondary: this.secondary.save() }
  }

  load(state: PicPairState): void {
    this.secondary.load(state.secondary)
    this.primary.load(state.primary)
  }
}

/** As firmware leaves them: everything masked. */
function powerOn(): PicState {
  return {
    irr: 0,
    isr: 0,
    imr: 0xff,
    lines: 0,
    levels: 0,
    base: 0,
    autoEoi: false,
    rotateOnAutoEoi: false,
    specialMask: false,
    readIsr: false,
    poll: false,
    expected: 0,
    needsIcw4: false,
    lowest: 7,
  }
}
