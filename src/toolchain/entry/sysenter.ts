/**
 * SYSENTER and SYSEXIT (SDM Vol. 2B). The processor saves nothing at all: the stub passes its RSP in RCX, where to return in RDX, and its third
 * argument in R11. Only IF is cleared, so that the kernel starts from clean flags; the caller's are lost, as its contract says.
 */
import { eax, mem, r10, r11, r11d, rbp, rcx, rdx, rsp } from '../../isa/index.ts'
import { dispatch, dispatchTable, scrub, stubs } from './dispatch.ts'
import { CLEAR_FLAGS } from './flags.ts'
import { useApplicationTables, useKernelTables } from './isolation.ts'
import { clearBuffers, fenceSwapgs, fillReturnStack } from './mitigations.ts'
import { routine } from './piece.ts'
import { KERNEL_STACK, throughGs } from './processor-block.ts'
import type { Transition } from './transition.ts'

export const sysenter: Transition = {
  kernel: (calls, { isIsolated, hasMitigations }) => [
    routine('call.entry', (asm) => {
      asm.emit('swapgs')
      if (hasMitigations) fenceSwapgs(asm)
      if (isIsolated) useKernelTables(asm, rsp)
      asm.emit('mov', rsp, throughGs(KERNEL_STACK))
      asm.emit('push', rcx)
      asm.emit('push', rbp)
      asm.emit('push', rdx)
      // This one makes RSP a multiple of 16 again.
      asm.emit('push', CLEAR_FLAGS)
      asm.emit('push', CLEAR_FLAGS)
      asm.emit('popfq')
      asm.emit('mov', rdx, r11)
      if (hasMitigations) fillReturnStack(asm)
      asm.emit('sti')
      dispatch(asm, calls, hasMitigations)
      asm.emit('cli')
      scrub(asm, r11d)
      if (hasMitigations) clearBuffers(asm)
      asm.emit('pop', rdx)
      asm.emit('pop', rdx)
      asm.emit('pop', rbp)
      asm.emit('pop', rcx)
      if (isIsolated) useApplicationTables(asm)
      asm.emit('swapgs')
      // No interrupt comes between the two.
      asm.emit('sti')
      asm.emit('sysexitq')
    }),
    ...dispatchTable(calls),
  ],
  application: (calls) =>
    stubs(calls, (asm, { number, parameters }) => {
      const back = asm.label('back')
      if (parameters.length > 3) asm.emit('mov', r10, rcx)
      if (parameters.length > 2) asm.emit('mov', r11, rdx)
      asm.emit('mov', rcx, rsp)
      asm.emit('lea', rdx, mem({ rip: back }))
      asm.emit('mov', eax, number)
      asm.emit('sysenter')
      asm.bind(back)
      asm.emit('ret')
    }),
  savedRbp: 16,
}
