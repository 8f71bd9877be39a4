/** The bus master of a PIIX (Intel 290550, 2.7; Programming Interface for Bus Master IDE Controller 1.0): three registers for each channel. */
import type { Diagnostics } from '../../counters.ts'
import type { AccessSize, PortDevice, Stateful } from '../../device.ts'
import { GuestFault } from '../../guest-fault.ts'
import type { GuestMemory } from '../../guest-memory.ts'
import type { DmaCursor } from './device.ts'
import type { IdeChannel } from './channel.ts'

const COMMAND = 0
const STATUS = 2
const TABLE = 4
export const BUS_MASTER_PORTS = 8

const COMMAND_START = 0x01
const STATUS_ACTIVE = 0x01
const STATUS_ERROR = 0x02
const STATUS_INTERRUPT = 0x04
/** What software notes about the drives. */
const STATUS_CAPABLE = 0x60
const ENTRY_BYTES = 8
const END_OF_TABLE = 0x8000_0000
/** A table lies within 64 KiB. */
const MAX_ENTRIES: number = 0x1_0000 / ENTRY_BYTES

export interface BusMasterState {
  command: number
  status: number
  table: number
}

export class BusMaster implements PortDevice, Stateful<BusMasterState> {
  readonly #channel: IdeChannel
  readonly #memory: GuestMemory
  readonly #isAllowed: () => boolean
  readonly #diagnostics: Diagnostics
  #state: BusMasterState = { command: 0, status: 0, table: 0 }

  /** `isAllowed`: whether the function is bus master. */
  constructor(channel: IdeChannel, memory: GuestMemory, isAllowed: () => boolean, diagnostics: Diagnostics) {
    this.#channel = channel
    this.#memory = memory
    this.#isAllowed = isAllowed
    this.#diagnostics = diagnostics
    channel.onDmaRequest = () => this.#tryRun()
  }

  /** The channel's interrupt went to the board; the status register keeps it. */
  interruptRaised(): void {
    this.#state.status |= STATUS_INTERRUPT
  }

  read(offset: number, size: AccessSize): number {
    const { command, status, table } = this.#state
    const bytes = [
      command,
      0,
      status,
      0,
      table & 0xff,
      (table >>> 8) & 0xff,
      (table >>> 16) & 0xff,
      table >>> 24,
    ]
    let value = 0
    for (let i = 0; i < size; i++) value += (bytes[offset + i] ?? 0) * 2 ** (8 * i)
    return value
  }

  write(offset: number, size: AccessSize, value: number): void {
    const state = this.#state
    if (offset === COMMAND) this.#writeCommand(value)
    else if (offset === STATUS) {
      const cleared = value & (STATUS_ERROR | STATUS_INTERRUPT)
      state.status = (state.status & ~cleared & ~STATUS_CAPABLE) | (value & STATUS_CAPABLE)
    } else if (offset >= TABLE) {
      const shift = 8 * (offset - TABLE)
      const mask = (2 ** (8 * size) - 1) * 2 ** shift
      state.table = ((state.table & ~mask) | ((value << shift) & mask & ~3)) >>> 0
    }
  }

  reset(): void {
    this.#state = { command: 0, status: 0, table: 0 }
  }

  save(): BusMasterState {
    return { ...this.#state }
  }

  load(state: BusMasterState): void {
    this.#state = { ...state }
  }

  #writeCommand(value: number): void {
    const state = this.#state
    const starts = value & ~state.command & COMMAND_START
    state.command = value & 0x09
    if (starts) {
      state.status |= STATUS_ACTIVE
      this.#tryRun()
    } else if (!(value & COMMAND_START)) state.status &= ~STATUS_ACTIVE
  }

  /** Runs once both sides are ready: the device waits, and software has pressed start. */
  #tryRun(): void {
    const state = this.#state
    if (!(state.status & STATUS_ACTIVE) || !this.#channel.wantsDma) return
    if (!this.#isAllowed()) return this.#diagnostics.counters.count('ide.dma-without-bus-master')
    const cursor = new TableCursor(this.#memory, state.table, () => (state.status |= STATUS_ERROR))
    this.#channel.runDma(cursor)
    // A table longer than the transfer leaves the engine active (290550, 2.7.2).
    if (cursor.isAtEnd || state.status & STATUS_ERROR) state.status &= ~STATUS_ACTIVE
  }
}

/** Physical region descriptors: address, length (0 is 64 KiB), and a mark at the last one. */
class TableCursor implements DmaCursor {
  readonly #memory: GuestMemory
  readonly #table: number
  readonly #onError: () => void
  #entry = 0
  #address = 0
  #left = 0
  #isLast = false

  constructor(memory: GuestMemory, table: number, onError: () => void) {
    this.#memory = memory
    this.#table = table
    this.#onError = onError
  }

  get isAtEnd(): boolean {
    return this.#isLast && this.#left === 0
  }

  put(bytes: Uint8Array): boolean {
    return this.#walk(bytes.length, (gpa, from, length) =>
      this.#memory.writable(gpa, length).set(bytes.subarray(from, from + length)),
    )
  }

  take(length: number): Uint8Array | null {
    const bytes = new Uint8Array(length)
    const isWhole = this.#walk(length, (gpa, from, part) => bytes.set(this.#memory.readable(gpa, part), from))
    return isWhole ? bytes : null
  }

  #walk(length: number, move: (gpa: number, from: number, length: number) => void): boolean {
    try {
      for (let done = 0; done < length;) {
        if (this.#left === 0 && !this.#next()) return false
        const part = Math.min(this.#left, length - done)
        move(this.#address, done, part)
        this.#address += part
        this.#left -= part
        done += part
      }
      return true
    } catch (error) {
      if (!(error instanceof GuestFault)) throw error
      this.#onError()
      return false
    }
  }

  #next(): boolean {
    if (this.#isLast || this.#entry === MAX_ENTRIES) return false
    const at = this.#table + ENTRY_BYTES * this.#entry++
    this.#address = (this.#memory.readU32(at) & ~1) >>> 0
    const word = this.#memory.readU32(at + 4)
    this.#left = word & 0xfffe || 0x1_0000
    this.#isLast = (word & END_OF_TABLE) !== 0
    return true
  }
}
