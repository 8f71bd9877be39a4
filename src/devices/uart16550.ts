/** The 16550A UART (National Semiconductor PC16550D data sheet). Transmission takes no time. */
import type { Diagnostics } from './counters.ts'
import type { AccessSize, InterruptLine, PortDevice, Stateful } from './device.ts'

/** Register offsets; DLL and DLM replace 0 and 1 while LCR.DLAB is set. */
const RBR_THR = 0
const IER = 1
const IIR_FCR = 2
const LCR = 3
const MCR = 4
const LSR = 5
const MSR = 6
const SCR = 7

const IER_RECEIVED = 0x01
const IER_THR_EMPTY = 0x02
const IER_LINE_STATUS = 0x04
const IER_MODEM_STATUS = 0x08

const IIR_NONE = 0x01
const IIR_MODEM_STATUS = 0x00
const IIR_THR_EMPTY = 0x02
const IIR_RECEIVED = 0x04
const IIR_LINE_STATUS = 0x06
const IIR_TIMEOUT = 0x0c
const IIR_FIFO_ENABLED = 0xc0

const FCR_ENABLE = 0x01
const FCR_CLEAR_RECEIVE = 0x02

const LCR_DLAB = 0x80
const MCR_OUT2 = 0x08
const MCR_LOOPBACK = 0x10

const LSR_DATA_READY = 0x01
const LSR_OVERRUN = 0x02
const LSR_TRANSMITTER_EMPTY = 0x60

/** A terminal that is always there: DCD, DSR, CTS. */
const MODEM_LINES = 0xb0
/** Bytes in the receive FIFO at which the interrupt comes, by FCR[7:6]. */
const TRIGGER_LEVELS = [1, 4, 8, 14]
const FIFO_DEPTH = 16

export interface Uart16550State {
  ier: number
  fcr: number
  lcr: number
  mcr: number
  scr: number
  divisor: number
  overrun: boolean
  /** The transmitter became empty and nobody has looked at IIR since. */
  thrEmptyPending: boolean
  modemDelta: number
  received: number[]
}

export class Uart16550 implements PortDevice, Stateful<Uart16550State> {
  readonly widest = 1
  /** Told when the guest has made room for more input. */
  onRoom: (() => void) | null = null
  #state: Uart16550State = powerOn()
  readonly #transmit: (byte: number) => void
  readonly #interrupt: InterruptLine
  readonly #diagnostics: Diagnostics

  constructor(transmit: (byte: number) => void, interrupt: InterruptLine, diagnostics: Diagnostics) {
    this.#transmit = transmit
    this.#interrupt = interrupt
    this.#diagnostics = diagnostics
  }

  /** How many bytes `receive` takes now. */
  get room(): number {
    return Math.max(0, this.#depth() - this.#state.received.length)
  }

  /** A byte arrives on the line. When the FIFO is full it is lost, and LSR.OE says so. */
  receive(byte: number): void {
    const state = this.#state
    if (state.mcr & MCR_LOOPBACK) return
    this.#accept(byte)
  }

  read(offset: number, _size: AccessSize): number {
    const state = this.#state
    switch (offset) {
      case RBR_THR:
        return state.lcr & LCR_DLAB ? state.divisor & 0xff : this.#readReceived()
      case IER:
        return state.lcr & LCR_DLAB ? state.divisor >> 8 : state.ier
      case IIR_FCR:
        return this.#readIdentification()
      case LCR:
        return state.lcr
      case MCR:
        return state.mcr
      case LSR:
        return this.#readLineStatus()
      case MSR:
        return this.#readModemStatus()
      default:
        return state.scr
    }
  }

  write(offset: number, _size: AccessSize, value: number): void {
    const state = this.#state
    switch (offset) {
      case RBR_THR:
        if (state.lcr & LCR_DLAB) state.divisor = (state.divisor & 0xff00) | value
        else this.#writeTransmitter(value)
        break
      case IER:
        if (state.lcr & LCR_DLAB) state.divisor = (state.divisor & 0xff) | (value << 8)
        else this.#writeEnables(value)
        break
      case IIR_FCR:
        this.#writeFifoControl(value)
        break
      case LCR:
        state.lcr = value
        break
      case MCR:
        this.#writeModemControl(value)
        break
      case LSR:
      case MSR:
        this.#diagnostics.warnings.once(
          'uart',
          offset,
          `write 0x${value.toString(16)} to a read-only register`,
        )
        break
      case SCR:
        state.scr = value
        break
    }
    this.#update()
  }

  reset(): void {
    this.#state = powerOn()
    this.#update()
  }

  save(): Uart16550State {
    return structuredClone(this.#state)
  }

  load(state: Uart16550State): void {
    this.#state = structuredClone(state)
    this.#update()
  }

  #depth(): number {
    return this.#state.fcr & FCR_ENABLE ? FIFO_DEPTH : 1
  }

  #accept(byte: number): void {
    const state = this.#state
    if (state.received.length < this.#depth()) state.received.push(byte)
    else state.overrun = true
    this.#update()
  }

  #readReceived(): number {
    const byte = this.#state.received.shift() ?? 0
    this.#update()
    this.onRoom?.()
    return byte
  }

  #readIdentification(): number {
    const source = this.#source()
    if (source === IIR_THR_EMPTY) this.#state.thrEmptyPending = false
    this.#update()
    return source | (this.#state.fcr & FCR_ENABLE ? IIR_FIFO_ENABLED : 0)
  }

  #readLineStatus(): number {
    const state = this.#state
    const status =
      LSR_TRANSMITTER_EMPTY |
      (state.received.length > 0 ? LSR_DATA_READY : 0) |
      (state.overrun ? LSR_OVERRUN : 0)
    state.overrun = false
    this.#update()
    return status
  }

  #readModemStatus(): number {
    const state = this.#state
    const status = this.#modemLines() | state.modemDelta
    state.modemDelta = 0
    this.#update()
    return status
  }

  #writeTransmitter(byte: number): void {
    const state = this.#state
    state.thrEmptyPending = true
    if (state.mcr & MCR_LOOPBACK) this.#accept(byte)
    else this.#transmit(byte)
  }

  #writeEnables(value: number): void {
    const state = this.#state
    const newlyEnabled = value & ~state.ier
    state.ier = value & 0x0f
    // The transmitter is empty already, so enabling its interrupt raises it at once.
    if (newlyEnabled & IER_THR_EMPTY) state.thrEmptyPending = true
  }

  #writeFifoControl(value: number): void {
    const state = this.#state
    const modeChanges = ((value ^ state.fcr) & FCR_ENABLE) !== 0
    if (modeChanges || value & FCR_CLEAR_RECEIVE) {
      state.received = []
      this.onRoom?.()
    }
    state.fcr = value & 0xc9
  }

  #writeModemControl(value: number): void {
    const state = this.#state
    const before = this.#modemLines()
    state.mcr = value & 0x1f
    const after = this.#modemLines()
    const changed = before ^ after
    // CTS, DSR and DCD report any change, RI only its falling edge.
    state.modemDelta |= ((changed & MODEM_LINES) >> 4) | (before & ~after & 0x40 ? 0x04 : 0)
  }

  /** MSR[7:4]; in loopback the outputs of MCR come back: RTS→CTS, DTR→DSR, OUT1→RI, OUT2→DCD. */
  #modemLines(): number {
    const { mcr } = this.#state
    if (!(mcr & MCR_LOOPBACK)) return MODEM_LINES
    return ((mcr & 0x02) << 3) | ((mcr & 0x01) << 5) | ((mcr & 0x0c) << 4)
  }

  /** The pending interrupt of highest priority, as IIR[3:0] names it. */
  #source(): number {
    const { ier, fcr, received, overrun, thrEmptyPending, modemDelta } = this.#state
    if (ier & IER_LINE_STATUS && overrun) return IIR_LINE_STATUS
    if (ier & IER_RECEIVED && received.length > 0) {
      const trigger = fcr & FCR_ENABLE ? TRIGGER_LEVELS[fcr >> 6]! : 1
      return received.length >= trigger ? IIR_RECEIVED : IIR_TIMEOUT
    }
    if (ier & IER_THR_EMPTY && thrEmptyPending) return IIR_THR_EMPTY
    if (ier & IER_MODEM_STATUS && modemDelta !== 0) return IIR_MODEM_STATUS
    return IIR_NONE
  }

  #update(): void {
    // On a PC the interrupt output goes through a gate that OUT2 opens; loopback cuts OUT2 off.
    const gate = (this.#state.mcr & (MCR_OUT2 | MCR_LOOPBACK)) === MCR_OUT2
    this.#interrupt(gate && this.#source() !== IIR_NONE)
  }
}

function powerOn(): Uart16550State {
  return {
    ier: 0,
    fcr: 0,
    lcr: 0,
    mcr: 0,
    scr: 0,
    divisor: 12,
    overrun: false,
    thrEmptyPending: false,
    modemDelta: 0,
    received: [],
  }
}
