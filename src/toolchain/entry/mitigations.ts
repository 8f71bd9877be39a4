/**
 * What Linux executes on the way in and out against speculation, on processors that need it (Documentation/admin-guide/hw-vuln): a barrier
 * behind SWAPGS, a return stack that holds nothing of the caller's, an indirect call that is not predicted, buffers cleared before the way out. Linux
 * fills the return stack when it changes tasks; here it is filled on each entry, as the studies that give its price assume.
 */
import { type Assembler, type Memory, mem, rax, rsp, symbol } from '../../isa/index.ts'
import { DATA_SELECTOR } from './processor-block.ts'

const RETURN_STACK_ENTRIES = 32

/** Instructions that each of the longer ones executes, for those who know what it costs as a whole. */
export const sequenceInstructions = {
  'return-stack-fill': RETURN_STACK_ENTRIES + 1,
  retpoline: 6,
} as const

/** Behind SWAPGS: no access through GS is speculated with the other base. */
export function fenceSwapgs(asm: Assembler): void {
  asm.emit('lfence')
}

/** On the kernel's stack: 32 calls that nobody returns from. */
export function fillReturnStack(asm: Assembler): void {
  for (let i = 0; i < RETURN_STACK_ENTRIES; i++) {
    const next = asm.label('next')
    asm.emit('call', next)
    asm.emit('int3')
    asm.bind(next)
  }
  asm.emit('add', rsp, 8 * RETURN_STACK_ENTRIES)
}

/** CALL through memory whose target is never predicted: speculation is caught in a loop. RAX is lost. */
export function retpoline(asm: Assembler, target: Memory): void {
  const thunk = asm.label('thunk')
  const load = asm.label('load')
  const trap = asm.label('trap')
  const back = asm.label('back')
  asm.emit('mov', rax, target)
  asm.emit('call', thunk)
  asm.emit('jmp', back)
  asm.bind(thunk)
  asm.emit('call', load)
  asm.bind(trap)
  asm.emit('pause')
  asm.emit('lfence')
  asm.emit('jmp', trap)
  asm.bind(load)
  asm.emit('mov', mem({ base: rsp, size: 64 }), rax)
  asm.emit('ret')
  asm.bind(back)
}

/** Before the way out: VERW clears the buffers that hold the kernel's data (MDS); ZF is lost. */
export function clearBuffers(asm: Assembler): void {
  asm.emit('verw', mem({ symbol: symbol('processor.block', DATA_SELECTOR), size: 16 }))
}
