/** What the entry code needs to know of the processor before it has a stack: one block, at a fixed address, found through GS by the entries that SWAPGS. */
import { gs, mem, symbol, type Memory } from '../../isa/index.ts'
import { constantFunction, type Piece, reserve } from './piece.ts'

/** Offsets, in bytes, of its words of 64 bits. `src/kernel/trap/descriptors.ts` and `src/kernel/mm/isolation.ts` write some of them. */
export const KERNEL_STACK = 0
export const CALLER_STACK = 8
/** CR3 of the kernel and of the application, where each has its own. */
export const KERNEL_ROOT = 16
export const APPLICATION_ROOT = 24
export const SCRATCH = 32
/** u16: the selector that VERW looks at. */
export const DATA_SELECTOR = 40
/** The rest of the page is the stack on which the processor arrives before the tables are the kernel's. */
export const BLOCK_BYTES = 4096

/** A word of the block through GS base. */
export function throughGs(offset: number): Memory {
  return mem({ segment: gs, disp: offset, size: 64 })
}

/** A word of the block by its address. */
export function byAddress(offset: number): Memory {
  return mem({ symbol: symbol('processor.block', offset), size: 64 })
}

export const processorBlock: readonly Piece[] = [
  reserve('processor.block', BLOCK_BYTES, BLOCK_BYTES),
  constantFunction('entry.processorBlock', 'processor.block'),
]
