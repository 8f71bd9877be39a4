/** A PS/2 mouse that lies still: it answers every command, and its reports say that nothing has moved (IBM PS/2 Hardware Interface Technical Reference, Auxiliary Device). */
import type { Stateful } from '../device.ts'
import {
  ACKNOWLEDGE,
  type Ps2Device,
  Ps2Queue,
  type Ps2QueueState,
  RESEND,
  SELF_TEST_PASSED,
} from './ps2-port.ts'

const SET_SCALING_1 = 0xe6
const SET_SCALING_2 = 0xe7
const SET_RESOLUTION = 0xe8
const STATUS = 0xe9
const SET_STREAM = 0xea
const READ_DATA = 0xeb
const LEAVE_WRAP = 0xec
const SET_WRAP = 0xee
const SET_REMOTE = 0xf0
const IDENTIFY = 0xf2
const SET_RATE = 0xf3
const ENABLE = 0xf4
const DISABLE = 0xf5
const DEFAULTS = 0xf6
const RESET = 0xff

const STANDARD_MOUSE = 0x00
/** First byte of a report: always set. */
const REPORT = 0x08

/* The status byte. */
const REMOTE = 0x40
const ENABLED = 0x20
const SCALING = 0x10

export interface Ps2MouseState {
  queue: Ps2QueueState
  command: number
  status: number
  wraps: boolean
  resolution: number
  rate: number
}

export class Ps2Mouse implements Ps2Device, Stateful<Ps2MouseState> {
  readonly #queue = new Ps2Queue()
  #state: Omit<Ps2MouseState, 'queue'> = powerOn()

  next(): number | undefined {
    return this.#queue.next()
  }

  receive(byte: number): void {
    const state = this.#state
    if (state.wraps && byte !== RESET && byte !== LEAVE_WRAP) return this.#queue.reply(byte)
    const { command } = state
    state.command = 0
    if (command === SET_RATE) state.rate = byte
    else if (command === SET_RESOLUTION) state.resolution = byte
    else return this.#start(byte)
    this.#queue.reply(ACKNOWLEDGE)
  }

  reset(): void {
    this.#queue.clear()
    this.#state = powerOn()
  }

  save(): Ps2MouseState {
    return { queue: this.#queue.save(), ...this.#state }
  }

  load({ queue, ...state }: Ps2MouseState): void {
    this.#queue.load(queue)
    this.#state = { ...state }
  }

  #start(command: number): void {
    const state = this.#state
    const queue = this.#queue
    switch (command) {
      case SET_SCALING_1:
        state.status &= ~SCALING
        break
      case SET_SCALING_2:
        state.status |= SCALING
        break
      case SET_RESOLUTION:
      case SET_RATE:
        state.command = command
        break
      case STATUS:
        return queue.reply(ACKNOWLEDGE, state.status, state.resolution, state.rate)
      case SET_STREAM:
        state.status &= ~REMOTE
        break
      case SET_REMOTE:
        state.status |= REMOTE
        break
      case READ_DATA:
        return queue.reply(ACKNOWLEDGE, REPORT, 0, 0)
      case SET_WRAP:
        state.wraps = true
        break
      case LEAVE_WRAP:
        state.wraps = false
        break
      case IDENTIFY:
        return queue.reply(ACKNOWLEDGE, STANDARD_MOUSE)
      case ENABLE:
        state.status |= ENABLED
        break
      case DISABLE:
        state.status &= ~ENABLED
        break
      case DEFAULTS:
        this.reset()
        break
      case RESEND:
        return queue.repeat()
      case RESET:
        this.reset()
        return queue.reply(ACKNOWLEDGE, SELF_TEST_PASSED, STANDARD_MOUSE)
      default:
        return queue.reply(RESEND)
    }
    queue.reply(ACKNOWLEDGE)
  }
}

/** 4 counts per millimetre, 100 reports a second, stream mode, not enabled. */
function powerOn(): Omit<Ps2MouseState, 'queue'> {
  return { command: 0, status: 0, wraps: false, resolution: 2, rate: 100 }
}
