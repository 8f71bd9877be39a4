/** A handler of the application's that the kernel calls, raised by the thread itself: a call, the way out to the handler, and from there back. */
import { currentThread, onUpcall, raise } from 'onering'
import * as Cases from './cases'
import { begin, end } from './marks'

let count: u32 = 0

function handle(argument: u32): void {
  count += argument
}

export function upcalls(): void {
  onUpcall(handle)
  const thread = currentThread()
  begin(Cases.UPCALL)
  for (let i = 0; i < Cases.UPCALLS; i++) raise(thread, 1)
  end(Cases.UPCALL)
  assert(count == Cases.UPCALLS, 'an upcall has not come')
}
