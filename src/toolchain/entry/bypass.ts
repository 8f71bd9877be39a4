/** The kernel's function called by name, after a change to the kernel's stack and before the change back: no saved frame, no number, no table. */
import { mem, r11, rbp, rsp, symbol } from '../../isa/index.ts'
import { stubs } from './dispatch.ts'
import { byAddress, KERNEL_STACK } from './processor-block.ts'
import type { Transition } from './transition.ts'

export const bypass: Transition = {
  kernel: () => [],
  application: (calls) =>
    stubs(calls, (asm, { name }) => {
      // Whenever an interrupt lets another thread run in between, the word is this thread's again before it goes on.
      asm.emit('mov', r11, rsp)
      asm.emit('mov', rsp, byAddress(KERNEL_STACK))
      asm.emit('push', r11)
      asm.emit('push', rbp)
      asm.emit('call', symbol(`kernel.checked_${name}`))
      asm.emit('mov', rsp, mem({ base: rsp, disp: 8, size: 64 }))
      asm.emit('ret')
    }),
  savedRbp: 16,
}
