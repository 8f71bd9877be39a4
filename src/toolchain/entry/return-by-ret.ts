/**
 * Back from an interrupt or exception without IRET, as UKL_RET does it: RIP and RFLAGS go onto the stack of the interrupted code, which is in this ring,
 * and POPFQ and RET take them from there. Interrupts come on again only on that stack. Code here keeps nothing below RSP.
 */
import { type Assembler, mem, rax, rcx, rsp } from '../../isa/index.ts'

const word = (base: typeof rsp, index: number) => mem({ base, disp: 8 * index, size: 64 })

/** RSP points to RIP, CS, RFLAGS, RSP, SS. */
export function returnByRet(asm: Assembler): void {
  asm.emit('push', rax)
  asm.emit('push', rcx)
  // The two words that have just been pushed, then RIP, CS, RFLAGS, RSP.
  asm.emit('mov', rax, word(rsp, 5))
  asm.emit('mov', rcx, word(rsp, 2))
  asm.emit('mov', word(rax, -1), rcx)
  asm.emit('mov', rcx, word(rsp, 4))
  asm.emit('mov', word(rax, -2), rcx)
  asm.emit('mov', rcx, word(rsp, 1))
  asm.emit('mov', word(rax, -3), rcx)
  asm.emit('mov', rcx, word(rsp, 0))
  asm.emit('lea', rsp, mem({ base: rax, disp: -24 }))
  asm.emit('pop', rax)
  asm.emit('popfq')
  asm.emit('ret')
}
