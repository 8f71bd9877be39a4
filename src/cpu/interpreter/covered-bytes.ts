/**
 * Which bytes of guest-physical pages have been decoded, in units of 16 bytes, so that data beside code can be written without
 * forgetting the code: old programs keep both in one page.
 */
const PAGE = 4096
const UNIT = 16

export class CoveredBytes {
  readonly #pages = new Map<number, Uint8Array>()

  /** Bytes from `gpa` on, which may reach into the next page, hold code. */
  add(gpa: number, length: number): void {
    for (let unit = Math.floor(gpa / UNIT); unit * UNIT < gpa + length; unit++) {
      const page = unit * UNIT - ((unit * UNIT) % PAGE)
      let units = this.#pages.get(page)
      if (units === undefined) this.#pages.set(page, (units = new Uint8Array(PAGE / UNIT)))
      units[unit % (PAGE / UNIT)] = 1
    }
  }

  /** Whether any of these bytes that lie in `page` may hold code. */
  touches(page: number, gpa: number, length: number): boolean {
    const units = this.#pages.get(page)
    if (units === undefined) return true
    const first = Math.floor((Math.max(gpa, page) - page) / UNIT)
    const end = Math.ceil((Math.min(gpa + length, page + PAGE) - page) / UNIT)
    for (let unit = first; unit < end; unit++) if (units[unit] !== 0) return true
    return false
  }

  delete(page: number): void {
    this.#pages.delete(page)
  }

  clear(): void {
    this.#pages.clear()
  }
}
