import type { Context } from './context.ts'

/** The meaning of an instruction, for every operand form and size of its rows. */
export interface Definition {
  /** Emits the instruction. Control falls through to the next one unless the function has ended the instruction itself. */
  emit(c: Context): void
  /** The code differs between 64-bit code and the older modes (stack width, wrap-around of RIP). */
  modal?: boolean
  /** It reads its operands in the way of `sse/form.ts`, so that the VEX form of the instruction has this meaning too. */
  vex?: boolean
  /**
   * What follows: `next` (default) the next instruction; `branch` it ends the block by itself through `jump…`; `system` it may change
   * anything, so a block ends after it.
   */
  ends?: 'next' | 'branch' | 'system'
}

/** By row id (`movsd`) or, when no id matches, by mnemonic (`mov`). */
export interface Definitions {
  ids?: Record<string, Definition>
  mnemonics?: Record<string, Definition>
}

export type Emit = (c: Context) => void

/** A plain instruction. */
export const plain = (emit: Emit): Definition => ({ emit })
/** One whose code depends on the mode. */
export const modal = (emit: Emit): Definition => ({ emit, modal: true })
/** A near branch. */
export const branch = (emit: Emit): Definition => ({ emit, modal: true, ends: 'branch' })
/** An instruction done by a helper that may change the mode or the flow. */
export const system = (emit: Emit): Definition => ({ emit, modal: true, ends: 'system' })
