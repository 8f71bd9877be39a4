/** The kernel's function through the table of calls, on the caller's stack. */
import { mem, symbol } from '../../isa/index.ts'
import { dispatchTable, stubs } from './dispatch.ts'
import type { Transition } from './transition.ts'

export const sameStack: Transition = {
  kernel: (calls) => dispatchTable(calls),
  application: (calls) =>
    stubs(calls, (asm, { number }) => {
      asm.emit('jmp', mem({ symbol: symbol('dispatch.table', number * 8), size: 64 }))
    }),
}
