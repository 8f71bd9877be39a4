/** What the tracer knows of one transition: a change of ring, or an event, return or far transfer within one. */
import * as C from '../../cpu/counters.ts'
import { counterNames } from '../../cpu/counter-names.ts'
import * as P from '../../cpu/probe.ts'

/** Registers that transitions change, as they were before or are after. */
export interface Registers {
  readonly ring: number
  readonly rip: bigint
  readonly rsp: bigint
  readonly rflags: bigint
  readonly cs: number
  readonly ss: number
  readonly cr3: bigint
}

/** One micro-step: one of STEP_ of `cpu/probe.ts`, and the value that was written. */
export interface MicroStep {
  readonly step: number
  readonly value: bigint
}

export interface Cause {
  /** One of `causeNames`; `interrupt`, `exception`, `software-interrupt`, and `fred-event` for all of these with FRED. */
  readonly name: string
  /** As people say it: `syscall`, `int 0x80`, `#PF`, `irq 0x21`. */
  readonly label: string
  /** Of events: the vector, the error code, and for #PF the linear address. */
  readonly vector?: number
  readonly error?: number
  readonly address?: bigint
}

export interface Transition {
  /** From 1 on, in the order of completion, over the whole run. */
  readonly number: number
  readonly cause: Cause
  /** Virtual nanoseconds since power-on. */
  readonly timeNs: number
  /** Instructions retired before the transition's own. */
  readonly retired: number
  /** Instructions retired, and costly ones among them counted by name, since the last transition, that one's own instruction included. */
  readonly instructions: number
  readonly events: Readonly<Record<string, number>>
  /** `before.rip` is the instruction that caused it; for an interrupt the one that has to wait. */
  readonly before: Registers
  readonly after: Registers
  readonly steps: readonly MicroStep[]
  /** Bytes of code at `before.rip`; none when the processor did not have them at hand. */
  readonly code: Uint8Array
  /** 16, 32 or 64. */
  readonly codeBits: 16 | 32 | 64
  /** Deliveries that were begun and raised an exception themselves, just before this one. */
  readonly abandoned: readonly Cause[]
}

const names: Readonly<Record<number, string>> = {
  [P.TRANSITION_SYSCALL]: 'syscall',
  [P.TRANSITION_SYSRET]: 'sysret',
  [P.TRANSITION_SYSENTER]: 'sysenter',
  [P.TRANSITION_SYSEXIT]: 'sysexit',
  [P.TRANSITION_IRET]: 'iret',
  [P.TRANSITION_FAR_JUMP]: 'far-jump',
  [P.TRANSITION_FAR_CALL]: 'far-call',
  [P.TRANSITION_FAR_RETURN]: 'far-return',
  [P.TRANSITION_TASK_SWITCH]: 'task-switch',
  [P.TRANSITION_ERETS]: 'erets',
  [P.TRANSITION_ERETU]: 'eretu',
}

const eventNames = [C.COUNT_SOFTWARE_INTERRUPT, C.COUNT_EXCEPTION, C.COUNT_INTERRUPT, C.COUNT_FRED_EVENT].map(
  (counter) => counterNames.get(counter)!,
)

/** Every cause, by the names of the processor's counters, which count the same. */
export const causeNames: readonly string[] = [...eventNames, ...Object.values(names)]

/** Types of events, as FRED numbers them. */
const TYPE_INTERRUPT = 0
const TYPE_NMI = 2
const TYPE_EXCEPTION = 3
const TYPE_SOFTWARE_INTERRUPT = 4
const TYPE_OTHER = 7

const vectorNames =
  '#DE #DB NMI #BP #OF #BR #UD #NM #DF - #TS #NP #SS #GP #PF - #MF #AC #MC #XM #VE #CP'.split(' ')
const VECTOR_PF = 14
/** Exceptions that push an error code. SDM Vol. 3A, table 6-1. */
const withError = new Set([8, 10, 11, 12, 13, 14, 17, 21])

export function causeOf(transition: number): Cause {
  const name = names[transition] ?? `transition ${transition}`
  return { name, label: name }
}

/** Of an event, by the operands of EVENT_CAUSE. */
export function causeOfEvent(x: bigint, cr2: bigint, isFred: boolean): Cause {
  const word = Number(x & 0xffff_ffffn)
  const vector = word & 0xff
  const type = word >>> P.CAUSE_TYPE_SHIFT
  const name = isFred ? 'fred-event' : nameOfType(type)
  const hasError = type === TYPE_EXCEPTION && withError.has(vector)
  return {
    name,
    label: labelOf(type, vector),
    vector,
    ...(hasError ? { error: Number(x >> BigInt(P.CAUSE_ERROR_SHIFT)) } : {}),
    ...(type === TYPE_EXCEPTION && vector === VECTOR_PF ? { address: cr2 } : {}),
  }
}

function nameOfType(type: number): string {
  if (type === TYPE_INTERRUPT || type === TYPE_NMI) return 'interrupt'
  return type === TYPE_EXCEPTION ? 'exception' : 'software-interrupt'
}

function labelOf(type: number, vector: number): string {
  if (type === TYPE_INTERRUPT) return `irq 0x${vector.toString(16)}`
  if (type === TYPE_SOFTWARE_INTERRUPT) return `int 0x${vector.toString(16)}`
  if (type === TYPE_OTHER) return vector === 1 ? 'syscall' : 'sysenter'
  return vectorNames[vector] ?? `vector ${vector}`
}
