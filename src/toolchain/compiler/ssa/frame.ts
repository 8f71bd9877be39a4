import type { FunctionType, ValueType } from '../reader/types.ts'
import type { Block, Value } from './ir.ts'

/** A way to leave a control frame: from which block, with which operands and locals. */
export interface Edge {
  readonly from: Block
  readonly values: Value[]
  readonly locals: Value[]
}

/** One open `block`, `loop` or `if` (or the function itself). */
export interface ControlFrame {
  readonly kind: 'block' | 'loop' | 'if' | 'else'
  readonly type: FunctionType
  /** Height of the operand stack below the frame's parameters. */
  readonly height: number
  /** Where a branch to the frame goes: the header of a loop, otherwise the block after `end`. */
  readonly target: Block
  /** The block after `end`; the same as `target` except for a loop. */
  readonly after: Block
  /** Edges to `after`. */
  readonly edges: Edge[]
  /** Loop only: phis of the header for the parameters, then for the assigned locals. */
  readonly phis: Value[]
  readonly assigned: readonly number[]
  /** `if` only: the block of the missing or coming `else`, and what it starts with. */
  readonly otherwise?: Edge & { readonly block: Block }
}

/** Types of the operands that a branch to the frame carries. */
export function branchTypes(frame: ControlFrame): readonly ValueType[] {
  return frame.kind === 'loop' ? frame.type.params : frame.type.results
}
