/**
 * SYSCALL from the application in ring 3 and SYSRET back (SDM Vol. 2B). The processor has put RIP into RCX, RFLAGS into
 * R11, has cleared what IA32_FMASK says, and has changed neither RSP nor GS: SWAPGS reaches the block that tells the
 * kernel's stack.
 */
import { eax, r10, rcx } from '../../isa/index.ts'
import { restoreCaller, SAVED_RBP, saveCaller } from './caller.ts'
import { dispatch, dispatchTable, scrub, stubs } from './dispatch.ts'
import { clearBuffers, fenceSwapgs, fillReturnStack } from './mitigations.ts'
import { routine } from './piece.ts'
import { throughGs } from './processor-block.ts'
import type { Transition } from './transition.ts'

export const syscall: Transition = {
  kernel: (calls, { isIsolated, hasMitigations }) => [
    routine('call.entry', (asm) => {
      asm.emit('swapgs')
      if (hasMitigations) fenceSwapgs(asm)
      saveCaller(asm, throughGs, isIsolated)
      if (hasMitigations) fillReturnStack(asm)
      asm.emit('sti')
      dispatch(asm, calls, hasMitigations)
      asm.emit('cli')
      scrub(asm)
      if (hasMitigations) clearBuffers(asm)
      restoreCaller(asm, isIsolated)
      asm.emit('swapgs')
      asm.emit('sysretq')
    }),
    ...dispatchTable(calls),
  ],
  application: (calls) =>
    stubs(calls, (asm, { number, parameters }) => {
      if (parameters.length > 3) asm.emit('mov', r10, rcx)
      asm.emit('mov', eax, number)
      asm.emit('syscall')
      asm.emit('ret')
    }),
  savedRbp: SAVED_RBP,
}
