/** From decoded instructions to their handlers. What was looked up by name once is found by a number from then on. */
import type { Instruction } from '../../isa/index.ts'
import { fusedKey } from './fuse.ts'
import { shapeCode, shapeKey, shapeOf } from './shape.ts'
import { specialHandlers } from './special.ts'

export interface FoundHandler {
  /** Index in the table of handlers; that of `undefined` where nothing says what the instruction means. */
  readonly handler: number
  /** Name of the handler, and of what it does; empty where there is none. */
  readonly key: string
  readonly meaning: string
}

const NONE: FoundHandler = { handler: specialHandlers.indexOf('undefined'), key: '', meaning: '' }

export class HandlerIndex {
  readonly #byName: ReadonlyMap<string, number>
  readonly #byCode = new Map<number, FoundHandler>()

  /** `byName`: the handlers that were generated, by `shapeKey`. */
  constructor(byName: ReadonlyMap<string, number>) {
    this.#byName = byName
  }

  /** The handler of an instruction; the arguments are those of `shapeOf`. */
  find(
    instruction: Instruction,
    long: boolean,
    segmented: boolean,
    samePage: boolean,
    traced: boolean,
  ): FoundHandler {
    const code = shapeCode(instruction, long, segmented, samePage, traced)
    const known = this.#byCode.get(code)
    if (known !== undefined) return known
    const shape = shapeOf(instruction, long, segmented, samePage, traced)
    const key = shape ? shapeKey(shape) : ''
    const handler = this.#byName.get(key)
    const found = handler === undefined ? NONE : { handler, key, meaning: shape!.meaning }
    this.#byCode.set(code, found)
    return found
  }

  /** The handler of an instruction and the branch behind it, if there is one for both. */
  pair(first: string, branchMeaning: string): number | undefined {
    return this.#byName.get(fusedKey(first, branchMeaning))
  }
}
