/** Where a debugger outside wants runs to end. The guest does not notice: its debug registers stay its own. */
import * as S from './guest/private.ts'
import type { HelperSet } from './helper-set.ts'
import type { StateBlock } from './state-block.ts'

/** `address` is linear. */
export interface DebugPoint {
  readonly address: bigint
  readonly bytes: number
  readonly on: 'execute' | 'write' | 'read' | 'access'
}

/** At most so many at once. */
export const MAX_POINTS: number = S.POINT_MAX

const ACCESS: Readonly<Record<DebugPoint['on'], number>> = {
  execute: S.POINT_EXECUTE,
  write: S.POINT_WRITE,
  read: S.POINT_READ,
  access: S.POINT_READ | S.POINT_WRITE,
}

export class DebugPoints {
  readonly #state: StateBlock
  readonly #place: () => void
  readonly #code = new Set<bigint>()
  #points: readonly DebugPoint[] = []

  constructor(state: StateBlock, helpers: HelperSet, address: number) {
    this.#state = state
    this.#place = () => void helpers.call('pointsChanged')(address)
  }

  /** Replaces them all. Throws a RangeError when there are more than MAX_POINTS. */
  set(points: readonly DebugPoint[]): void {
    if (points.length > MAX_POINTS) throw new RangeError(`${points.length} points: at most ${MAX_POINTS}`)
    this.#points = points
    this.#code.clear()
    for (const { address, on } of points) if (on === 'execute') this.#code.add(address)
    this.place()
  }

  /** Writes them into the state, which has become another. */
  place(): void {
    const state = this.#state
    const points = this.#points
    const has = (isCode: boolean): boolean => points.some(({ on }) => (on === 'execute') === isCode)
    state.setState32(S.POINT_KINDS, (has(true) ? S.WATCH_CODE : 0) | (has(false) ? S.WATCH_DATA : 0))
    state.setState32(S.POINT_COUNT, points.length)
    for (const [i, { address, bytes, on }] of points.entries()) {
      const at = S.POINTS + i * S.POINT_SIZE
      state.setState64(at, address)
      state.setState32(at + S.POINT_BYTES, bytes)
      state.setState32(at + S.POINT_ACCESS, ACCESS[on])
    }
    this.#place()
  }

  /** Whether one stands at the instruction at `va`. */
  isAt(va: bigint): boolean {
    return this.#code.has(va)
  }

  /** The data point that was met last in this run. */
  get met(): DebugPoint | undefined {
    return this.#points[this.#state.getState32(S.POINT_MET) - 1]
  }
}
