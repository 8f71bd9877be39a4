/**
 * A far call through a 64-bit call gate, and a far return (SDM Vol. 3A §5.8.3.1). The processor takes RSP from the TSS and pushes SS, RSP, CS and
 * RIP; RFLAGS stay the caller's, interrupts stay on. An interrupt may therefore come before the first instruction of the entry, which rules SWAPGS
 * out: in this mode nothing uses GS.
 *
 * With page tables of the application's own that interrupt finds ring 0 in the application's tables, on the processor's entry stack. The first instruction turns
 * interrupts off, so that there is one such place, and `finishArrival` does there what the entry would have done. On the way back STI holds
 * interrupts off for one more instruction, the far return.
 */
import {
  type Assembler,
  eax,
  ecx,
  type Memory,
  mem,
  r10,
  r11d,
  rax,
  rbp,
  rcx,
  rsp,
  symbol,
} from '../../isa/index.ts'
import type { Crossing } from './crossing.ts'
import { dispatch, dispatchTable, scrub, stubs } from './dispatch.ts'
import { INTERRUPTS_ON, RFLAGS_IF } from './flags.ts'
import { arrive, depart } from './isolation.ts'
import { clearBuffers, fillReturnStack } from './mitigations.ts'
import { routine, table } from './piece.ts'
import { callGate } from './segments.ts'
import type { Transition } from './transition.ts'

/** The gate's selector with RPL 3; its offset is ignored. */
const pointer = table('user.callGate', (asm) => void asm.u32(0).u16(callGate | 3), 8)

/** What the gate pushes. */
const FRAME_WORDS = 4
/** Interrupts are off here, as the entry has turned them off. */
const ARRIVED = 'call.arrived'

/**
 * In the interrupt entry, from the kernel: vector, error code, RIP, CS, RFLAGS, RSP and SS lie at RSP. If the interrupted place is the first instruction of
 * `call.entry`, completes its arrival, so that the interrupt has come just behind it.
 */
export function finishArrival(asm: Assembler, crossing: Crossing): void {
  const elsewhere = asm.label('elsewhere')
  const word = (index: number): Memory => mem({ base: rsp, disp: 8 * index, size: 64 })
  asm.emit('cmp', word(2), symbol('call.entry', 0, 'abs32s'))
  asm.emit('jne', elsewhere)
  arrive(asm, 7 + FRAME_WORDS, crossing)
  asm.emit('mov', word(2), symbol(ARRIVED, 0, 'abs32s'))
  asm.emit('and', mem({ base: rsp, disp: 32, size: 32 }), ~RFLAGS_IF)
  asm.emit('push', rax)
  asm.emit('lea', rax, word(8))
  asm.emit('mov', word(6), rax)
  asm.emit('pop', rax)
  asm.bind(elsewhere)
}

export const gate: Transition = {
  kernel: (calls, crossing) => [
    routine('call.entry', (asm, define) => {
      const { isIsolated, hasMitigations } = crossing
      if (isIsolated) {
        asm.emit('cli')
        arrive(asm, FRAME_WORDS, crossing)
        define(ARRIVED)
      }
      asm.emit('push', rbp)
      asm.emit('pushfq')
      asm.emit('push', INTERRUPTS_ON)
      asm.emit('popfq')
      if (hasMitigations) fillReturnStack(asm)
      dispatch(asm, calls, hasMitigations)
      if (isIsolated) asm.emit('cli')
      scrub(asm, ecx, r11d)
      if (hasMitigations) clearBuffers(asm)
      asm.emit('popfq')
      asm.emit('pop', rbp)
      if (isIsolated) {
        depart(asm, FRAME_WORDS, crossing)
        asm.emit('sti')
      }
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
