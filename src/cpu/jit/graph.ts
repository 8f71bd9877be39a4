/**
 * The flow of a region as structured code needs it. Node 0 is the dispatcher: it leads to every entry, and takes over each edge that would make
 * a loop with two ways in, so that what remains is reducible.
 */
import type { Key, Region } from './block.ts'

export const DISPATCHER = 0

export interface Graph {
  /** Key of each node's block; the dispatcher has none. */
  readonly keys: readonly (Key | null)[]
  readonly nodes: ReadonlyMap<Key, number>
  /** Nodes that the dispatcher leads to; their position is the entry's number. */
  readonly entries: readonly number[]
  /** Position in reverse postorder. */
  readonly order: Int32Array
  /** Children in the dominator tree, in reverse postorder. */
  readonly children: readonly number[][]
  readonly isLoop: (node: number) => boolean
  /** Whether several forward edges lead to it, or the dispatcher. */
  readonly isMerge: (node: number) => boolean
  /** Whether an edge goes through the dispatcher. */
  readonly isDispatched: (from: number, to: number) => boolean
}

class Flow {
  readonly successors: number[][]
  order = new Int32Array(0)
  /** Nodes in reverse postorder. */
  sequence: number[] = []
  dominator = new Int32Array(0)

  constructor(successors: number[][]) {
    this.successors = successors
    this.#sort()
    this.#dominate()
  }

  #sort(): void {
    const count = this.successors.length
    const seen = new Uint8Array(count)
    const done: number[] = []
    const stack: [number, number][] = [[DISPATCHER, 0]]
    seen[DISPATCHER] = 1
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!
      const next = this.successors[top[0]]![top[1]++]
      if (next === undefined) {
        done.push(top[0])
        stack.pop()
      } else if (!seen[next]) {
        seen[next] = 1
        stack.push([next, 0])
      }
    }
    this.sequence = done.reverse()
    this.order = new Int32Array(count).fill(-1)
    this.sequence.forEach((node, index) => (this.order[node] = index))
  }

  /** The algorithm of Cooper, Harvey and Kennedy. */
  #dominate(): void {
    const { order, sequence, successors } = this
    const predecessors: number[][] = successors.map(() => [])
    for (const from of sequence) for (const to of successors[from]!) predecessors[to]!.push(from)
    const dominator = new Int32Array(successors.length).fill(-1)
    dominator[DISPATCHER] = DISPATCHER
    const common = (x: number, y: number): number => {
      while (x !== y)
        if (order[x]! > order[y]!) x = dominator[x]!
        else y = dominator[y]!
      return x
    }
    for (let changed = true; changed;) {
      changed = false
      for (const node of sequence) {
        if (node === DISPATCHER) continue
        let best = -1
        for (const from of predecessors[node]!)
          if (dominator[from]! >= 0) best = best < 0 ? from : common(best, from)
        if (best === dominator[node]) continue
        dominator[node] = best
        changed = true
      }
    }
    this.dominator = dominator
  }

  isBack(from: number, to: number): boolean {
    return this.order[to]! <= this.order[from]!
  }

  dominates(x: number, node: number): boolean {
    while (this.order[node]! > this.order[x]!) node = this.dominator[node]!
    return node === x
  }
}

const edgeKey = (from: number, to: number): number => from * 65536 + to

/** The graph of a region. `returning`: whether an indirect jump of the region may go to one of its entries. */
export function buildGraph(region: Region, returning: (key: Key) => boolean): Graph {
  const keys: (Key | null)[] = [null, ...region.blocks.keys()]
  const nodes = new Map<Key, number>()
  keys.forEach((key, node) => key !== null && nodes.set(key, node))
  const entries = region.entries.map((offset) => nodes.get(offset)!)
  const dispatched = new Set<number>()

  const successorsOf = (node: number): number[] => {
    if (node === DISPATCHER) return entries
    const { next, target, guesses, key } = region.blocks.get(keys[node]!)!
    const list: number[] = []
    for (const edge of [target, next, ...guesses]) {
      const to = edge ? nodes.get(edge.to) : undefined
      if (to === undefined) continue
      const real = dispatched.has(edgeKey(node, to)) ? DISPATCHER : to
      if (!list.includes(real)) list.push(real)
    }
    if (returning(key) && !list.includes(DISPATCHER)) list.push(DISPATCHER)
    return list
  }

  for (;;) {
    const flow = new Flow(keys.map((_, node) => successorsOf(node)))
    const irreducible = flow.sequence.flatMap((from) =>
      flow.successors[from]!.filter(
        (to) => to !== DISPATCHER && flow.isBack(from, to) && !flow.dominates(to, from),
      ).map((to) => [from, to] as const),
    )
    if (irreducible.length === 0) return finish(flow)
    for (const [from, to] of irreducible) {
      dispatched.add(edgeKey(from, to))
      if (!entries.includes(to)) entries.push(to)
    }
  }

  function finish(flow: Flow): Graph {
    const forward = new Int32Array(keys.length)
    const loops = new Uint8Array(keys.length)
    const children: number[][] = keys.map(() => [])
    for (const from of flow.sequence) {
      if (from !== DISPATCHER) children[flow.dominator[from]!]!.push(from)
      for (const to of flow.successors[from]!)
        if (flow.isBack(from, to)) loops[to] = 1
        else forward[to]!++
    }
    for (const entry of entries) forward[entry] = 2
    return {
      keys,
      nodes,
      entries,
      order: flow.order,
      children,
      isLoop: (node) => loops[node] === 1,
      isMerge: (node) => forward[node]! > 1,
      isDispatched: (from, to) => dispatched.has(edgeKey(from, to)),
    }
  }
}
