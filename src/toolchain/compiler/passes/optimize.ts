import type { Graph } from '../ssa/ir.ts'
import { findDominators, findLoops, removeUnreachable, splitCriticalEdges } from './cfg.ts'
import { removeDead } from './dead.ts'
import { applyReplacements, removeTrivialPhis } from './phis.ts'
import { numberValues } from './values.ts'

/** The middle end: leaves the graph simplified, without critical edges, with loops, dominators and use counts. */
export function optimize(graph: Graph): void {
  removeTrivialPhis(graph)
  for (let round = 0; round < 2; round++) {
    findDominators(graph)
    numberValues(graph)
    applyReplacements(graph)
    removeUnreachable(graph)
    removeTrivialPhis(graph)
  }
  splitCriticalEdges(graph)
  findDominators(graph)
  findLoops(graph)
  removeDead(graph)
}
