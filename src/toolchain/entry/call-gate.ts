/**
 * A far call through a 64-bit call gate, and a far return (SDM Vol. 3A §5.8.3.1). The processor takes RSP from the TSS and pushes SS, RSP, CS and
 * RIP; RFLAGS stay the caller's, interrupts stay on. An interrupt may therefore come before the first instruction of the entry, which rules SWAPGS
 * out, and page tables of the application's own: in this mode nothing uses GS.
 */
import { eax, ecx, mem, r10, r11d, rbp, rcx, symbol } from '../../isa/index.ts'
import { dispatch, dispatchTable, scrub, stubs } from './dispatch.ts'
import { INTERRUPTS_ON } from './flags.ts'
import { clearBuffers, fillReturnStack } from './mitigations.ts'
import { routine, table } from './piece.ts'
import { callGate } from './segments.ts'
import type { Transition } from './transition.ts'

/** The gate's selector with RPL 3; its offset is ignored. */
const pointer = table('user.callGate', (asm) => void asm.u32(0).u16(callGate | 3), 8)

export const gate: Transition = {
  kernel: (calls, { hasMitigations }) => [
    routine('call.entry', (asm) => {
      asm.emit('push', rbp)
      asm.emit('pushfq')
      asm.emit('push', INTERRUPTS_ON)
      asm.emit('popfq')
      if (hasMitigations) fillReturnStack(asm)
      dispatch(asm, calls, hasMitigations)
      scrub(asm, ecx, r11d)
      if (hasMitigations) clearBuffers(asm)
      asm.emit('popfq')
      asm.emit('pop', rbp)
      asm.emit('retfq')
    }),
    ...dispatchTable(calls),
  ],
  application: (calls) => [
    pointer,
    ...stubs(calls, (asm, { number, parameters }) => {
      if (parameters.length > 3) asm.emit('mov', r10, rcx)
      asm.emit('mov', eax, number)
      asm.emit('call', mem({ symbol: symbol('user.callGate'), size: 48 }))
      asm.emit('ret')
    }),
  ],
  savedRbp: 40,
}
