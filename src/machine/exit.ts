import type { EngineStatistics } from '../cpu/cpu.ts'
import type { TripleFault } from '../cpu/triple-fault.ts'
import type { ProcessorCounters } from './processor.ts'

/** Marks beyond so many are not kept. */
export const MAX_MARKS = 65_536

/** Why a machine stopped. */
export type ExitReason =
  /** The guest wrote to the debug exit port. */
  | 'debug-exit'
  /** The guest switched the machine off. */
  | 'power-off'
  /** The guest pulled the reset line. */
  | 'reset'
  /** An exception that could not be delivered, twice. */
  | 'triple-fault'
  /** Halted with interrupts disabled: nothing can wake it. */
  | 'halted'
  | 'instruction-limit'
  /** The place where a snapshot was to be taken is reached. */
  | 'saved'
  | 'timeout'
  /** `Machine.stop()`. */
  | 'stopped'

/** Exit status for each reason but `debug-exit`, whose statuses are odd. */
export const EXIT_STATUS: Readonly<Record<Exclude<ExitReason, 'debug-exit'>, number>> = {
  'power-off': 0,
  reset: 0,
  'triple-fault': 6,
  halted: 4,
  'instruction-limit': 124,
  saved: 0,
  timeout: 124,
  stopped: 130,
}

/** The counters where the guest wrote `id` to the port of measurements (`src/devices/platform/measure-port.ts`). */
export interface Mark extends ProcessorCounters {
  readonly id: number
  readonly instructions: number
  /** The host's clock, from the start of the run. It varies; everything else here is exact. */
  readonly hostMs: number
}

/** What `Machine.run()` resolves to. */
export interface Exit extends ProcessorCounters {
  readonly reason: ExitReason
  /** As a process would report it: 0 … 255. */
  readonly status: number
  /** One line for people. */
  readonly message: string
  /** Retired instructions, exact. */
  readonly instructions: number
  /** Virtual time: instructions and time halted, in seconds. */
  readonly virtualSeconds: number
  /** Host time from the start of the run to its end, in seconds. */
  readonly seconds: number
  /** What of the host time the machine slept. */
  readonly idleSeconds: number
  /** How instructions were executed: by which tier, regions of translated code and what they took, why execution came back to the host. */
  readonly engine?: EngineStatistics
  /** Page walks that filled the machine's own TLB. */
  readonly tlbMisses?: number
  /** In the order in which the guest set them; at most MAX_MARKS. */
  readonly marks: readonly Mark[]
  /** SHA-256 of all that the guest can see at the end, when it was asked for. */
  readonly stateHash?: string
  /** With reason `triple-fault`: what led to it. */
  readonly tripleFault?: TripleFault
  /** What the guest did that was refused, by name. */
  readonly counters: Readonly<Record<string, number>>
}

/** The part of an exit that the board knows. */
export interface Stop {
  readonly reason: ExitReason
  readonly status: number
  readonly message: string
  readonly tripleFault?: TripleFault
}

/** A stop with the status that belongs to its reason. */
export function stopFor(reason: Exclude<ExitReason, 'debug-exit'>, message: string): Stop {
  return { reason, status: EXIT_STATUS[reason], message }
}
