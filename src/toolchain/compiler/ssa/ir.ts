import type { ValueType } from '../reader/types.ts'

/**
 * The compiler's middle form: a control-flow graph of blocks in SSA form. An operation keeps the name of the wasm
 * instruction that it came from; the few that have no wasm name are
 *
 * - `param` (imm: its index), `phi` (args follow `block.preds`), `result` (imm: which further result of a call),
 * - `i64.mulh_s`, `i64.mulh_u`: the upper half of a 128-bit product.
 */
export class Value {
  readonly id: number
  op: string
  type: ValueType | 'void'
  args: Value[]
  block: Block
  /** Byte offset of the wasm instruction. */
  at: number
  /** Integer constant (i32), float bits (f32), index, lane, or the offset of a memory access. */
  imm = 0
  /** Second immediate: lane of a lane access, table of an indirect call. */
  lane = 0
  /** Integer constant (i64) or float bits (f64). */
  wide = 0n
  /** Constant bytes of a vector or lanes of a shuffle. */
  bytes: Uint8Array | undefined = undefined
  /** How many times it is an argument; valid after `countUses`. */
  uses = 0
  /** Set when a pass replaces it: read through `resolve`. */
  replacement: Value | undefined = undefined

  constructor(id: number, op: string, type: ValueType | 'void', args: Value[], block: Block, at: number) {
    this.id = id
    this.op = op
    this.type = type
    this.args = args
    this.block = block
    this.at = at
  }
}

export type Exit =
  | { readonly kind: 'jump'; args: Value[]; readonly targets: Block[] }
  /** args[0] non-zero: targets[0], else targets[1]. */
  | { readonly kind: 'branch'; args: Value[]; readonly targets: Block[]; likely?: boolean }
  /** args[0] selects a target; the last target is the default. */
  | { readonly kind: 'switch'; args: Value[]; readonly targets: Block[] }
  | { readonly kind: 'return'; args: Value[]; readonly targets: Block[] }
  | { readonly kind: 'trap'; args: Value[]; readonly targets: Block[] }

export class Block {
  readonly id: number
  phis: Value[] = []
  values: Value[] = []
  preds: Block[] = []
  exit: Exit = { kind: 'trap', args: [], targets: [] }
  /** Byte offset of the wasm instruction that ends it. */
  exitAt = 0
  isLoopHeader = false
  loopDepth = 0
  /** Innermost loop header, itself for a header. */
  loop: Block | undefined = undefined
  /** Immediate dominator; set by `findDominators`. */
  dominator: Block | undefined = undefined
  /** Position in `Graph.blocks`. */
  order = 0

  constructor(id: number) {
    this.id = id
  }
}

/** One function. `blocks` is in an order where every definition precedes its uses, except through back edges. */
export class Graph {
  blocks: Block[] = []
  #nextValue = 0
  #nextBlock = 0

  newBlock(): Block {
    return new Block(this.#nextBlock++)
  }

  newValue(op: string, type: ValueType | 'void', args: Value[], block: Block, at: number): Value {
    return new Value(this.#nextValue++, op, type, args, block, at)
  }

  get valueCount(): number {
    return this.#nextValue
  }
}

/** Follows replacements to the value that stands for `value` now. */
export function resolve(value: Value): Value {
  let last = value
  while (last.replacement) last = last.replacement
  return last
}

export const isConstant = (value: Value): boolean => value.op.endsWith('.const')

const removable = (op: string): boolean => !/^(call|memory\.|global\.set|i\d\d\.(div|rem)_|result)/.test(op)
const effects = new Map<string, Effect>()

/**
 * What an operation touches: `none` may be removed, merged and moved; `trap` may be merged but not removed;
 * `load` reads memory and may fault; `global` reads a global; `effect` is ordered with all others.
 */
export type Effect = 'none' | 'trap' | 'load' | 'global' | 'effect'

export function effectOf(op: string): Effect {
  let effect = effects.get(op)
  if (!effect) effects.set(op, (effect = classify(op)))
  return effect
}

function classify(op: string): Effect {
  if (op === 'global.get') return 'global'
  if (/\.(div|rem)_[su]$/.test(op) || /^i\d\d\.trunc_f/.test(op)) return 'trap'
  if (op.includes('atomic') || op.includes('.store') || !removable(op) || op === 'data.drop') return 'effect'
  if (/\.load/.test(op)) return 'load'
  return 'none'
}
