import { type Graph, type Value, effectOf } from '../ssa/ir.ts'

/** Removes values that nothing needs, and counts the uses of the others. Loads stay: they may fault. */
export function removeDead(graph: Graph): void {
  const live = new Set<Value>()
  const pending: Value[] = []
  const mark = (value: Value): void => {
    value.uses++
    if (live.has(value)) return
    live.add(value)
    pending.push(value)
  }
  for (const block of graph.blocks) {
    for (const value of [...block.phis, ...block.values]) value.uses = 0
  }
  for (const block of graph.blocks) {
    for (const value of block.values) {
      const effect = effectOf(value.op)
      if ((effect === 'none' || effect === 'global') && value.op !== 'param') continue
      if (!live.has(value)) {
        live.add(value)
        pending.push(value)
      }
    }
    block.exit.args.forEach(mark)
  }
  while (pending.length > 0) pending.pop()!.args.forEach(mark)
  for (const block of graph.blocks) {
    block.phis = block.phis.filter((phi) => live.has(phi))
    block.values = block.values.filter((value) => live.has(value))
  }
}
