/** The one table of functions: the interpreter's handlers, then helpers and exits for translated code, then translated code. */
import { helpers, type HelperName } from '../helpers.ts'
import type { TableLayout } from './runtime.ts'

const names = Object.keys(helpers) as HelperName[]
const GROWTH = 1024

export class SharedTable implements TableLayout {
  readonly table: WebAssembly.Table
  readonly raised: number
  readonly left: number
  readonly careful: number
  readonly #firstHelper: number
  readonly #helpers: ReadonlyMap<HelperName, number>
  readonly #free: number[] = []

  /** `handlers`: how many the interpreter has. */
  constructor(handlers: number) {
    this.#firstHelper = handlers
    this.#helpers = new Map(names.map((name, index) => [name, handlers + index]))
    this.raised = handlers + names.length
    this.left = this.raised + 1
    this.careful = this.left + 1
    this.table = new WebAssembly.Table({ initial: this.careful + 1, element: 'anyfunc' })
  }

  /** Fills in what the modules of helpers and interpreter export. */
  share(
    helperExports: Readonly<Record<string, unknown>>,
    interpreter: Readonly<Record<string, unknown>>,
  ): void {
    names.forEach((name, index) => this.table.set(this.#firstHelper + index, helperExports[name]))
    this.table.set(this.raised, interpreter.raised)
    this.table.set(this.left, interpreter.left)
    this.table.set(this.careful, interpreter.careful)
  }

  helper(name: HelperName): number {
    return this.#helpers.get(name)!
  }

  /** A slot for a function of translated code. */
  add(code: unknown): number {
    if (this.#free.length === 0) {
      const first = this.table.grow(GROWTH)
      for (let slot = first + GROWTH - 1; slot >= first; slot--) this.#free.push(slot)
    }
    const slot = this.#free.pop()!
    this.table.set(slot, code)
    return slot
  }

  remove(slot: number): void {
    this.table.set(slot, null)
    this.#free.push(slot)
  }
}
