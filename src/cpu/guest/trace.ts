/** Counts, and reports to the probe and the trace when PROBE asks for it. */
import { COUNT_TRANSITIONS } from '../counters'
import { COUNTERS, CPL, PROBE, PROBE_EVENTS, PROBE_TRACE, TRACE_KINDS } from '../layout'
import { EVENT_BEGIN, EVENT_END, EVENT_STEP } from '../probe'
import { probe } from './host'
import { record } from './record'

/** Adds to a counter of `counters.ts`. */
export function addCount(cpu: usize, counter: u32, amount: u64): void {
  const at = cpu + COUNTERS + ((<usize>counter) << 3)
  store<u64>(at, load<u64>(at) + amount)
}

export function count(cpu: usize, counter: u32): void {
  addCount(cpu, counter, 1)
}

/** One event, while PROBE is not 0. */
export function report(cpu: usize, kind: u32, x: u64, y: u64): void {
  const wanted = load<u32>(cpu, PROBE)
  if (wanted & PROBE_TRACE && (load<u32>(cpu, TRACE_KINDS) >> kind) & 1) record(cpu, kind, x, y)
  if (wanted & PROBE_EVENTS) probe(cpu, kind, x, y)
}

export function event(cpu: usize, kind: u32, x: u64, y: u64): void {
  if (load<u32>(cpu, PROBE)) report(cpu, kind, x, y)
}

export function begin(cpu: usize, transition: u32): void {
  if (load<u32>(cpu, PROBE)) report(cpu, EVENT_BEGIN, transition, load<u32>(cpu, CPL))
}

export function step(cpu: usize, id: u32, value: u64): void {
  if (load<u32>(cpu, PROBE)) report(cpu, EVENT_STEP, id, value)
}

export function end(cpu: usize, transition: u32): void {
  count(cpu, COUNT_TRANSITIONS + transition)
  if (load<u32>(cpu, PROBE)) report(cpu, EVENT_END, transition, load<u32>(cpu, CPL))
}
