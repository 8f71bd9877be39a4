/** Who hears the events of `probe.ts`: listeners, one call each, and a sink for records in bulk. */
import * as L from './layout.ts'
import type { MemoryMap } from './memory-map.ts'
import { EVENT_CALL, EVENT_RET, EVENT_TRACE_FULL } from './probe.ts'
import type { StateBlock } from './state-block.ts'

/** Takes records of `trace-record.ts`, whole and in order; the bytes are valid during the call. It must not touch the processor. */
export type TraceSink = (records: Uint8Array) => void

/** Hears one event of `probe.ts`. */
export type ProbeListener = (event: number, x: bigint, y: bigint) => void

export class Observers {
  readonly #state: StateBlock
  readonly #buffer: ArrayBuffer
  readonly #map: MemoryMap
  /** With whether near calls are wanted. */
  readonly #listeners = new Map<ProbeListener, boolean>()
  #trace: { readonly sink: TraceSink; readonly kinds: number } | null = null

  constructor(state: StateBlock, buffer: ArrayBuffer, map: MemoryMap) {
    this.#state = state
    this.#buffer = buffer
    this.#map = map
  }

  add(listener: ProbeListener, calls: boolean): void {
    this.#listeners.set(listener, calls)
  }

  remove(listener: ProbeListener): void {
    this.#listeners.delete(listener)
  }

  /** From now on records events whose bit is set in `kinds`; null: no longer. */
  trace(sink: TraceSink | null, kinds: number): void {
    this.flush()
    this.#trace = sink === null ? null : { sink, kinds }
  }

  /** Hands over what has been recorded so far. */
  flush(): void {
    if (this.#trace === null) return
    const { trace } = this.#map
    const next = this.#state.getState32(L.TRACE_NEXT)
    if (next === trace) return
    this.#state.setState32(L.TRACE_NEXT, trace)
    this.#trace.sink(new Uint8Array(this.#buffer, trace, next - trace))
  }

  /** Tells the state who listens; the mode, which follows from it, is to be computed anew. */
  place(): void {
    const state = this.#state
    const kinds = this.#trace?.kinds ?? 0
    const isCallRecorded = (kinds & ((1 << EVENT_CALL) | (1 << EVENT_RET))) !== 0
    const calls = isCallRecorded || [...this.#listeners.values()].some((wanted) => wanted)
    state.setState32(L.TRACE_KINDS, kinds)
    state.setState32(L.TRACE_NEXT, this.#map.trace)
    state.setState32(L.TRACE_LIMIT, this.#map.traceEnd)
    state.setState32(
      L.PROBE,
      (this.#listeners.size > 0 ? L.PROBE_EVENTS : 0) |
        (calls ? L.PROBE_CALLS : 0) |
        (this.#trace === null ? 0 : L.PROBE_TRACE),
    )
  }

  /** The processor tells of an event. */
  hear(event: number, x: bigint, y: bigint): void {
    if (event === EVENT_TRACE_FULL) return this.flush()
    for (const listener of this.#listeners.keys())
      listener(event, BigInt.asUintN(64, x), BigInt.asUintN(64, y))
  }
}
