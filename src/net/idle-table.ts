interface Entry<V> {
  value: V
  deadlineMs: number
}

/**
 * A bounded map whose entries leave when nobody touched them for a while, or, the least recently touched first, when
 * it is full. It keeps one timer, and none while it is empty.
 */
export class IdleTable<K, V> {
  readonly #entries = new Map<K, Entry<V>>()
  readonly #capacity: number
  readonly #idleMs: number
  readonly #onLeave: (value: V, key: K) => void
  #timer: ReturnType<typeof setTimeout> | null = null

  /** `onLeave` is called for entries that idle out, are pushed out, or are cleared; not for deleted ones. */
  constructor(options: { capacity: number; idleMs: number; onLeave?: (value: V, key: K) => void }) {
    this.#capacity = options.capacity
    this.#idleMs = options.idleMs
    this.#onLeave = options.onLeave ?? (() => {})
  }

  get size(): number {
    return this.#entries.size
  }

  /** Finds a value and leaves its deadline alone. */
  peek(key: K): V | undefined {
    return this.#entries.get(key)?.value
  }

  /** Finds a value and gives it a new deadline. */
  touch(key: K): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    // A map keeps the order of insertion, so the first entry is always the next to leave.
    this.#entries.delete(key)
    this.#insert(key, entry)
    return entry.value
  }

  set(key: K, value: V): void {
    this.#entries.delete(key)
    if (this.#entries.size >= this.#capacity) {
      const [oldest] = this.#entries.keys()
      this.#leave(oldest!)
    }
    this.#insert(key, { value, deadlineMs: 0 })
    if (this.#timer === null) this.#arm(this.#idleMs)
  }

  delete(key: K): void {
    this.#entries.delete(key)
  }

  clear(): void {
    for (const key of this.#entries.keys()) this.#leave(key)
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #insert(key: K, entry: Entry<V>): void {
    entry.deadlineMs = performance.now() + this.#idleMs
    this.#entries.set(key, entry)
  }

  #leave(key: K): void {
    const entry = this.#entries.get(key)
    this.#entries.delete(key)
    if (entry !== undefined) this.#onLeave(entry.value, key)
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(() => this.#expire(), Math.max(1, delayMs))
    this.#timer.unref?.()
  }

  #expire(): void {
    this.#timer = null
    const now = performance.now()
    for (const [key, entry] of this.#entries) {
      if (entry.deadlineMs > now) return this.#arm(entry.deadlineMs - now)
      this.#leave(key)
    }
  }
}
