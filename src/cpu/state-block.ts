/** The processor's state as it lies in the WebAssembly memory: the fields of `layout.ts` with their types, and what is only read from them. */
import { counterNames } from './counter-names.ts'
import * as COUNT from './counters.ts'
import * as S from './guest/private.ts'
import * as L from './layout.ts'
import type { MemoryMap } from './memory-map.ts'
import { describeTripleFault, exceptionName, type TripleFault } from './triple-fault.ts'

const IF = 0x200n

/** Which counters together say how many events have been delivered. */
const EVENT_COUNTERS = [
  COUNT.COUNT_SOFTWARE_INTERRUPT,
  COUNT.COUNT_EXCEPTION,
  COUNT.COUNT_INTERRUPT,
  COUNT.COUNT_FRED_EVENT,
]

export interface SegmentFields {
  readonly selector: number
  readonly base: bigint
  readonly limit: number
  /** Descriptor bits 40 … 55. */
  readonly attributes: number
}

export class StateBlock {
  protected readonly map: MemoryMap
  protected readonly view: DataView<ArrayBuffer>
  readonly #u64: BigUint64Array
  readonly #u32: Uint32Array

  constructor(buffer: ArrayBuffer, map: MemoryMap) {
    this.map = map
    this.view = new DataView(buffer)
    this.#u64 = new BigUint64Array(buffer, map.state, L.STATE_SIZE / 8)
    this.#u32 = new Uint32Array(buffer, map.state, L.STATE_SIZE / 4)
  }

  /** All of it. */
  protected get block(): Uint8Array {
    return new Uint8Array(this.view.buffer, this.map.state, L.STATE_SIZE)
  }

  /** General register by number, 0 … 15. */
  gpr(number: number): bigint {
    return this.#u64[L.GPR / 8 + number]!
  }

  setGpr(number: number, value: bigint): void {
    this.#u64[L.GPR / 8 + number] = value
  }

  get rip(): bigint {
    return this.#u64[L.RIP / 8]!
  }

  set rip(value: bigint) {
    this.#u64[L.RIP / 8] = value
  }

  /** A field of the state block by its offset in `layout.ts`; call `stateChanged` after writing. */
  getState64(offset: number): bigint {
    return this.#u64[offset / 8]!
  }

  setState64(offset: number, value: bigint): void {
    this.#u64[offset / 8] = value
  }

  getState32(offset: number): number {
    return this.#u32[offset / 4]!
  }

  setState32(offset: number, value: number): void {
    this.#u32[offset / 4] = value
  }

  /** The low 128 bits of a vector register, as a view; `lane` 1: bits 128 to 255. */
  vector(number: number, lane: 0 | 1 = 0): Uint8Array {
    return new Uint8Array(this.view.buffer, this.map.state + L.XMM + number * L.XMM_STRIDE + 16 * lane, 16)
  }

  /** A segment register or LDTR, TR by its number in `layout.ts`. */
  setSegment(seg: number, { selector, base, limit, attributes }: SegmentFields): void {
    const at = L.SEGMENTS + seg * L.SEG_SIZE
    this.view.setUint16(this.map.state + at + L.SEG_SELECTOR, selector, true)
    this.setState32(at + L.SEG_ATTRIBUTES, attributes)
    this.setState64(at + L.SEG_BASE, base)
    this.setState32(at + L.SEG_LIMIT, limit)
  }

  get interruptsEnabled(): boolean {
    return (this.getState64(L.RFLAGS) & IF) !== 0n
  }

  /** Instructions retired since the reset; exact, also from within a bus access. */
  get retired(): number {
    return this.getState32(L.RETIRED) + this.getState32(L.RETIRED + 4) * 2 ** 32
  }

  /** What has been counted since the reset; exact, also from within a bus access. */
  counters(): { rings: number[]; events: Record<string, number> } {
    const at = (counter: number): number => Number(this.getState64(L.COUNTERS + 8 * counter))
    const rings = [0, 1, 2, 3].map((ring) => at(COUNT.COUNT_RINGS + ring))
    rings[this.getState32(L.CPL)]! += this.retired - at(COUNT.COUNT_SINCE)
    const events: Record<string, number> = {}
    for (const [counter, name] of counterNames) if (at(counter) > 0) events[name] = at(counter)
    return { rings, events }
  }

  /** Walks that the machine's own TLB was filled by: of one engine, not of the guest. */
  get tlbMisses(): number {
    return Number(this.getState64(L.COUNTERS + 8 * COUNT.COUNT_TLB_MISS))
  }

  /** What led to the last triple fault. */
  get tripleFault(): TripleFault {
    const length = Math.min(8, this.getState32(S.SHUTDOWN_CHAIN_LENGTH))
    const chain = Array.from({ length }, (_, i) => {
      const error = this.getState32(S.SHUTDOWN_ERRORS + 4 * i)
      return {
        name: exceptionName(this.getState32(S.SHUTDOWN_CHAIN + 4 * i)),
        error: error === S.SHUTDOWN_NO_ERROR ? null : error,
      }
    })
    return { chain, rip: hex(this.getState64(S.SHUTDOWN_RIP)), cr2: hex(this.getState64(L.CR2)) }
  }

  /** The same in one line. */
  describeTripleFault(): string {
    return describeTripleFault(this.tripleFault)
  }

  /** How many events (interrupts, exceptions, INT n) have reached their handlers since the reset. With `retired` it names a boundary between instructions. */
  get deliveredEvents(): number {
    return EVENT_COUNTERS.reduce((sum, counter) => sum + Number(this.getState64(L.COUNTERS + 8 * counter)), 0)
  }

  /** Virtual time has passed while the processor was halted. */
  addHalted(ns: number): void {
    this.setState64(L.HALTED_NS, this.getState64(L.HALTED_NS) + BigInt(ns))
  }

  /** The board's local APIC has this task priority class: what CR8 reads. */
  setTaskPriority(value: number): void {
    this.setState64(L.CR8, BigInt(value))
  }

  /** Guest time-stamp counter minus virtual nanoseconds. */
  tscOffset(): bigint {
    return BigInt.asIntN(64, this.getState64(L.TSC_OFFSET))
  }
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
