/** The frame of a caller whose processor state did not go onto the kernel's stack by itself: RSP, RBP, RFLAGS (in R11), RIP (in RCX). */
import { type Assembler, type Memory, r11, rbp, rcx, rsp } from '../../isa/index.ts'
import { useApplicationTables, useKernelTables } from './isolation.ts'
import { CALLER_STACK, KERNEL_STACK } from './processor-block.ts'

/** RBP in this frame; see `Transition`. */
export const SAVED_RBP = 16

/** Changes to the stack of the running thread's kernel side and saves the caller there. Interrupts are off. */
export function saveCaller(asm: Assembler, block: (offset: number) => Memory, isIsolated: boolean): void {
  asm.emit('mov', block(CALLER_STACK), rsp)
  if (isIsolated) useKernelTables(asm, rsp)
  asm.emit('mov', rsp, block(KERNEL_STACK))
  asm.emit('push', block(CALLER_STACK))
  asm.emit('push', rbp)
  asm.emit('push', r11)
  asm.emit('push', rcx)
}

/** The reverse, with interrupts off: RIP and RFLAGS are in RCX and R11 again. */
export function restoreCaller(asm: Assembler, isIsolated: boolean): void {
  asm.emit('pop', rcx)
  asm.emit('pop', r11)
  asm.emit('pop', rbp)
  asm.emit('pop', rsp)
  if (isIsolated) useApplicationTables(asm)
}
