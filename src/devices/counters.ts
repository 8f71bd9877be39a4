/**
 * What the guest did that was refused, and what it touched that is not there. Names are literals in our source, so that the
 * memory they take is bounded whatever the guest does.
 */
export class Counters {
  #counts = new Map<string, number>()

  count(name: string, by: number = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by)
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  /** All counters that are not zero, by name. */
  toObject(): Record<string, number> {
    return Object.fromEntries([...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  load(counts: Record<string, number>): void {
    this.#counts = new Map(Object.entries(counts))
  }
}

/** More different warnings than this are counted, not remembered. */
const MAX_WARNINGS = 1000

/** Warns once about each unimplemented register and each broken rule. */
export class Warnings {
  #seen = new Set<string>()
  readonly #counters: Counters
  readonly #onWarning: (text: string) => void

  constructor(counters: Counters, onWarning: (text: string) => void) {
    this.#counters = counters
    this.#onWarning = onWarning
  }

  /** `what` says what the guest did, for example `read` or `write 0x3`. */
  once(device: string, offset: number, what: string): void {
    this.#counters.count('unimplemented')
    const where = `${device}+0x${offset.toString(16)}`
    this.#warn(where, `${where}: ${what} is not implemented`)
  }

  /** The same text is shown once. */
  text(text: string): void {
    this.#warn(text, text)
  }

  #warn(key: string, text: string): void {
    if (this.#seen.has(key) || this.#seen.size >= MAX_WARNINGS) return
    this.#seen.add(key)
    this.#onWarning(text)
  }
}

/** What each device is handed for the above. */
export interface Diagnostics {
  readonly counters: Counters
  readonly warnings: Warnings
}

/** Diagnostics whose warnings go nowhere unless a listener is given. */
export function createDiagnostics(onWarning: (text: string) => void = () => {}): Diagnostics {
  const counters = new Counters()
  return { counters, warnings: new Warnings(counters, onWarning) }
}
