/**
 * From the dominator tree of a reducible graph to blocks and loops (Ramsey, "Beyond Relooper", 2022): a node that several edges lead to stands
 * behind a block of its dominator, a branch to it leaves that block; a node that an edge leads back to starts a loop.
 */
import type { FunctionBuilder, Label } from '../wasm/index.ts'
import { DISPATCHER, type Graph } from './graph.ts'

export interface Emitter {
  /** Emits a node's code; every path of it ends in `Structure.branch` or leaves the function. */
  node(node: number): void
}

export class Structure {
  readonly #f: FunctionBuilder
  readonly #graph: Graph
  readonly #emitter: Emitter
  readonly #labels: (Label | null)[]
  readonly #loops: (Label | null)[]

  constructor(f: FunctionBuilder, graph: Graph, emitter: Emitter) {
    this.#f = f
    this.#graph = graph
    this.#emitter = emitter
    this.#labels = graph.keys.map(() => null)
    this.#loops = graph.keys.map(() => null)
  }

  emit(): void {
    this.#tree(DISPATCHER)
  }

  /** The label of a merge node, for the dispatcher's table. */
  label(node: number): Label {
    return this.#labels[node]!
  }

  /** Goes from one node to another, which is not dispatched. */
  branch(from: number, to: number): void {
    const { order, isMerge } = this.#graph
    const back = order[to]! <= order[from]!
    if (!back && !isMerge(to)) return this.#tree(to)
    this.#f.br(back ? this.#loops[to]! : this.#labels[to]!)
  }

  #tree(node: number): void {
    const { children, isMerge, isLoop } = this.#graph
    const merges = children[node]!.filter(isMerge)
    if (!isLoop(node)) return this.#within(node, merges, merges.length - 1)
    this.#f.loop((start) => {
      this.#loops[node] = start
      this.#within(node, merges, merges.length - 1)
    })
  }

  /** The node itself, inside one block for each of its merge nodes; the last of them outermost. */
  #within(node: number, merges: readonly number[], last: number): void {
    const merge = merges[last]
    if (merge === undefined) return this.#emitter.node(node)
    this.#f.block((end) => {
      this.#labels[merge] = end
      this.#within(node, merges, last - 1)
    })
    this.#tree(merge)
  }
}
