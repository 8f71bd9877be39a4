/**
 * Upcalls: the kernel calls the application, as a signal does. A handler may come between any two instructions of its thread, in the middle of an
 * allocation too: it must not allocate. While it runs, its thread gets no other.
 */
import { upcallAddress } from '../../lib/user'
import { raise, setUpcall } from '../gen/kernel'

export { raise }

/** From now on every upcall runs `handler`, with the argument given to `raise`, in the thread that it was raised for. */
export function onUpcall(handler: (argument: u32) => void): void {
  setUpcall(upcallAddress(), handler.index)
}
