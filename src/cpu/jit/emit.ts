/** From a region to one function: `(cpu, budget, entry, base) → status`. */
import { definitionOf } from '../semantics/index.ts'
import * as L from '../layout.ts'
import { REMAINING } from '../interpreter/record.ts'
import { handlerType } from '../interpreter/dispatch.ts'
import {
  add,
  and,
  eq,
  eqz,
  extendU,
  i32,
  i64,
  loadI32,
  loadI64,
  ltS,
  ltU,
  or,
  sub,
  wrap,
  xor,
  type FunctionBuilder,
  type FunctionRef,
  type FuncType,
  type I32,
  type I64,
  type ModuleBuilder,
} from '../wasm/index.ts'
import {
  offsetOf,
  PAGE,
  pageOf,
  type Decoded,
  type Edge,
  type Key,
  type Offset,
  type Region,
  type RegionBlock,
} from './block.ts'
import { RegionContext } from './context.ts'
import { Frame, type Counting } from './frame.ts'
import { buildGraph, DISPATCHER, type Graph } from './graph.ts'
import { Known } from './known.ts'
import { entryOf, type Runtime } from './runtime.ts'
import { Structure } from './structure.ts'

const PAGE_MASK = i64(~0xfffn)

const regionType: FuncType = { params: ['i32', 'i32', 'i32', 'i64'], results: ['i32'] }

class RegionEmitter {
  readonly #f: FunctionBuilder
  readonly #region: Region
  readonly #graph: Graph
  readonly #frame: Frame
  readonly #structure: Structure
  /** Linear address of guest-physical address 0. */
  readonly #ram: number
  #known = new Known()

  readonly #takeSite: () => number
  readonly sites = new Map<number, Exit>()

  constructor(
    f: FunctionBuilder,
    region: Region,
    graph: Graph,
    { runtime, ram, counting, hasUsualTransitions, takeSite }: RegionOptions,
  ) {
    this.#takeSite = takeSite
    this.#f = f
    this.#region = region
    this.#graph = graph
    this.#ram = ram
    if (counting.failures !== 0) this.sites.set(counting.failures, 'failure')
    this.#frame = new Frame(f, runtime, region.mode, counting, hasUsualTransitions)
    this.#structure = new Structure(f, graph, {
      node: (node) => this.#node(node),
    })
  }

  emit(): void {
    this.#frame.wrap(() => this.#structure.emit())
  }

  #node(node: number): void {
    const { entries, keys, isMerge, isLoop } = this.#graph
    if (node === DISPATCHER) {
      this.#f.brTable(
        this.#frame.entry.value,
        entries.map((entry) => this.#structure.label(entry)),
      )
      return
    }
    // What several ways lead to knows nothing.
    if (isMerge(node) || isLoop(node)) this.#known = new Known()
    const block = this.#region.blocks.get(keys[node]!)!
    this.#known.setMapped(pageOf(block.at))
    this.#frame.withHosts(() => this.#block(node, block))
  }

  #block(node: number, block: RegionBlock): void {
    const f = this.#f
    const frame = this.#frame
    const count = block.instructions.length
    f.set(frame.budget, sub(frame.budget.value, i32(count)))
    f.if(ltS(frame.budget.value, i32(0)), () => {
      frame.outOfBudget(frame.ripAt(block.at), add(frame.budget.value, i32(count)))
    })
    let last: RegionContext | null = null
    block.instructions.forEach((_, index) => {
      f.scope(() => {
        last = this.#instruction(node, block, index)
      })
    })
    this.#transfer(node, block, last!)
  }

  #instruction(node: number, { instructions, guesses }: RegionBlock, index: number): RegionContext {
    const decoded = instructions[index]!
    const remaining = instructions.length - index
    const guess = guesses.length > 0 ? this.#frame.ripAt(offsetOf(guesses[0]!.to)) : null
    const definition = definitionOf(decoded.shape.meaning)!
    const c = new RegionContext(this.#frame, decoded, { node, remaining, guess, known: this.#known })
    definition.emit(c)
    c.finish()
    if (c.mayRequestExit) this.#stopIfRequested(decoded, remaining, c)
    return c
  }

  /** Ends the run behind an instruction in whose course the board, or the code it overwrote, asked for it. */
  #stopIfRequested({ next, instruction }: Decoded, remaining: number, c: RegionContext): void {
    const f = this.#f
    f.if(loadI32(this.#frame.cpu, L.EXIT_REQUEST), () => {
      const left = add(this.#frame.budget.value, i32(remaining - 1))
      let rip = this.#frame.ripAt(next)
      if (c.transfer?.kind === 'indirect') rip = this.#frame.target.value
      if (c.transfer?.kind === 'jump') rip = this.#frame.ripAt(next + instruction.operands[0]!.value)
      this.#frame.stop(rip, left)
    })
  }

  #transfer(node: number, block: RegionBlock, { transfer }: RegionContext): void {
    const { next, target } = block
    if (!transfer) return next ? this.#follow(node, next) : this.#frameGo(block.end)
    if (transfer.kind === 'jump') return this.#follow(node, target!)
    if (transfer.kind === 'indirect') return this.#indirect(node, block)
    const known = this.#known.fork()
    this.#f.if(
      transfer.condition,
      () => this.#follow(node, target!),
      () => {
        this.#known = known
        this.#follow(node, next!)
      },
    )
  }

  #frameGo(to: Offset): void {
    this.#frame.go(this.#frame.ripAt(to), this.#site({ target: to }))
  }

  #site(exit: Exit): number {
    const site = this.#takeSite()
    if (site !== 0) this.sites.set(site, exit)
    return site
  }

  #follow(from: number, edge: Edge): void {
    const to = this.#graph.nodes.get(edge.to)
    const at = offsetOf(edge.to)
    if (to === undefined) return this.#frameGo(at)
    if (edge.checked && !this.#known.isMapped(pageOf(at))) {
      this.#f.if(eqz(this.#isMapped(this.#frame.ripAt(at), at)), () => this.#frameGo(at))
      this.#known.setMapped(pageOf(at))
    }
    if (this.#graph.isDispatched(from, to)) return this.#dispatch(to)
    this.#structure.branch(from, to)
  }

  #dispatch(node: number): void {
    this.#f.set(this.#frame.entry, i32(this.#graph.entries.indexOf(node)))
    this.#structure.branch(node, DISPATCHER)
  }

  /** Whether the exec TLB leads from `rip` to the page that the code at `offset` was translated from. */
  #isMapped(rip: I64, offset: Offset): I32 {
    const f = this.#f
    const entry = f.let(add(this.#frame.tlb.value, entryOf(rip)))
    const linear = add(wrap(rip), loadI32(entry, L.TLB_ADDEND))
    const otherPage = xor(loadI64(entry, L.TLB_EXEC_TAG), and(rip, PAGE_MASK))
    const otherPlace = xor(linear, i32(this.#linear(offset)))
    return eqz(or(otherPage, extendU(otherPlace)))
  }

  #linear(offset: Offset): number {
    const page = pageOf(offset)
    return this.#ram + this.#region.pages.get(page)! + (offset - page * PAGE)
  }

  /** A jump to `frame.target`; a RET may go to what stands behind a call of the region. */
  #indirect(node: number, block: RegionBlock): void {
    const f = this.#f
    const frame = this.#frame
    for (const guess of block.guesses) this.#guess(node, guess)
    const { at } = block.instructions[block.instructions.length - 1]!
    const candidates = (this.#region.targets.get(at) ?? []).toSorted((x, y) => x - y)
    if (candidates.length > 0)
      f.scope(() => {
        const offset = f.let(sub(frame.target.value, frame.base))
        this.#search(offset, candidates)
      })
    frame.go(frame.target.value, this.#site({ jump: at }))
  }

  #guess(node: number, target: Edge): void {
    if (!this.#graph.nodes.has(target.to)) return
    const known = this.#known.fork()
    const rip = this.#frame.ripAt(offsetOf(target.to))
    this.#f.if(eq(this.#frame.target.value, rip), () => this.#follow(node, target))
    this.#known = known
  }

  #search(offset: I64, candidates: readonly Offset[]): void {
    const f = this.#f
    if (candidates.length > 1) {
      const middle = candidates.length >> 1
      f.if(
        isBelow(offset, candidates[middle]!),
        () => this.#search(offset, candidates.slice(0, middle)),
        () => this.#search(offset, candidates.slice(middle)),
      )
      return
    }
    const [at] = candidates as [Offset]
    f.if(eq(offset, i64(at)), () => {
      f.if(this.#isMapped(this.#frame.target.value, at), () => this.#dispatch(this.#graph.nodes.get(at)!))
    })
  }
}

function isBelow(offset: I64, bound: Offset): I32 {
  // Offsets of a region lie within a few pages around 0.
  return ltU(add(offset, i64(0x8000_0000)), i64(0x8000_0000 + bound))
}

/** Entries of the compiled region by their offset: functions of the handlers' type. */
export interface CompiledRegion {
  readonly entries: ReadonlyMap<Offset, FunctionRef>
  readonly sites: ReadonlyMap<number, Exit>
}

/** A way out of a region: to a place of its own, or by an indirect jump. */
export type Exit = { readonly target: Offset } | { readonly jump: Offset } | 'failure'

export interface RegionOptions {
  readonly runtime: Runtime
  /** Linear address of guest-physical address 0. */
  readonly ram: number
  readonly counting: Counting
  /** Neither FRED nor a listener makes transitions between rings more than they usually are. */
  readonly hasUsualTransitions: boolean
  /** Gives a site to count a way out, or 0. */
  takeSite(): number
}

/** Adds a region to a module. */
export function emitRegion(module: ModuleBuilder, region: Region, options: RegionOptions): CompiledRegion {
  const returning = (key: Key): boolean => {
    const { instructions } = region.blocks.get(key)!
    return region.targets.has(instructions[instructions.length - 1]!.at)
  }
  const graph = buildGraph(region, returning)
  const body = module.declare(regionType)
  let sites: ReadonlyMap<number, Exit> = new Map()
  const build = (f: FunctionBuilder): void => {
    const emitter = new RegionEmitter(f, region, graph, options)
    emitter.emit()
    sites = emitter.sites
  }
  module.define(body, build, true)
  const entries = new Map<Offset, FunctionRef>()
  for (const at of region.entries) {
    const number = graph.entries.indexOf(graph.nodes.get(at)!)
    const entry = module.function(handlerType, (f) => {
      const [cpu, record, budget] = f.params as [I32, I32, I32]
      // The one who enters a block has paid for it.
      const whole = add(budget, loadI32(record, REMAINING))
      const home = sub(loadI64(cpu, L.CODE_BASE), i64(pageOf(at) * PAGE))
      f.returnCall(body, cpu, whole, i32(number), home)
    })
    entries.set(at, entry)
  }
  return { entries, sites }
}
