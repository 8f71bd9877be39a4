/**
 * INT 0x80 through an interrupt gate of DPL 3, and IRET back (SDM Vol. 3A §6.14). The processor takes RSP from the TSS, pushes SS, RSP, RFLAGS, CS
 * and RIP, and turns interrupts off; DF, AC and GS are the caller's still.
 */
import { eax, ecx, r10, r11d, rbp, rcx } from '../../isa/index.ts'
import { dispatch, dispatchTable, scrub, stubs } from './dispatch.ts'
import { clearAlignmentCheck } from './flags.ts'
import { arrive, depart } from './isolation.ts'
import { clearBuffers, fenceSwapgs, fillReturnStack } from './mitigations.ts'
import { routine } from './piece.ts'
import type { Transition } from './transition.ts'

export const int80: Transition = {
  kernel: (calls, crossing) => [
    routine('call.entry', (asm) => {
      const { isIsolated, hasMitigations } = crossing
      asm.emit('swapgs')
      if (hasMitigations) fenceSwapgs(asm)
      asm.emit('cld')
      if (isIsolated) arrive(asm, 5, crossing)
      if (hasMitigations) fillReturnStack(asm)
      asm.emit('push', rbp)
      clearAlignmentCheck(asm)
      asm.emit('sti')
      dispatch(asm, calls, hasMitigations)
      asm.emit('cli')
      scrub(asm, ecx, r11d)
      if (hasMitigations) clearBuffers(asm)
      asm.emit('pop', rbp)
      if (isIsolated) depart(asm, 5, crossing)
      asm.emit('swapgs')
      asm.emit('iretq')
    }),
    ...dispatchTable(calls),
  ],
  application: (calls) =>
    stubs(calls, (asm, { number, parameters }) => {
      if (parameters.length > 3) asm.emit('mov', r10, rcx)
      asm.emit('mov', eax, number)
      asm.emit('int', 0x80)
      asm.emit('ret')
    }),
  savedRbp: 48,
}
