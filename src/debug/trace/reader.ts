/** From the bytes of a trace (`cpu/trace-record.ts`, `machine/trace-port.ts`) to what happened. */
import { COUNT_FRED_EVENT } from '../../cpu/counters.ts'
import { counterNames } from '../../cpu/counter-names.ts'
import { MODE_CODE, MODE_CODE32, MODE_CODE64 } from '../../cpu/layout.ts'
import * as P from '../../cpu/probe.ts'
import * as R from '../../cpu/trace-record.ts'
import {
  EVENT_FRAME_RECEIVED,
  EVENT_FRAME_SENT,
  FRAME_CAPTURED,
  FRAME_DATA,
} from '../../machine/trace-port.ts'
import {
  causeOf,
  causeOfEvent,
  type Cause,
  type MicroStep,
  type Registers,
  type Transition,
} from './transition.ts'

/** A near call, or a return; RSP after it. */
export interface CallEvent {
  readonly isReturn: boolean
  readonly target: bigint
  readonly rsp: bigint
  readonly timeNs: number
  /** Instructions retired before it. */
  readonly retired: number
}

/** A frame that the guest has received in its buffers, or has handed to its network card. */
export interface FrameEvent {
  readonly direction: 'received' | 'sent'
  /** Its length; `bytes` are the first of it. */
  readonly length: number
  readonly bytes: Uint8Array
  readonly timeNs: number
  readonly retired: number
  /** What the processor had counted by then, by name. */
  readonly counted: Readonly<Record<string, number>>
}

export interface TraceListener {
  transition?(transition: Transition): void
  call?(call: CallEvent): void
  frame?(frame: FrameEvent): void
}

/** A transition that has begun. */
interface Begun {
  readonly cause: Cause
  readonly transition: number
  readonly timeNs: number
  readonly retired: number
  readonly before: Registers
  readonly code: Uint8Array
  readonly codeBits: 16 | 32 | 64
  readonly steps: MicroStep[]
}

const CODE_BITS: Readonly<Record<number, 32 | 64>> = { [MODE_CODE64]: 64, [MODE_CODE32]: 32 }
const counters: readonly (readonly [offset: number, name: string])[] = [...counterNames].map(
  ([counter, name]) => [R.RECORD_COUNTERS + 8 * counter, name],
)

export class TraceReader {
  readonly #listeners: readonly TraceListener[]
  #rest = new Uint8Array(0)
  #begun: Begun | null = null
  #abandoned: Cause[] = []
  #number = 0
  #lastRetired = 0
  #last: Uint8Array | null = null
  #haltedNs = 0
  readonly #rings = [0, 0, 0, 0]
  #ring = 0

  constructor(...listeners: readonly TraceListener[]) {
    this.#listeners = listeners
  }

  /** Transitions so far. */
  get transitions(): number {
    return this.#number
  }

  /** Instructions in each ring, of a run that has retired so many: by the transitions alone, as the processor counts them. */
  rings(retired: number): number[] {
    const rings = [...this.#rings]
    rings[this.#ring]! += retired - this.#lastRetired
    return rings
  }

  /** The next bytes; a record may be cut by their end. */
  push(bytes: Uint8Array): void {
    let data = bytes
    if (this.#rest.length > 0) {
      data = new Uint8Array(this.#rest.length + bytes.length)
      data.set(this.#rest)
      data.set(bytes, this.#rest.length)
    }
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    let at = 0
    while (at + R.RECORD_BYTES <= data.length) {
      const size = view.getUint16(at + R.RECORD_SIZE, true)
      if (at + size > data.length) break
      this.#record(view, at)
      at += size
    }
    this.#rest = data.slice(at)
  }

  #record(view: DataView, at: number): void {
    const event = view.getUint16(at + R.RECORD_EVENT, true)
    const x = view.getBigUint64(at + R.RECORD_X, true)
    const y = view.getBigUint64(at + R.RECORD_Y, true)
    if (event === P.EVENT_BEGIN) this.#begin(view, at, Number(x), Number(y))
    else if (event === P.EVENT_STEP) this.#begun?.steps.push({ step: Number(x), value: y })
    else if (event === P.EVENT_CAUSE) this.#cause(x, y)
    else if (event === P.EVENT_END) this.#end(view, at, Number(y))
    else if (event === P.EVENT_CALL || event === P.EVENT_RET) {
      const rsp = view.getBigUint64(at + R.RECORD_RSP, true)
      const retired = retiredAt(view, at)
      const timeNs = this.#haltedNs + retired
      for (const listener of this.#listeners)
        listener.call?.({ isReturn: event === P.EVENT_RET, target: x, rsp, timeNs, retired })
    } else if (event === EVENT_FRAME_RECEIVED || event === EVENT_FRAME_SENT) this.#frame(view, at, event)
  }

  #begin(view: DataView, at: number, transition: number, ring: number): void {
    if (this.#begun !== null) this.#abandoned.push(this.#begun.cause)
    this.#haltedNs = Number(view.getBigUint64(at + R.RECORD_HALTED_NS, true))
    const mode = view.getUint32(at + R.RECORD_MODE, true) & MODE_CODE
    const length = view.getUint32(at + R.RECORD_CODE_LENGTH, true)
    const retired = retiredAt(view, at)
    this.#begun = {
      transition,
      cause: causeOf(transition),
      timeNs: this.#haltedNs + retired,
      retired,
      before: registersAt(view, at, ring),
      code: new Uint8Array(view.buffer, view.byteOffset + at + R.RECORD_CODE, length).slice(),
      codeBits: CODE_BITS[mode] ?? 16,
      steps: [],
    }
  }

  #cause(x: bigint, cr2: bigint): void {
    if (this.#begun !== null) this.#begun = { ...this.#begun, cause: causeOfEvent(x, cr2, false) }
  }

  #end(view: DataView, at: number, ring: number): void {
    const begun = this.#begun
    if (begun === null) return
    const events = this.#eventsSince(view, at)
    const isFred = begun.cause.vector !== undefined && (events[FRED] ?? 0) > 0
    const { transition: _, ...rest } = begun
    const transition: Transition = {
      ...rest,
      cause: isFred ? { ...begun.cause, name: FRED } : begun.cause,
      number: ++this.#number,
      instructions: begun.retired - this.#lastRetired,
      events,
      after: registersAt(view, at, ring),
      abandoned: this.#abandoned,
    }
    this.#rings[begun.before.ring]! += transition.instructions
    this.#ring = ring
    this.#lastRetired = begun.retired
    this.#begun = null
    this.#abandoned = []
    for (const listener of this.#listeners) listener.transition?.(transition)
  }

  /** What the counters have counted since the last transition's end. */
  #eventsSince(view: DataView, at: number): Record<string, number> {
    const last = this.#last
    const lastView = last === null ? null : new DataView(last.buffer)
    const events: Record<string, number> = {}
    for (const [offset, name] of counters) {
      const now = view.getBigUint64(at + offset, true)
      const before = lastView === null ? 0n : lastView.getBigUint64(offset, true)
      if (now !== before) events[name] = Number(now - before)
    }
    this.#last = new Uint8Array(view.buffer, view.byteOffset + at, R.RECORD_END_BYTES).slice()
    return events
  }

  #frame(view: DataView, at: number, event: number): void {
    const captured = view.getUint32(at + FRAME_CAPTURED, true)
    const retired = retiredAt(view, at)
    // Time also passes at ports, without a transition.
    this.#haltedNs = Number(view.getBigUint64(at + R.RECORD_Y, true))
    const frame: FrameEvent = {
      direction: event === EVENT_FRAME_RECEIVED ? 'received' : 'sent',
      length: Number(view.getBigUint64(at + R.RECORD_X, true)),
      bytes: new Uint8Array(view.buffer, view.byteOffset + at + FRAME_DATA, captured).slice(),
      timeNs: this.#haltedNs + retired,
      retired,
      counted: countersAt(view, at),
    }
    for (const listener of this.#listeners) listener.frame?.(frame)
  }
}

const FRED = counterNames.get(COUNT_FRED_EVENT)!

/** At the same place in records of frames and of transitions. */
function countersAt(view: DataView, at: number): Record<string, number> {
  const counted: Record<string, number> = {}
  for (const [offset, name] of counters) {
    const count = Number(view.getBigUint64(at + offset, true))
    if (count > 0) counted[name] = count
  }
  return counted
}

function retiredAt(view: DataView, at: number): number {
  return Number(view.getBigUint64(at + R.RECORD_RETIRED, true))
}

function registersAt(view: DataView, at: number, ring: number): Registers {
  return {
    ring,
    rip: view.getBigUint64(at + R.RECORD_RIP, true),
    rsp: view.getBigUint64(at + R.RECORD_RSP, true),
    rflags: view.getBigUint64(at + R.RECORD_RFLAGS, true),
    cs: view.getUint16(at + R.RECORD_CS, true),
    ss: view.getUint16(at + R.RECORD_SS, true),
    cr3: view.getBigUint64(at + R.RECORD_CR3, true),
  }
}
