/** A PS/2 keyboard with the three scan code sets (IBM PS/2 Hardware Interface Technical Reference, Keyboards). */
import type { Stateful } from '../device.ts'
import {
  ACKNOWLEDGE,
  type Ps2Device,
  Ps2Queue,
  type Ps2QueueState,
  RESEND,
  SELF_TEST_PASSED,
} from './ps2-port.ts'
import { type KeyName, scanCodes } from './scan-codes.ts'

const ECHO = 0xee
const ID = [0xab, 0x83] as const
/** Room for what is typed, in bytes. */
const QUEUE_BYTES = 16
const LONGEST_CODE = 3
/** A key that found no room, in set 1 and in the others. */
const OVERRUN = [0, 0xff, 0x00, 0x00] as const

const SET_LEDS = 0xed
const SELECT_SET = 0xf0
const IDENTIFY = 0xf2
const SET_RATE = 0xf3
const ENABLE = 0xf4
const DISABLE = 0xf5
const DEFAULTS = 0xf6
/** All keys, then single keys of set 3: whether they repeat, and report their release. */
const ALL_TYPEMATIC = 0xf7
const ALL_EVERYTHING = 0xfa
const KEY_TYPEMATIC = 0xfb
const KEY_MAKE = 0xfd
const RESET = 0xff

export interface Ps2KeyboardState {
  queue: Ps2QueueState
  /** The command whose argument comes next, or 0. */
  command: number
  isEnabled: boolean
  set: number
  leds: number
}

export class Ps2Keyboard implements Ps2Device, Stateful<Ps2KeyboardState> {
  readonly #queue = new Ps2Queue()
  /** Told when a byte has been sent, so that there is more room. */
  onRoom: (() => void) | null = null
  #command = 0
  #isEnabled = true
  #set = 2
  #leds = 0

  /** Scroll lock 1, num lock 2, caps lock 4. */
  get leds(): number {
    return this.#leds
  }

  /** Whether another key will not get lost. */
  get hasRoom(): boolean {
    return this.#queue.length <= QUEUE_BYTES - LONGEST_CODE
  }

  /** A key goes down or up. Where there is no room for it, the keyboard says that one got lost. */
  key(name: KeyName, isDown: boolean): void {
    if (!this.#isEnabled) return
    if (this.hasRoom) this.#queue.push(...scanCodes(name, isDown, this.#set))
    else if (this.#queue.length < QUEUE_BYTES) this.#queue.push(OVERRUN[this.#set]!)
  }

  next(): number | undefined {
    const byte = this.#queue.next()
    if (byte !== undefined) this.onRoom?.()
    return byte
  }

  receive(byte: number): void {
    const command = this.#command
    this.#command = 0
    if (byte >= SET_LEDS) this.#start(byte)
    else if (command === 0) this.#queue.reply(RESEND)
    else this.#finish(command, byte)
  }

  reset(): void {
    this.#queue.clear()
    this.#setDefaults()
    this.#leds = 0
    this.#isEnabled = true
  }

  save(): Ps2KeyboardState {
    return {
      queue: this.#queue.save(),
      command: this.#command,
      isEnabled: this.#isEnabled,
      set: this.#set,
      leds: this.#leds,
    }
  }

  load(state: Ps2KeyboardState): void {
    this.#queue.load(state.queue)
    this.#command = state.command
    this.#isEnabled = state.isEnabled
    this.#set = state.set
    this.#leds = state.leds
  }

  #start(command: number): void {
    const queue = this.#queue
    switch (command) {
      case SET_LEDS:
      case SELECT_SET:
      case SET_RATE:
        this.#command = command
        return queue.reply(ACKNOWLEDGE)
      case ECHO:
        return queue.reply(ECHO)
      case IDENTIFY:
        return queue.reply(ACKNOWLEDGE, ...ID)
      case ENABLE:
        queue.clear()
        this.#isEnabled = true
        return queue.reply(ACKNOWLEDGE)
      case DISABLE:
      case DEFAULTS:
        queue.clear()
        this.#setDefaults()
        this.#isEnabled = command === DEFAULTS
        return queue.reply(ACKNOWLEDGE)
      case RESEND:
        return queue.repeat()
      case RESET:
        this.reset()
        return queue.reply(ACKNOWLEDGE, SELF_TEST_PASSED)
      default:
        if (command >= KEY_TYPEMATIC && command <= KEY_MAKE) this.#command = command
        const isKnown = command >= ALL_TYPEMATIC && (command <= ALL_EVERYTHING || command <= KEY_MAKE)
        queue.reply(isKnown ? ACKNOWLEDGE : RESEND)
    }
  }

  #finish(command: number, argument: number): void {
    const queue = this.#queue
    if (command === SET_LEDS) this.#leds = argument & 7
    else if (command === SELECT_SET) {
      if (argument === 0) return queue.reply(ACKNOWLEDGE, this.#set)
      if (argument > 3) return queue.reply(RESEND)
      this.#set = argument
      queue.clear()
    } else if (command >= KEY_TYPEMATIC) {
      // Keys follow until the next command.
      this.#command = command
    }
    queue.reply(ACKNOWLEDGE)
  }

  #setDefaults(): void {
    this.#command = 0
    this.#set = 2
  }
}
