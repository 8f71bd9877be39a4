/** What the entry code needs to know of the processor before it has a stack: one block, at a fixed address, found through GS by the entries that SWAPGS. */
import { gs, mem, symbol, type Memory } from '../../isa/index.ts'
import { constantFunction, type Piece, reserve } from './piece.ts'

/** Offsets, in bytes, of its words of 64 bits. `src/kernel/trap/descriptors.ts` writes the first. */
export const KERNEL_STACK = 0
export const CALLER_STACK = 8
const SIZE = 64

/** A word of the block through GS base. */
export function throughGs(offset: number): Memory {
  return mem({ segment: gs, disp: offset, size: 64 })
}

/** A word of the block by its address. */
export function byAddress(offset: number): Memory {
  return mem({ symbol: symbol('processor.block', offset), size: 64 })
}

export const processorBlock: readonly Piece[] = [
  reserve('processor.block', SIZE, 64),
  constantFunction('entry.processorBlock', 'processor.block'),
]
