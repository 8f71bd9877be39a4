/** Modelled cycles of transitions and of what lies between them. The model itself comes from outside: `src/bench` has it. */
import type { Transition } from './transition.ts'

/** Prices exact counts; linear, so that the pieces of a run add up to the whole. */
export interface Pricing {
  readonly name: string
  cycles(counts: {
    readonly rings: readonly number[]
    readonly events: Readonly<Record<string, number>>
  }): number
  /** Whether an event of that name is an instruction, which costs this instead of what an ordinary one does. */
  isInstruction(event: string): boolean
}

export interface Cost {
  /** Of the transition itself: what the processor does. */
  readonly transition: number
  /** Of the instructions since the last transition. */
  readonly since: number
}

/** Prices transitions in their order: an instruction that changes the ring retires, as the counters have it, behind its transition. */
export class Pricer {
  readonly #pricing: Pricing
  #owed = 0

  constructor(pricing: Pricing) {
    this.#pricing = pricing
  }

  price({ cause, instructions, events }: Transition): Cost {
    const own = this.#pricing.isInstruction(cause.name) ? 1 : 0
    const { [cause.name]: count = 0, ...rest } = events
    const others = count > 1 ? { ...rest, [cause.name]: count - 1 } : rest
    const since = this.#pricing.cycles({ rings: [instructions - this.#owed], events: others })
    this.#owed = own
    return { transition: this.#pricing.cycles({ rings: [own], events: { [cause.name]: 1 } }), since }
  }
}
