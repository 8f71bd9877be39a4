/**
 * What the code of one region shares: the locals in which the guest's registers and flags live, and the way out. A register that
 * the region names anywhere is loaded at its entry; one that it writes anywhere is stored at each way out.
 */
import { STATUS_BUDGET_TRANSLATED, STATUS_HOT_EXIT, STATUS_STOP } from '../interpreter/record.ts'
import { STATUS_JUMP } from '../helpers.ts'
import * as L from '../layout.ts'
import {
  add,
  and,
  eq,
  extendS,
  i32,
  i64,
  loadI32,
  loadI64,
  loadV128,
  or,
  shl,
  shrS,
  shrU,
  wrap,
  xor,
  type FunctionBuilder,
  type I32,
  type I64,
  type Label,
  type Variable,
} from '../wasm/index.ts'
import { addressBits, type Offset } from './block.ts'
import type { Runtime } from './runtime.ts'
import { HOT_FAILURE, SITE_BASE, SITE_COUNT, SITE_TARGET_COUNT, SITE_TARGETS } from './sites.ts'

/** How a region is left. */
const GO = 0
const FAULT = 1
const LEAVE = 2
const RETURN = 3
const RARE = 4

export const ALL = 0xffff

/** Place in the state block of lane `n` / 16 of vector register `n` % 16. */
const vectorAt = (n: number): number => L.XMM + (n % 16) * L.XMM_STRIDE + 16 * (n >> 4)

/** What is counted in the region. */
export interface Counting {
  /** Times after which the host is told of a way out. */
  readonly hotExit: number
  /** The site that counts hopes that failed; 0: there are none. */
  readonly failures: number
}

export class Frame {
  readonly f: FunctionBuilder
  readonly runtime: Runtime
  /** 64-bit code. */
  readonly long: boolean
  readonly cpu: I32
  readonly budget: Variable<'i32'>
  readonly entry: Variable<'i32'>
  /** Virtual address of the home page. */
  readonly base: I64
  /** L.TLB_BASE. */
  readonly tlb: Variable<'i32'>
  readonly flagKind: Variable<'i32'>
  readonly flagResult: Variable<'i64'>
  readonly flagX: Variable<'i64'>
  /** Second operand of the comparison that the flags follow from; only within a block. */
  readonly flagY: Variable<'i64'>
  /** Floats whose comparison the flags follow from; only within a block. */
  readonly floatX: Variable<'f64'>
  readonly floatY: Variable<'f64'>
  /** Target of an indirect jump. */
  readonly target: Variable<'i64'>
  /** Which instruction leaves to the interpreter, if one does: its offset from the home page << 8, instructions from it to the end of its block. */
  readonly where: Variable<'i64'>
  readonly mode: number
  readonly #hotExit: number
  readonly #failures: number
  /** What is usual is expected: that accesses near each other lie on one page, and floats are plain. */
  readonly isHopeful: boolean
  /** Transitions between rings are done here, see `transitions.ts`. */
  readonly crossesRings: boolean
  readonly #kind: Variable<'i32'>
  readonly #rip: Variable<'i64'>
  readonly #left: Variable<'i32'>
  readonly #status: Variable<'i32'>
  readonly #site: Variable<'i32'>
  readonly #gprs: (Variable<'i64'> | undefined)[] = []
  readonly #vectors: (Variable<'v128'> | undefined)[] = []
  readonly #lowest: (Variable<'f64'> | undefined)[] = []
  readonly #above: (Variable<'v128'> | undefined)[] = []
  #writtenGprs = 0
  #writtenVectors = 0
  #flagsWritten = false
  /** Labels outside the body: behind it registers are stored; behind that, they stand in memory already. */
  #store: Label | null = null
  #rare: Label | null = null
  #counted: Label | null = null
  /** Locals for addresses of groups: free, and those in use, latest last. */
  readonly #freeHosts: Variable<'i32'>[] = []
  readonly #hosts: Variable<'i32'>[] = []
  #stored: Label | null = null

  constructor(
    f: FunctionBuilder,
    runtime: Runtime,
    mode: number,
    { hotExit, failures }: Counting,
    hasUsualTransitions: boolean,
  ) {
    this.#hotExit = hotExit
    this.#failures = failures
    this.isHopeful = failures !== 0
    this.mode = mode
    this.long = addressBits(mode) === 64
    this.crossesRings = this.long && this.isHopeful && hasUsualTransitions
    const [cpu, budget, entry, base] = f.params as [I32, I32, I32, I64]
    this.f = f
    this.runtime = runtime
    this.cpu = cpu
    this.base = base
    this.budget = f.local('i32')
    this.entry = f.local('i32')
    f.set(this.budget, budget)
    f.set(this.entry, entry)
    this.tlb = f.local('i32')
    this.flagKind = f.local('i32')
    this.flagResult = f.local('i64')
    this.flagX = f.local('i64')
    this.flagY = f.local('i64')
    this.floatX = f.local('f64')
    this.floatY = f.local('f64')
    this.target = f.local('i64')
    this.where = f.local('i64')
    this.#kind = f.local('i32')
    this.#rip = f.local('i64')
    this.#left = f.local('i32')
    this.#status = f.local('i32')
    this.#site = f.local('i32')
  }

  gpr(number: number): Variable<'i64'> {
    return (this.#gprs[number] ??= this.f.local('i64'))
  }

  /** An address of code in the width of the mode. */
  cut(rip: I64): I64 {
    return this.long ? rip : and(rip, i64(0xffff_ffff))
  }

  ripAt(offset: Offset): I64 {
    return this.cut(add(this.base, i64(offset)))
  }

  /** The lowest double of a vector register while scalars are computed in it. */
  lowest(number: number): Variable<'f64'> {
    return (this.#lowest[number] ??= this.f.local('f64'))
  }

  /** The register as it was before them, for what stands above. */
  above(number: number): Variable<'v128'> {
    return (this.#above[number] ??= this.f.local('v128'))
  }

  /** 128 bits of a vector register: `lane` 1 those from bit 128 on. */
  vector(number: number, lane: number): Variable<'v128'> {
    return (this.#vectors[number + 16 * lane] ??= this.f.local('v128'))
  }

  gprWritten(number: number): void {
    this.#writtenGprs |= 1 << number
  }

  vectorWritten(number: number, lane: number): void {
    this.#writtenVectors |= 1 << (number + 16 * lane)
  }

  flagsWritten(): void {
    this.#flagsWritten = true
  }

  /** The whole function: `body` in the middle, of which every path leaves through one of the ways below. */
  wrap(body: () => void): void {
    const { f } = this
    f.block((stored) => {
      this.#stored = stored
      f.block((store) => {
        this.#store = store
        f.block((rare) => {
          this.#rare = rare
          f.block((counted) => {
            this.#counted = counted
            f.defer(() => this.#load(ALL, true))
            this.loadTlb()
            body()
            f.unreachable()
          })
          f.set(this.#site, i32(this.#failures))
        })
        const where = this.where.value
        f.set(this.#rip, this.cut(add(this.base, shrS(where, i64(8)))))
        f.set(this.#left, add(this.budget.value, and(wrap(where), i32(0xff))))
        f.set(this.#kind, i32(RARE))
      })
      f.defer(() => this.#storeAll(ALL, true))
    })
    this.#leave()
  }

  /** Whether a helper that jumps has ended in any other way than a jump within the region's mode, with nothing for the host to do. */
  isElsewhere(status: I32): I32 {
    const { cpu } = this
    const other = or(xor(status, i32(STATUS_JUMP)), xor(loadI32(cpu, L.MODE), i32(this.mode)))
    return or(other, or(loadI32(cpu, L.INTR), loadI32(cpu, L.EXIT_REQUEST)))
  }

  /** A branch to here leaves the instruction that `where` tells to the interpreter. */
  get rare(): Label {
    return this.#rare!
  }

  /** The same, counted: for what may turn out to be usual. */
  get counted(): Label {
    return this.#counted!
  }

  takeHost(): Variable<'i32'> {
    const host = this.#freeHosts.pop() ?? this.f.local('i32')
    this.#hosts.push(host)
    return host
  }

  /** Hosts that `body` takes are free behind it. */
  withHosts(body: () => void): void {
    const taken = this.#hosts.length
    body()
    this.#freeHosts.push(...this.#hosts.splice(taken))
  }

  loadTlb(): void {
    this.f.set(this.tlb, loadI32(this.cpu, L.TLB_BASE))
  }

  /** Stores registers before a helper that looks at them; `all`: vectors and flags, too. */
  spill(gprs: number, all: boolean): void {
    if (gprs || all) this.f.defer(() => this.#storeAll(gprs, all))
  }

  /** Loads them behind it. */
  reload(gprs: number, all: boolean): void {
    if (gprs || all) this.f.defer(() => this.#load(gprs, all))
  }

  /** The lazy flags alone, for the helper that materialises them. */
  spillFlags(): void {
    const { f, cpu } = this
    f.store('i32.store', cpu, this.flagKind.value, L.FLAGS_KIND)
    f.store('i64.store', cpu, this.flagResult.value, L.FLAGS_RESULT)
    f.store('i64.store', cpu, this.flagX.value, L.FLAGS_X)
  }

  #load(gprs: number, all: boolean): void {
    const { f, cpu } = this
    this.#gprs.forEach((local, n) => {
      if (local && (gprs >> n) & 1) f.set(local, loadI64(cpu, L.GPR + 8 * n))
    })
    if (!all) return
    this.#vectors.forEach((local, n) => local && f.set(local, loadV128(cpu, vectorAt(n))))
    f.set(this.flagKind, loadI32(cpu, L.FLAGS_KIND))
    f.set(this.flagResult, loadI64(cpu, L.FLAGS_RESULT))
    f.set(this.flagX, loadI64(cpu, L.FLAGS_X))
  }

  #storeAll(gprs: number, all: boolean): void {
    const { f, cpu } = this
    this.#gprs.forEach((local, n) => {
      if (local && ((gprs & this.#writtenGprs) >> n) & 1)
        f.store('i64.store', cpu, local.value, L.GPR + 8 * n)
    })
    if (!all) return
    this.#vectors.forEach((local, n) => {
      if (local && (this.#writtenVectors >> n) & 1) f.store('v128.store', cpu, local.value, vectorAt(n))
    })
    if (this.#flagsWritten) this.spillFlags()
  }

  // Ways out.

  #exit(kind: number, stored = false): void {
    this.f.set(this.#kind, i32(kind))
    this.f.br(stored ? this.#stored! : this.#store!)
  }

  /** Goes on at `rip`, wherever its code is; `site`: where that is counted, or 0. */
  go(rip: I64, site: number): void {
    this.f.set(this.#rip, rip)
    this.f.set(this.#site, i32(site))
    this.#exit(GO)
  }

  /** An exception is pending; `left` is the budget with this instruction unretired. */
  fault(left: I32): void {
    this.f.set(this.#left, left)
    this.#exit(FAULT)
  }

  /** A helper said that the flow goes elsewhere; `stored`: registers stand in memory. */
  leave(status: I32, left: I32, stored: boolean): void {
    this.f.set(this.#status, status)
    this.f.set(this.#left, left)
    this.#exit(LEAVE, stored)
  }

  /** Returns to the host before the instruction at `rip`. */
  #return(status: number, rip: I64, left: I32): void {
    this.f.set(this.#status, i32(status))
    this.f.set(this.#rip, rip)
    this.f.set(this.#left, left)
    this.#exit(RETURN)
  }

  outOfBudget(rip: I64, left: I32): void {
    this.#return(STATUS_BUDGET_TRANSLATED, rip, left)
  }

  stop(rip: I64, left: I32): void {
    this.#return(STATUS_STOP, rip, left)
  }

  #leave(): void {
    const { f, cpu, runtime } = this
    const left = this.#left.value
    const ways: (() => void)[] = []
    ways[GO] = () => {
      this.#count()
      runtime.go(f, cpu, this.#rip.value, this.budget.value)
    }
    ways[RARE] = () => {
      this.#countFailure()
      runtime.careful(f, cpu, this.#rip.value, left)
    }
    ways[FAULT] = () => runtime.raised(f, cpu, left)
    ways[LEAVE] = () => runtime.left(f, cpu, left, this.#status.value)
    ways[RETURN] = () => this.#toHost(left, this.#status.value)
    f.switch(this.#kind.value, ways)
  }

  #toHost(left: I32, status: I32): void {
    const { f, cpu } = this
    f.store('i64.store', cpu, this.#rip.value, L.RIP)
    f.store('i64.store', cpu, extendS(left), L.BUDGET)
    f.return(status)
  }

  /** A hope has failed: when that happens often, the host is told. */
  #countFailure(): void {
    const { f, cpu } = this
    const site = this.#site.value
    f.if(site, () => {
      const count = f.let(add(loadI32(site, SITE_COUNT), i32(1)))
      f.store('i32.store', site, count, SITE_COUNT)
      f.if(eq(count, i32(HOT_FAILURE)), () => {
        f.store('i64.store', site, this.base, SITE_BASE)
        f.store('i32.store', cpu, site, L.EXIT_LINK)
        this.#toHost(this.#left.value, i32(STATUS_HOT_EXIT))
      })
    })
  }

  /** Counts a way out and notes where it led. */
  #count(): void {
    const { f, cpu } = this
    const site = this.#site.value
    const rip = this.#rip.value
    f.if(site, () => {
      const count = f.let(add(loadI32(site, SITE_COUNT), i32(1)))
      f.store('i32.store', site, count, SITE_COUNT)
      // Functions and cases begin at multiples of 16, or anywhere.
      const place = and(wrap(xor(rip, shrU(rip, i64(4)))), i32(SITE_TARGET_COUNT - 1))
      f.store('i64.store', add(site, shl(place, i32(3))), rip, SITE_TARGETS)
      f.if(eq(count, i32(this.#hotExit)), () => {
        f.store('i64.store', site, this.base, SITE_BASE)
        f.store('i32.store', cpu, site, L.EXIT_LINK)
        this.#toHost(this.budget.value, i32(STATUS_HOT_EXIT))
      })
    })
  }
}
