import type { Block, Graph } from '../ssa/ir.ts'

/** Removes blocks that cannot be reached, together with the phi arguments that came from them. */
export function removeUnreachable(graph: Graph): void {
  const reached = new Set<Block>()
  const pending = [graph.blocks[0]!]
  while (pending.length > 0) {
    const block = pending.pop()!
    if (reached.has(block)) continue
    reached.add(block)
    pending.push(...block.exit.targets)
  }
  if (reached.size === graph.blocks.length) return
  graph.blocks = graph.blocks.filter((block) => reached.has(block))
  for (const block of graph.blocks) {
    if (block.preds.every((pred) => reached.has(pred))) continue
    for (const phi of block.phis) phi.args = phi.args.filter((_, index) => reached.has(block.preds[index]!))
    block.preds = block.preds.filter((pred) => reached.has(pred))
  }
}

/** Removes the edge from `from` to `to` (one of possibly several edges between other blocks). */
export function removeEdge(from: Block, to: Block): void {
  const index = to.preds.indexOf(from)
  to.preds.splice(index, 1)
  for (const phi of to.phis) phi.args.splice(index, 1)
}

/** Puts an empty block on every edge from a block with several exits to a block with several entries. */
export function splitCriticalEdges(graph: Graph): void {
  const blocks: Block[] = []
  for (const block of graph.blocks) {
    blocks.push(block)
    const { targets } = block.exit
    if (targets.length < 2) continue
    const between = new Map<Block, Block>()
    for (const [index, target] of targets.entries()) {
      if (target.preds.length < 2) continue
      let middle = between.get(target)
      if (!middle) {
        middle = graph.newBlock()
        middle.preds = [block]
        middle.exit = { kind: 'jump', args: [], targets: [target] }
        middle.exitAt = block.exitAt
        target.preds[target.preds.indexOf(block)] = middle
        between.set(target, middle)
        blocks.push(middle)
      }
      targets[index] = middle
    }
  }
  graph.blocks = blocks
}

/**
 * Immediate dominators (K. D. Cooper, T. J. Harvey, K. Kennedy, "A Simple, Fast Dominance Algorithm"). Needs
 * `graph.blocks` in an order where, back edges aside, predecessors come first.
 */
export function findDominators(graph: Graph): void {
  for (const [index, block] of graph.blocks.entries()) {
    block.order = index
    block.dominator = undefined
  }
  const entry = graph.blocks[0]!
  entry.dominator = entry
  for (let changed = true; changed;) {
    changed = false
    for (const block of graph.blocks) {
      if (block === entry) continue
      let dominator: Block | undefined
      for (const pred of block.preds) {
        if (!pred.dominator) continue
        dominator = dominator ? intersect(pred, dominator) : pred
      }
      if (dominator !== block.dominator) {
        block.dominator = dominator
        changed = true
      }
    }
  }
}

function intersect(first: Block, second: Block): Block {
  let a = first
  let b = second
  while (a !== b) {
    while (a.order > b.order) a = a.dominator!
    while (b.order > a.order) b = b.dominator!
  }
  return a
}

export function dominates(upper: Block, lower: Block): boolean {
  let block = lower
  while (block.order > upper.order) block = block.dominator!
  return block === upper
}

/** Finds natural loops: sets `isLoopHeader`, `loop` (the innermost header) and `loopDepth`. Needs dominators. */
export function findLoops(graph: Graph): void {
  for (const block of graph.blocks) {
    block.loopDepth = 0
    block.loop = undefined
  }
  // Outer headers come first, so that inner loops overwrite `loop`.
  for (const header of graph.blocks) {
    const pending = header.preds.filter((pred) => pred.order >= header.order && dominates(header, pred))
    header.isLoopHeader = pending.length > 0
    if (!header.isLoopHeader) continue
    const inside = new Set<Block>([header])
    while (pending.length > 0) {
      const block = pending.pop()!
      if (inside.has(block)) continue
      inside.add(block)
      pending.push(...block.preds)
    }
    for (const block of inside) {
      block.loopDepth++
      block.loop = header
    }
  }
}
