/** Threads that wait for one thing, in the order in which they came. */
import { Thread } from './thread'

@unmanaged
export class WaitQueue {
  first: Thread | null
  last: Thread | null

  push(thread: Thread): void {
    thread.queue = this
    thread.next = null
    thread.previous = this.last
    const last = this.last
    if (last) last.next = thread
    else this.first = thread
    this.last = thread
  }

  remove(thread: Thread): void {
    const next = thread.next
    const previous = thread.previous
    if (previous) previous.next = next
    else this.first = next
    if (next) next.previous = previous
    else this.last = previous
    thread.next = null
    thread.previous = null
    thread.queue = null
  }
}

/** An empty queue on the heap. */
export function newWaitQueue(): WaitQueue {
  const queue = changetype<WaitQueue>(heap.alloc(offsetof<WaitQueue>()))
  queue.first = null
  queue.last = null
  return queue
}
