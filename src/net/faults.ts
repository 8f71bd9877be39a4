import { NetError } from './errors.ts'
import type { Link } from './link.ts'
import { Prng } from './prng.ts'

/** What happens to the frames of one direction. Chances are between 0 and 1, times in milliseconds. */
export interface Faults {
  /** Chance that a frame is lost. */
  loss?: number
  /** Chance that a frame arrives twice. */
  duplicate?: number
  /** Chance that one bit of a frame is flipped. */
  corrupt?: number
  /** Chance that a frame is held back by `reorderMs`, so that later ones overtake it. */
  reorder?: number
  /** Default 3. */
  reorderMs?: number
  /** What every frame takes. */
  delayMs?: number
  /** Up to so much more or less than `delayMs`, evenly spread; frames may overtake each other. */
  jitterMs?: number
}

export interface FaultOptions {
  /** The same seed harms the same frames. */
  seed: number
  /** What the machine sends. */
  toNetwork?: Faults
  /** What the machine receives. */
  toGuest?: Faults
  /** Frames held back at once in a direction; more are lost. Default 4096. */
  capacity?: number
  /** Runs something later, and gives a function that prevents it. Default: `setTimeout`. */
  schedule?: Schedule
}

export type Schedule = (action: () => void, delayMs: number) => () => void

export interface FaultCounts {
  passed: number
  lost: number
  duplicated: number
  corrupted: number
  reordered: number
  /** Lost because too many were held back. */
  overflowed: number
}

export interface FaultyLink extends Link {
  readonly counts: { readonly toNetwork: FaultCounts; readonly toGuest: FaultCounts }
}

/** What `parseFaults` knows: name, field, and unit. */
const notation: Record<string, { field: keyof Faults; unit: '%' | 'ms' }> = {
  loss: { field: 'loss', unit: '%' },
  duplicate: { field: 'duplicate', unit: '%' },
  corrupt: { field: 'corrupt', unit: '%' },
  reorder: { field: 'reorder', unit: '%' },
  'reorder-delay': { field: 'reorderMs', unit: 'ms' },
  delay: { field: 'delayMs', unit: 'ms' },
  jitter: { field: 'jitterMs', unit: 'ms' },
}

/** Reads `loss=5%,delay=2ms,jitter=1ms`. Throws a `NetError` that names what it cannot read. */
export function parseFaults(text: string): Faults {
  const faults: Faults = {}
  for (const part of text.split(',')) {
    const [, name = '', digits = '', unit] = /^([a-z-]+)=(\d+(?:\.\d+)?)(%|ms)$/.exec(part.trim()) ?? []
    const known = Object.hasOwn(notation, name) ? notation[name] : undefined
    const value = Number(digits)
    if (known === undefined || unit !== known.unit || (unit === '%' && value > 100)) {
      const examples = Object.entries(notation).map(
        (entry) => `${entry[0]}=${entry[1].unit === '%' ? '5%' : '2ms'}`,
      )
      throw new NetError('bad-option', `'${part}' is no network fault: give some of ${examples.join(',')}`)
    }
    faults[known.field] = unit === '%' ? value / 100 : value
  }
  return faults
}

/** A link that does to frames what bad networks do, reproducibly. Closing it closes `link`. */
export function faultLink(link: Link, options: FaultOptions): FaultyLink {
  const schedule = options.schedule ?? timeout
  const capacity = options.capacity ?? 4096
  // Seeds of their own, so that traffic in one direction does not change what happens to the other.
  const toNetwork = new Lane(options.toNetwork ?? {}, options.seed, capacity, schedule, (frame) =>
    link.send(frame),
  )
  const toGuest = new Lane(options.toGuest ?? {}, ~options.seed, capacity, schedule, (frame) =>
    faulty.onFrame?.(frame),
  )
  link.onFrame = (frame) => toGuest.take(frame)
  const faulty: FaultyLink = {
    onFrame: null,
    counts: { toNetwork: toNetwork.counts, toGuest: toGuest.counts },
    send: (frame) => toNetwork.take(frame),
    close() {
      toNetwork.close()
      toGuest.close()
      link.close()
    },
  }
  return faulty
}

function timeout(action: () => void, delayMs: number): () => void {
  const timer = setTimeout(action, delayMs)
  return () => clearTimeout(timer)
}

/** One direction. */
class Lane {
  readonly counts: FaultCounts = {
    passed: 0,
    lost: 0,
    duplicated: 0,
    corrupted: 0,
    reordered: 0,
    overflowed: 0,
  }
  readonly #faults: Faults
  readonly #random: Prng
  readonly #capacity: number
  readonly #schedule: Schedule
  readonly #deliver: (frame: Uint8Array) => void
  readonly #held = new Set<() => void>()
  #closed = false

  constructor(
    faults: Faults,
    seed: number,
    capacity: number,
    schedule: Schedule,
    deliver: (frame: Uint8Array) => void,
  ) {
    this.#faults = faults
    this.#random = new Prng(seed)
    this.#capacity = capacity
    this.#schedule = schedule
    this.#deliver = deliver
  }

  take(frame: Uint8Array): void {
    if (this.#closed) return
    const {
      loss = 0,
      duplicate = 0,
      corrupt = 0,
      reorder = 0,
      reorderMs = 3,
      delayMs = 0,
      jitterMs = 0,
    } = this.#faults
    // Always the same number of draws: switching on one fault leaves the others where they were.
    const [lost, twice, flipped, late, spread, bit] = Array.from({ length: 6 }, () => this.#random.next())
    if (lost! < loss) return void this.counts.lost++
    if (flipped! < corrupt) this.#flip(frame, bit!)
    if (late! < reorder) this.counts.reordered++
    const delay = delayMs + (spread! * 2 - 1) * jitterMs + (late! < reorder ? reorderMs : 0)
    const copy = twice! < duplicate ? frame.slice() : null
    this.#pass(frame, delay)
    if (copy === null) return
    this.counts.duplicated++
    this.#pass(copy, delay)
  }

  close(): void {
    this.#closed = true
    for (const cancel of this.#held) cancel()
    this.#held.clear()
  }

  #flip(frame: Uint8Array, where: number): void {
    if (frame.length === 0) return
    const bit = Math.floor(where * frame.length * 8)
    frame[bit >>> 3]! ^= 1 << (bit & 7)
    this.counts.corrupted++
  }

  #pass(frame: Uint8Array, delayMs: number): void {
    if (delayMs <= 0) return this.#arrive(frame)
    if (this.#held.size >= this.#capacity) return void this.counts.overflowed++
    const cancel = this.#schedule(() => {
      this.#held.delete(cancel)
      this.#arrive(frame)
    }, delayMs)
    this.#held.add(cancel)
  }

  #arrive(frame: Uint8Array): void {
    this.counts.passed++
    this.#deliver(frame)
  }
}
