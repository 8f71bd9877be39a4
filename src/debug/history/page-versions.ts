/** Pages as they were at chosen moments: of each, only the contents that differ from those at the moment before. */
const PAGE_BYTES = 4096
const ZERO = new Uint8Array(PAGE_BYTES)

interface Versions {
  /** Ascending. */
  readonly moments: number[]
  readonly pages: Uint8Array[]
}

export class PageVersions {
  readonly #pages = new Map<number, Versions>()
  /** By moment, ascending: the keys that have a version of that moment. */
  readonly #changed = new Map<number, Set<number>>()
  #moments: number[] = []
  #count = 0

  /** What all versions take, in bytes. */
  get bytes(): number {
    return this.#count * PAGE_BYTES
  }

  /** Begins a moment: between two that there are, or after all. */
  open(moment: number): void {
    if (this.#changed.has(moment)) return
    this.#changed.set(moment, new Set())
    this.#moments.push(moment)
    this.#moments.sort((a, b) => a - b)
  }

  /**
   * Says what the page holds at `moment`, which is open. The bytes are copied, and padded with zeros. `isZeroAtFirst`: a page that nobody has spoken of is
   * known to hold zeros.
   */
  put(key: number, moment: number, bytes: Uint8Array, isZeroAtFirst = true): void {
    const before = this.get(key, moment)
    if ((isZeroAtFirst || this.has(key, moment)) && isEqual(before, bytes)) return
    // What came later held what stood here before.
    const after = this.#moments.find((other) => other > moment)
    if (after !== undefined && !this.#changed.get(after)!.has(key)) this.#insert(key, after, before)
    const copy = new Uint8Array(PAGE_BYTES)
    copy.set(bytes)
    this.#insert(key, moment, copy)
  }

  /** What the page held at `moment`; zeros when nobody has ever said. */
  get(key: number, moment: number): Uint8Array {
    const versions = this.#pages.get(key)
    if (versions === undefined) return ZERO
    return versions.pages[upTo(versions.moments, moment)] ?? ZERO
  }

  /** Whether anything was ever said of the page, at or before `moment`. */
  has(key: number, moment: number): boolean {
    const versions = this.#pages.get(key)
    return versions !== undefined && upTo(versions.moments, moment) >= 0
  }

  /** The keys whose contents may differ between two moments. */
  changedBetween(a: number, b: number): Set<number> {
    const keys = new Set<number>()
    for (const moment of this.#moments)
      if (moment > Math.min(a, b) && moment <= Math.max(a, b))
        for (const key of this.#changed.get(moment)!) keys.add(key)
    return keys
  }

  /** Forgets a moment; the others stay as they are. */
  remove(moment: number): void {
    const keys = this.#changed.get(moment)
    if (keys === undefined) return
    const after = this.#moments.find((other) => other > moment)
    this.#changed.delete(moment)
    this.#moments = this.#moments.filter((other) => other !== moment)
    for (const key of keys) {
      const versions = this.#pages.get(key)!
      const at = upTo(versions.moments, moment)
      if (after === undefined || this.#changed.get(after)!.has(key)) {
        versions.moments.splice(at, 1)
        versions.pages.splice(at, 1)
        this.#count--
      } else {
        versions.moments[at] = after
        this.#changed.get(after)!.add(key)
      }
      if (versions.moments.length === 0) this.#pages.delete(key)
    }
  }

  #insert(key: number, moment: number, bytes: Uint8Array): void {
    let versions = this.#pages.get(key)
    if (versions === undefined) this.#pages.set(key, (versions = { moments: [], pages: [] }))
    const at = upTo(versions.moments, moment)
    const isThere = versions.moments[at] === moment
    versions.moments.splice(isThere ? at : at + 1, isThere ? 1 : 0, moment)
    versions.pages.splice(isThere ? at : at + 1, isThere ? 1 : 0, bytes)
    if (!isThere) this.#count++
    this.#changed.get(moment)!.add(key)
  }
}

/** Index of the last of these, ascending, that is at most `limit`; -1 when there is none. */
function upTo(ascending: readonly number[], limit: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ascending[middle]! <= limit) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** `bytes` may be shorter than a page, and stand at a multiple of four in their buffer. */
function isEqual(page: Uint8Array, bytes: Uint8Array): boolean {
  const count = bytes.length >> 2
  const a = new Uint32Array(page.buffer, page.byteOffset, count)
  const b = new Uint32Array(bytes.buffer, bytes.byteOffset, count)
  for (let i = 0; i < count; i++) if (a[i] !== b[i]) return false
  for (let i = count << 2; i < bytes.length; i++) if (page[i] !== bytes[i]) return false
  return true
}
