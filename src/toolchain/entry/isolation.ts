/**
 * Kernel page-table isolation (Linux, Documentation/arch/x86/pti.rst): while the application runs, only the pages of this code, the descriptor
 * tables and the processor's block are mapped of the kernel. CR3 changes on every way in and out; what the processor pushes by itself goes to a
 * small stack in the block's page, and from there to the thread's.
 *
 * Interrupts are off, and the block can be reached. With PCIDs the roots have bit 63 set, so that nothing is flushed.
 */
import {
  type Assembler,
  cr3,
  eax,
  type Memory,
  mem,
  type Register,
  rax,
  rdi,
  rsp,
  symbol,
} from '../../isa/index.ts'
import type { Crossing } from './crossing.ts'
import { constantFunction, marker, type Piece, routine } from './piece.ts'
import {
  APPLICATION_ROOT,
  BLOCK_BYTES,
  KERNEL_ROOT,
  KERNEL_STACK,
  SCRATCH,
  throughGs,
} from './processor-block.ts'

/** CR3 ← the kernel's tables; `scratch` is lost. */
export function useKernelTables(asm: Assembler, scratch: Register): void {
  asm.emit('mov', scratch, throughGs(KERNEL_ROOT))
  asm.emit('mov', cr3, scratch)
}

/** CR3 ← the application's tables; every register stays as it is. */
export function useApplicationTables(asm: Assembler): void {
  asm.emit('mov', throughGs(SCRATCH), rax)
  asm.emit('mov', rax, throughGs(APPLICATION_ROOT))
  asm.emit('mov', cr3, rax)
  asm.emit('mov', rax, throughGs(SCRATCH))
}

/** Copies `words` words from where RSP points to the stack whose top is `top`, and stays there. RAX is lost. */
function moveFrame(asm: Assembler, words: number, top: Memory | number): void {
  asm.emit('mov', rax, rsp)
  if (typeof top === 'number') asm.emit('mov', rsp, symbol('processor.block', top, 'abs32s'))
  else asm.emit('mov', rsp, top)
  for (let word = words - 1; word >= 0; word--) asm.emit('push', mem({ base: rax, disp: 8 * word, size: 64 }))
}

/** From the entry stack with a frame of `words` words to the thread's stack, in the kernel's tables. */
export function arrive(asm: Assembler, words: number, { block }: Crossing): void {
  asm.emit('mov', block(SCRATCH), rax)
  asm.emit('mov', rax, block(KERNEL_ROOT))
  asm.emit('mov', cr3, rax)
  moveFrame(asm, words, block(KERNEL_STACK))
  asm.emit('mov', rax, block(SCRATCH))
}

/** The reverse, with the frame that the way back takes; flags stay. */
export function depart(asm: Assembler, words: number, { block }: Crossing): void {
  asm.emit('mov', block(SCRATCH), rax)
  moveFrame(asm, words, BLOCK_BYTES)
  asm.emit('mov', rax, block(APPLICATION_ROOT))
  asm.emit('mov', cr3, rax)
  asm.emit('mov', rax, block(SCRATCH))
}

/** The pages of code that both tables map: `pieces`, alone on them. The kernel asks where they are. */
export function trampoline(pieces: readonly Piece[], isIsolated: boolean): readonly Piece[] {
  const bounds = (start: string | number, end: string | number): Piece[] => [
    constantFunction('entry.trampolineStart', start),
    constantFunction('entry.trampolineEnd', end),
  ]
  if (!isIsolated) return [...pieces, ...bounds(0, 0), absentFlush]
  return [
    marker('trampoline.start'),
    ...pieces,
    marker('trampoline.end'),
    ...bounds('trampoline.start', 'trampoline.end'),
    flush,
  ]
}

/** The application's PCID; the kernel's is 0. */
const APPLICATION_PCID = 1

/** flushApplicationPage(address): INVPCID of one address (SDM Vol. 2A); its descriptor is PCID and address. */
const flush = routine('entry.flushApplicationPage', (asm) => {
  asm.emit('push', rdi)
  asm.emit('push', APPLICATION_PCID)
  asm.emit('xor', eax, eax)
  asm.emit('invpcid', rax, mem({ base: rsp, size: 128 }))
  asm.emit('add', rsp, 16)
  asm.emit('ret')
})

const absentFlush = routine('entry.flushApplicationPage', (asm) => void asm.emit('ud2'))
