/** Reports to the probe; nothing happens unless a listener has set PROBE. */
import { CPL, PROBE } from '../layout'
import { EVENT_BEGIN, EVENT_END, EVENT_STEP } from '../probe'
import { probe } from './host'

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
  if (load<u32>(cpu, PROBE)) probe(cpu, EVENT_END, transition, load<u32>(cpu, CPL))
}
