/** Counts, and reports to the probe when a listener has set PROBE. */
import { COUNT_TRANSITIONS } from '../counters'
import { COUNTERS, CPL, PROBE } from '../layout'
import { EVENT_BEGIN, EVENT_END, EVENT_STEP } from '../probe'
import { probe } from './host'

/** Adds to a counter of `counters.ts`. */
export function addCount(cpu: usize, counter: u32, amount: u64): void {
  const at = cpu + COUNTERS + ((<usize>counter) << 3)
  store<u64>(at, load<u64>(at) + amount)
}

export function count(cpu: usize, counter: u32): void {
  addCount(cpu, counter, 1)
}

export function event(cpu: usize, kind: u32, x: u64, y: u64): void {
  if (load<u32>(cpu, PROBE)) probe(cpu, kind, x, y)
}

export function begin(cpu: usize, transition: u32): void {
  if (load<u32>(cpu, PROBE)) probe(cpu, EVENT_BEGIN, transition, load<u32>(cpu, CPL))
}

export function step(cpu: usize, id: u32, value: u64): void {
  if (load<u32>(cpu, PROBE)) probe(cpu, EVENT_STEP, id, value)
}

export function end(cpu: usize, transition: u32): void {
  count(cpu, COUNT_TRANSITIONS + transition)
  if (load<u32>(cpu, PROBE)) probe(cpu, EVENT_END, transition, load<u32>(cpu, CPL))
}
