/** All that has come into a machine from outside, in order, each with the place in the run at which it came. */
import type { InputKind } from '../../machine/interposer.ts'
import type { Position } from './position.ts'

export type Records = Readonly<Partial<Record<InputKind, readonly Uint8Array[]>>>

export type Input =
  /** The machine's look at what the host has handed in, or at what it had left lying. */
  | { readonly kind: 'look'; readonly records: Records; readonly powerButton: boolean }
  /** The host has woken the halted machine after so many nanoseconds. */
  | { readonly kind: 'woken'; readonly ns: number }
  /** Somebody has changed the machine's state by hand. */
  | { readonly kind: 'edit'; readonly apply: () => void }

export interface Moment {
  readonly at: Position
  /** Time spent halted up to there: it tells apart what came while the machine was halted. */
  readonly haltedNs: number
}

export interface LogEntry extends Moment {
  readonly input: Input
}

const ENTRY_BYTES = 200

export class InputLog {
  readonly #entries: LogEntry[] = []
  /** Entries before the first that is kept. */
  #dropped = 0
  #bytes = 0
  /** Number of the next entry to be replayed; at the end of the log the machine is live. */
  cursor = 0

  get end(): number {
    return this.#dropped + this.#entries.length
  }

  get isAtEnd(): boolean {
    return this.cursor === this.end
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The next entry to be replayed. */
  get next(): LogEntry | undefined {
    return this.#entries[this.cursor - this.#dropped]
  }

  /** At the end only. */
  append(entry: LogEntry): void {
    this.#entries.push(entry)
    this.#bytes += bytesOf(entry)
    this.cursor++
  }

  /** Forgets what has not been replayed: the future will be another one. */
  truncate(): void {
    for (const entry of this.#entries.splice(this.cursor - this.#dropped)) this.#bytes -= bytesOf(entry)
  }

  /** Forgets what came before entry `number`. */
  dropBefore(number: number): void {
    for (const entry of this.#entries.splice(0, number - this.#dropped)) this.#bytes -= bytesOf(entry)
    this.#dropped = Math.max(this.#dropped, number)
  }
}

function bytesOf({ input }: LogEntry): number {
  if (input.kind !== 'look') return ENTRY_BYTES
  return Object.values(input.records)
    .flat()
    .reduce((sum, record) => sum + record.length, ENTRY_BYTES)
}
