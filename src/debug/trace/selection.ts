/** Which part of a run is looked at (a window of time), and which transitions of that are shown. */
import type { Symbols } from '../symbols/symbols.ts'
import { shortName } from '../symbols/symbols.ts'
import type { Transition } from './transition.ts'

/** Where a window begins or ends. */
export type Edge =
  | { readonly kind: 'instruction'; readonly value: number }
  | { readonly kind: 'time'; readonly ns: number }
  /** A transition or a call arrives at the function, or a transition happens in it. */
  | { readonly kind: 'symbol'; readonly name: string }

const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 }

/** `120000` instructions, `2.5ms`, or the name of a function. */
export function parseEdge(text: string): Edge {
  if (/^\d+$/.test(text)) return { kind: 'instruction', value: Number(text) }
  const time = /^(\d+(?:\.\d+)?)(ns|us|ms|s)$/.exec(text)
  if (time) return { kind: 'time', ns: Number(time[1]) * units[time[2]!]! }
  return { kind: 'symbol', name: text }
}

/** A moment of the run, and where code is then. */
export interface Moment {
  readonly retired: number
  readonly timeNs: number
  readonly addresses: readonly bigint[]
}

export class Window {
  readonly #symbols: Symbols
  readonly #from: Edge | null
  readonly #to: Edge | null
  #state: 'before' | 'inside' | 'after'

  constructor(symbols: Symbols, from: Edge | null, to: Edge | null) {
    this.#symbols = symbols
    this.#from = from
    this.#to = to
    this.#state = from === null ? 'inside' : 'before'
  }

  get isOver(): boolean {
    return this.#state === 'after'
  }

  /** Whether the moment lies in the window; moments come in their order. The one that ends it does not. */
  includes(moment: Moment): boolean {
    if (this.#state === 'before' && this.#reaches(this.#from!, moment)) this.#state = 'inside'
    else if (this.#state === 'inside' && this.#to !== null && this.#reaches(this.#to, moment))
      this.#state = 'after'
    return this.#state === 'inside'
  }

  #reaches(edge: Edge, { retired, timeNs, addresses }: Moment): boolean {
    if (edge.kind === 'instruction') return retired >= edge.value
    if (edge.kind === 'time') return timeNs >= edge.ns
    return addresses.some((address) => isIn(this.#symbols, address, edge.name))
  }
}

function isIn(symbols: Symbols, address: bigint, name: string): boolean {
  const found = symbols.functionAt(address)
  return found !== null && (found.name === name || shortName(found.name) === name)
}

/** Every condition that is given must hold. */
export interface Filter {
  /** Names of causes, or labels such as `#PF`, `irq 0x21`. */
  readonly causes?: readonly string[]
  /** From and to; null: any. `changes`: only where they differ. */
  readonly rings?: { readonly from: number | null; readonly to: number | null; readonly changes: boolean }
  /** The transition happens in this function, or arrives there. */
  readonly symbol?: string
}

export function matches(filter: Filter, transition: Transition, symbols: Symbols): boolean {
  const { cause, before, after } = transition
  const { causes, rings, symbol } = filter
  if (causes && !causes.includes(cause.name) && !causes.includes(cause.label)) return false
  if (rings) {
    if (rings.changes && before.ring === after.ring) return false
    if (rings.from !== null && rings.from !== before.ring) return false
    if (rings.to !== null && rings.to !== after.ring) return false
  }
  return symbol === undefined || isIn(symbols, before.rip, symbol) || isIn(symbols, after.rip, symbol)
}
