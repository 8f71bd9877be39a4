/** Names to addresses, waiting for the resolver. */
import { EAGAIN, ENOMEM } from '../api/errno'
import { afterStackCall, dhcpClient, networkStack } from '../driver/network'
import { monotonicNs } from '../task/clock'
import { blockUntil, wakeAll } from '../task/scheduler'
import { newWaitQueue, WaitQueue } from '../task/wait-queue'

/** How long a lookup waits for the interface to get its address. */
const CONFIGURATION_NS: u64 = 5_000_000_000
const STEP_NS: u64 = 50_000_000

@unmanaged
class Lookup {
  waiters: WaitQueue
  isDone: bool
  status: i32
  out: usize
  most: u32
}

function finished(context: usize, status: i32, addresses: usize, count: u32): void {
  const lookup = changetype<Lookup>(context)
  lookup.isDone = true
  lookup.status = status
  if (status == 0) {
    const copied = min(count, lookup.most)
    memory.copy(lookup.out, addresses, (<usize>copied) << 2)
    lookup.status = <i32>copied
  }
  wakeAll(lookup.waiters)
}

/** Writes up to `most` addresses (u32 each) of `name` to `out`: how many, or an errno. */
export function resolve(name: usize, length: u32, out: usize, most: u32): i32 {
  const end = monotonicNs() + CONFIGURATION_NS
  const client = dhcpClient()
  while (client !== null && client.address == 0 && monotonicNs() < end)
    blockUntil(null, monotonicNs() + STEP_NS)
  const lookup = changetype<Lookup>(heap.alloc(offsetof<Lookup>()))
  lookup.waiters = newWaitQueue()
  lookup.isDone = false
  lookup.status = -EAGAIN
  lookup.out = out
  lookup.most = most
  const query = networkStack().resolve(name, length, finished, changetype<usize>(lookup))
  if (query === null && !lookup.isDone) lookup.status = -ENOMEM
  else {
    afterStackCall()
    while (!lookup.isDone) blockUntil(lookup.waiters, u64.MAX_VALUE)
  }
  const status = lookup.status
  heap.free(changetype<usize>(lookup.waiters))
  heap.free(changetype<usize>(lookup))
  return status
}
