/**
 * Ways out of translated code that are counted, each a small record in wasm memory. One that is taken often says what the region lacks: its
 * target, or the targets of an indirect jump. Offsets are in bytes.
 */

export const SITE_SIZE = 80
/** u32: times taken. */
export const SITE_COUNT = 0
/** u64: virtual address of the region's home page, when it was taken last. */
export const SITE_BASE = 8
/** u64[8]: targets, each in the place that its low bits give. */
export const SITE_TARGETS = 16
export const SITE_TARGET_COUNT = 8
export const SITES = 16384

/** The count at which the host is told of hopes that failed. */
export const HOT_FAILURE = 256

/**
 * The count at which the host is told of a way out of a region that has been translated anew so often; afterwards it goes on counting quietly. A way out costs
 * some 50 ns, a translation some 5 ms and as much again of the optimiser on another thread.
 */
export function hotExit(improvements: number): number {
  return 32_000 << improvements
}

/** The count from which on a way out is worth bringing in, when the region is translated anew for another one. */
export const WARM_EXIT = 600

/** How far from its home page a region goes. */
const REACH = 0x6000_0000n

/** Hands out sites. Address 0 stands for a way out that is not counted. */
export class SiteAllocator {
  readonly #view: DataView
  /** Given back. */
  readonly #free: number[] = []
  readonly #end: number
  /** Never taken from here on. */
  #next: number

  constructor(memory: ArrayBuffer, start: number) {
    this.#view = new DataView(memory)
    this.#next = start
    this.#end = start + SITES * SITE_SIZE
  }

  take(): number {
    const site = this.#free.pop() ?? this.#unused()
    if (site !== 0) for (let i = 0; i < SITE_SIZE; i += 8) this.#view.setFloat64(site + i, 0, true)
    return site
  }

  #unused(): number {
    if (this.#next === this.#end) return 0
    const site = this.#next
    this.#next += SITE_SIZE
    return site
  }

  give(site: number): void {
    if (site !== 0) this.#free.push(site)
  }

  /** Counts from 0 again: the host is told once more. */
  restart(site: number): void {
    this.#view.setUint32(site + SITE_COUNT, 0, true)
  }

  /** Times taken, since it was handed out or restarted. */
  count(site: number): number {
    return this.#view.getUint32(site + SITE_COUNT, true)
  }

  /** Virtual address of the region's home page. */
  base(site: number): bigint {
    return this.#view.getBigInt64(site + SITE_BASE, true)
  }

  /** Where the way out led, relative to the home page. */
  targets(site: number): number[] {
    const base = this.#view.getBigInt64(site + SITE_BASE, true)
    const found = new Set<number>()
    for (let i = 0; i < SITE_TARGET_COUNT; i++) {
      const target = this.#view.getBigInt64(site + SITE_TARGETS + 8 * i, true)
      const offset = BigInt.asIntN(64, target - base)
      if (target !== 0n && offset > -REACH && offset < REACH) found.add(Number(offset))
    }
    return [...found]
  }
}
