import { type Block, type Graph, type Value, effectOf, isConstant, resolve } from '../ssa/ir.ts'
import { dominates, removeEdge } from './cfg.ts'
import { type Make, simplify } from './simplify.ts'

/**
 * Global value numbering: a computation that an equal one dominates is replaced by it. Loads and reads of globals are
 * merged within a block, as long as nothing writes between. Everything is simplified once more on the way, because
 * removed phis and merged values make new constants. Needs dominators.
 */
export function numberValues(graph: Graph): void {
  const known = new Map<string, Value[]>()
  let epoch = 0
  for (const block of graph.blocks) {
    epoch++
    const kept: Value[] = []
    const place = (value: Value): Value => {
      const effect = effectOf(value.op)
      const key = keyOf(value, effect === 'load' || effect === 'global' ? epoch : 0)
      const equals = known.get(key)
      // A constant has no place of its own: it is made where it is used.
      const found = isConstant(value) ? equals?.[0] : equals?.find((each) => dominates(each.block, block))
      if (found) return found
      if (equals) equals.push(value)
      else known.set(key, [value])
      kept.push(value)
      return value
    }
    const makeAt = (at: number): Make =>
      function make(op, type, args, imm = 0, wide = 0n) {
        const made = graph.newValue(op, type, args, block, at)
        made.imm = imm
        made.wide = wide
        const simpler = simplify(made, make)
        return simpler === made ? place(made) : simpler
      }
    for (const phi of block.phis) phi.args = phi.args.map(resolve)
    for (const value of block.values) {
      value.args = value.args.map(resolve)
      const effect = effectOf(value.op)
      if (effect === 'effect') {
        epoch++
        kept.push(value)
        continue
      }
      const simpler = simplify(value, makeAt(value.at))
      const placed = simpler === value && value.op !== 'param' ? place(value) : simpler
      if (value.op === 'param') kept.push(value)
      if (placed !== value) value.replacement = placed
    }
    block.values = kept
    simplifyExit(block)
  }
}

function keyOf(value: Value, epoch: number): string {
  let key = `${value.op} ${value.imm} ${value.lane} ${value.wide} ${epoch}`
  if (value.op === 'select') key += value.type
  for (const arg of value.args) key += ` ${arg.id}`
  if (value.bytes) key += `:${value.bytes.join()}`
  return key
}

/** Decides branches on constants and drops tests that the branch makes anyway. */
function simplifyExit(block: Block): void {
  const { exit } = block
  exit.args = exit.args.map(resolve)
  if (exit.kind === 'switch' && exit.args[0]!.op === 'i32.const') {
    const index = Math.min(exit.args[0]!.imm >>> 0, exit.targets.length - 1)
    keepOnly(block, exit.targets[index]!)
  }
  if (exit.kind !== 'branch') return
  for (;;) {
    const condition = exit.args[0]!
    const { op, args } = condition
    if (op === 'i32.eqz') {
      exit.args = [args[0]!]
      exit.targets.reverse()
    } else if (op === 'i32.ne' && args[1]!.op === 'i32.const' && args[1]!.imm === 0) exit.args = [args[0]!]
    else if (op === 'select' && args[0]!.op === 'i32.const' && args[1]!.op === 'i32.const') {
      if ((args[0]!.imm === 0) === (args[1]!.imm === 0)) break
      exit.args = [args[2]!]
      if (args[0]!.imm === 0) exit.targets.reverse()
    } else break
  }
  const condition = exit.args[0]!
  if (condition.op === 'i32.const') keepOnly(block, exit.targets[condition.imm ? 0 : 1]!)
}

function keepOnly(block: Block, target: Block): void {
  for (const other of new Set(block.exit.targets)) if (other !== target) removeEdge(block, other)
  block.exit = { kind: 'jump', args: [], targets: [target] }
}
