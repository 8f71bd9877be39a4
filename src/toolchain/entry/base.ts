/**
 * The same entry path as behind SYSCALL, reached by CALL: the application runs in ring 0, but everything that the software of an entry does is done.
 * What SYSCALL does by itself, three instructions do here. What remains of the trap is what the processor does in it.
 */
import { eax, r10, r11, rcx, symbol } from '../../isa/index.ts'
import { restoreCaller, SAVED_RBP, saveCaller } from './caller.ts'
import { dispatch, dispatchTable, scrub, stubs } from './dispatch.ts'
import { routine } from './piece.ts'
import { byAddress } from './processor-block.ts'
import type { Transition } from './transition.ts'

export const base: Transition = {
  kernel: (calls) => [
    routine('call.entry', (asm) => {
      asm.emit('pop', rcx)
      asm.emit('pushfq')
      asm.emit('pop', r11)
      asm.emit('cli')
      saveCaller(asm, byAddress, false)
      asm.emit('sti')
      dispatch(asm, calls, false)
      asm.emit('cli')
      scrub(asm)
      restoreCaller(asm, false)
      asm.emit('push', r11)
      asm.emit('popfq')
      asm.emit('jmp', rcx)
    }),
    ...dispatchTable(calls),
  ],
  application: (calls) =>
    stubs(calls, (asm, { number, parameters }) => {
      if (parameters.length > 3) asm.emit('mov', r10, rcx)
      asm.emit('mov', eax, number)
      asm.emit('call', symbol('call.entry'))
      asm.emit('ret')
    }),
  savedRbp: SAVED_RBP,
}
