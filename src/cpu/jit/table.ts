/**
 * The tables of functions: the handlers of the interpreter, followed by entries of translated code; and what translated code calls, helpers and exits.
 * These are apart because V8 keeps a copy of a table for each module that imports it: one that changes belongs into few.
 */
import { helpers, type HelperName } from '../helpers.ts'
import type { TableLayout } from './runtime.ts'

const names = Object.keys(helpers) as HelperName[]
const exits = ['raised', 'left', 'careful', 'go'] as const
const GROWTH = 1024

export class SharedTable implements TableLayout {
  readonly handlers: WebAssembly.Table
  readonly callees: WebAssembly.Table
  readonly raised: number = names.length
  readonly left: number = names.length + 1
  readonly careful: number = names.length + 2
  readonly go: number = names.length + 3
  readonly #helpers: ReadonlyMap<HelperName, number>
  readonly #free: number[] = []

  /** `handlers`: how many the interpreter has. */
  constructor(handlers: number) {
    this.#helpers = new Map(names.map((name, index) => [name, index]))
    this.handlers = new WebAssembly.Table({ initial: handlers, element: 'anyfunc' })
    this.callees = new WebAssembly.Table({ initial: names.length + exits.length, element: 'anyfunc' })
  }

  /** Fills in what the modules of helpers and interpreter export. */
  share(
    helperExports: Readonly<Record<string, unknown>>,
    interpreter: Readonly<Record<string, unknown>>,
  ): void {
    names.forEach((name, index) => this.callees.set(index, helperExports[name]))
    exits.forEach((name, index) => this.callees.set(names.length + index, interpreter[name]))
  }

  helper(name: HelperName): number {
    return this.#helpers.get(name)!
  }

  /** A slot for a function of translated code. */
  add(code: unknown): number {
    if (this.#free.length === 0) {
      const first = this.handlers.grow(GROWTH)
      for (let slot = first + GROWTH - 1; slot >= first; slot--) this.#free.push(slot)
    }
    const slot = this.#free.pop()!
    this.handlers.set(slot, code)
    return slot
  }

  remove(slot: number): void {
    this.handlers.set(slot, null)
    this.#free.push(slot)
  }
}
