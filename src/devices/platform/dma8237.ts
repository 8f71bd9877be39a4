/**
 * The two 8237 DMA controllers of a PC with their page registers (Intel 8237A data sheet; 290550, 4.2). No device of the board asks them for a transfer; programs find
 * the registers as they left them, and may set channels up and look at them.
 */
import type { PortDevice, Stateful } from '../device.ts'

const CHANNELS = 4
/* Registers behind those of the channels. */
const STATUS_COMMAND = 8
const REQUEST = 9
const SINGLE_MASK = 10
const MODE = 11
const CLEAR_FLIP_FLOP = 12
const TEMPORARY_MASTER_CLEAR = 13
const CLEAR_MASK = 14
const ALL_MASKS = 15

export interface Dma8237State {
  address: number[]
  baseAddress: number[]
  count: number[]
  baseCount: number[]
  mode: number[]
  command: number
  request: number
  mask: number
  isHighByte: boolean
}

/** One controller; `stride`: ports from one register to the next. */
export class Dma8237 implements PortDevice, Stateful<Dma8237State> {
  readonly widest = 1
  readonly #stride: number
  #state: Dma8237State = powerOn()

  constructor(stride: 1 | 2) {
    this.#stride = stride
  }

  read(offset: number): number {
    const register = Math.floor(offset / this.#stride)
    const { address, count, request, mask } = this.#state
    if (register < 2 * CHANNELS) return this.#readByte((register & 1 ? count : address)[register >> 1]!)
    // Nothing has been transferred; what software asks for waits.
    if (register === STATUS_COMMAND) return request << 4
    return register === ALL_MASKS ? 0xf0 | mask : 0
  }

  write(offset: number, _size: number, value: number): void {
    const state = this.#state
    const register = Math.floor(offset / this.#stride)
    if (register < 2 * CHANNELS) return this.#writeByte(register, value)
    const bit = 1 << (value & 3)
    if (register === STATUS_COMMAND) state.command = value
    else if (register === REQUEST) state.request = value & 4 ? state.request | bit : state.request & ~bit
    else if (register === SINGLE_MASK) state.mask = value & 4 ? state.mask | bit : state.mask & ~bit
    else if (register === MODE) state.mode[value & 3] = value & 0xfc
    else if (register === CLEAR_FLIP_FLOP) state.isHighByte = false
    else if (register === TEMPORARY_MASTER_CLEAR) this.#masterClear()
    else if (register === CLEAR_MASK) state.mask = 0
    else if (register === ALL_MASKS) state.mask = value & 0xf
  }

  reset(): void {
    this.#state = powerOn()
  }

  save(): Dma8237State {
    return structuredClone(this.#state)
  }

  load(state: Dma8237State): void {
    this.#state = structuredClone(state)
  }

  /** 16 bits pass a byte at a time, the low one first. */
  #readByte(value: number): number {
    const state = this.#state
    state.isHighByte = !state.isHighByte
    return state.isHighByte ? value & 0xff : value >> 8
  }

  #writeByte(register: number, value: number): void {
    const state = this.#state
    const channel = register >> 1
    const [current, base] = register & 1 ? [state.count, state.baseCount] : [state.address, state.baseAddress]
    base[channel] = state.isHighByte
      ? (base[channel]! & 0x00ff) | (value << 8)
      : (base[channel]! & 0xff00) | value
    current[channel] = base[channel]!
    state.isHighByte = !state.isHighByte
  }

  #masterClear(): void {
    const state = this.#state
    state.command = 0
    state.request = 0
    state.mask = 0xf
    state.isHighByte = false
  }
}

/** The page registers at port 0x80 to 0x8f. Eight belong to channels; the others hold a byte, and 0x80 is where firmware says how far it is. */
export class DmaPages implements PortDevice, Stateful<number[]> {
  readonly widest = 1
  #bytes = Array.from({ length: 16 }, () => 0)

  read(offset: number): number {
    return this.#bytes[offset]!
  }

  write(offset: number, _size: number, value: number): void {
    this.#bytes[offset] = value
  }

  reset(): void {
    this.#bytes.fill(0)
  }

  save(): number[] {
    return [...this.#bytes]
  }

  load(state: number[]): void {
    this.#bytes = [...state]
  }
}

function powerOn(): Dma8237State {
  const zeros = (): number[] => Array.from({ length: CHANNELS }, () => 0)
  return {
    address: zeros(),
    baseAddress: zeros(),
    count: zeros(),
    baseCount: zeros(),
    mode: zeros(),
    command: 0,
    request: 0,
    mask: 0xf,
    isHighByte: false,
  }
}
