/** What the network stack reports about a socket reaches the threads and pollers that wait for it. */
import { wakeAll } from '../task/scheduler'
import { READY_ERR, READY_HUP } from '../net/socket'
import { Descriptor, PIPE, POLLER, TCP, UDP } from './descriptors'
import { pipeReadiness } from './pipe'
import { pollerReadiness, reportReady } from './poller'

/** Always reported, whether asked for or not. */
export const ALWAYS: u32 = READY_ERR | READY_HUP

/** The stack's callback: `owner` is the descriptor. */
export function onReadiness(owner: usize, readiness: u32): void {
  const descriptor = changetype<Descriptor>(owner)
  wakeAll(descriptor.waiters)
  reportReady(descriptor, readiness)
}

/** What `descriptor` is ready for at this moment. */
export function readinessOf(descriptor: Descriptor): u32 {
  if (descriptor.kind == TCP) return descriptor.tcp!.readiness()
  if (descriptor.kind == UDP) return descriptor.udp!.readiness()
  if (descriptor.kind == PIPE) return pipeReadiness(descriptor)
  if (descriptor.kind == POLLER) return pollerReadiness(descriptor.poller!)
  return 0
}
