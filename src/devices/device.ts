/**
 * What every device of the board has in common. A device is told an offset, never where it sits, and talks to the rest of
 * the board only through the callbacks it was given.
 */

/** Width of one access in bytes. The bus splits everything wider. */
export type AccessSize = 1 | 2 | 4

/** Registers, in memory or in the port space. Values are unsigned; a value wider than `size` bytes is truncated by the bus. */
export interface MmioDevice {
  /** The widest access the registers take; the bus splits wider ones, low bytes first. Default 4. */
  readonly widest?: AccessSize
  read(offset: number, size: AccessSize): number
  write(offset: number, size: AccessSize, value: number): void
}

/** The same shape in the port space. */
export type PortDevice = MmioDevice

/** State that goes into a snapshot: plain data that `structuredClone` copies. `load(save())` changes nothing the guest can see. */
export interface Stateful<State> {
  save(): State
  load(state: State): void
}

/** An interrupt wire. Drivers of the wire may repeat a level; receivers act on edges where edges matter. */
export type InterruptLine = (asserted: boolean) => void

/** A message-signalled interrupt: a 32-bit write of `data` to the guest-physical `address`. */
export type MsiSink = (address: number, data: number) => void

/** A point in time that a device waits for. */
export interface Timer {
  /** When it fires, in nanoseconds of virtual time; `Infinity` while disarmed. */
  readonly deadlineNs: number
  /** Fires at `deadlineNs` (at once, but never from within this call, when that has passed). Replaces an earlier deadline. */
  arm(deadlineNs: number): void
  disarm(): void
}

/** Where devices get their time from. Implemented by the machine's clock. */
export interface TimeSource {
  /** Virtual nanoseconds since the machine was switched on. */
  nowNs(): number
  /** `onDeadline` is told the deadline that fired, which may lie a little before `nowNs()`. */
  createTimer(onDeadline: (deadlineNs: number) => void): Timer
}
