/** Where the instructions of a run were executed, and why execution came back to the host. Costs nothing in the code that executes them. */
import { STATUS_AGAIN, STATUS_BOARD, STATUS_CONTINUE, STATUS_EXCEPTION, STATUS_JUMP } from './helpers.ts'
import * as R from './interpreter/record.ts'

/** Retired instructions by what executed them. */
export interface TierShares {
  readonly interpreted: number
  readonly translated: number
}

const reasons: ReadonlyMap<number, string> = new Map([
  [STATUS_CONTINUE, 'next block'],
  [STATUS_EXCEPTION, 'exception'],
  [STATUS_JUMP, 'jump'],
  [STATUS_BOARD, 'board'],
  [STATUS_AGAIN, 'long string instruction'],
  [R.STATUS_LINK, 'block to link'],
  [R.STATUS_LOOKUP, 'block to find'],
  [R.STATUS_BUDGET, 'budget, interpreted'],
  [R.STATUS_BUDGET_TRANSLATED, 'budget, translated'],
  [R.STATUS_STOP, 'stop asked for'],
  [R.STATUS_HOT_EXIT, 'hot way out'],
  [R.STATUS_CAREFUL, 'careful block'],
])

export class RunStatistics {
  readonly #exits = new Map<number, number>()
  #interpreted = 0
  #translated = 0
  /** Instructions since the last sample. */
  #since = 0

  /**
   * Execution has come back, after so many instructions. The end of a budget comes at a moment that the guest does not choose: all instructions since the last
   * one are counted for the tier in which it was met.
   */
  exit(status: number, instructions: number): void {
    this.#exits.set(status, (this.#exits.get(status) ?? 0) + 1)
    this.#since += instructions
    if (status === R.STATUS_BUDGET) this.#interpreted += this.#since
    else if (status === R.STATUS_BUDGET_TRANSLATED) this.#translated += this.#since
    else return
    this.#since = 0
  }

  /** What no sample has come behind yet is divided as what went before. */
  get tiers(): TierShares {
    const known = this.#interpreted + this.#translated
    const translated = known === 0 ? 0 : Math.round((this.#since * this.#translated) / known)
    return {
      interpreted: this.#interpreted + this.#since - translated,
      translated: this.#translated + translated,
    }
  }

  /** How often, by reason. */
  get exits(): Record<string, number> {
    const named = [...this.#exits].map(([status, count]) => [
      reasons.get(status) ?? `status ${status}`,
      count,
    ])
    return Object.fromEntries(named) as Record<string, number>
  }
}
