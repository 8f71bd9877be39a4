/** The picture of the video card in memory that both threads of a machine share: written by the worker, read whole by the host. */
import type { Screen } from '../devices/vga/screen.ts'

const KINDS = ['off', 'graphics', 'text'] as const
const HEADER_WORDS = 8
/** Words of the header. The sequence is odd while the rest is being written. */
const SEQUENCE = 0
const KIND = 1
const COLUMNS = 2
const ROWS = 3
const CURSOR_COLUMN = 4
const CURSOR_ROW = 5
const NO_CURSOR = -1
const CELL_BYTES: number = 2 * 132 * 60
const ATTEMPTS = 100

export function createScreenBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * HEADER_WORDS + CELL_BYTES)
}

export class ScreenBuffer {
  readonly #words: Int32Array
  readonly #cells: Uint8Array

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer, 0, HEADER_WORDS)
    this.#cells = new Uint8Array(buffer, 4 * HEADER_WORDS)
  }

  write(screen: Screen): void {
    const words = this.#words
    Atomics.add(words, SEQUENCE, 1)
    Atomics.store(words, KIND, KINDS.indexOf(screen.kind))
    if (screen.kind === 'text') {
      Atomics.store(words, COLUMNS, screen.columns)
      Atomics.store(words, ROWS, screen.rows)
      Atomics.store(words, CURSOR_COLUMN, screen.cursor?.column ?? NO_CURSOR)
      Atomics.store(words, CURSOR_ROW, screen.cursor?.row ?? NO_CURSOR)
      this.#cells.set(screen.cells)
    }
    Atomics.add(words, SEQUENCE, 1)
  }

  /** What changes whenever the picture does. */
  get version(): number {
    return Atomics.load(this.#words, SEQUENCE)
  }

  /** The picture as it was at one moment; null when the worker was writing all the time. */
  read(): Screen | null {
    for (let i = 0; i < ATTEMPTS; i++) {
      const before = this.version
      if (before & 1) continue
      const screen = this.#copy()
      if (this.version === before) return screen
    }
    return null
  }

  #copy(): Screen {
    const word = (index: number): number => Atomics.load(this.#words, index)
    const kind = KINDS[word(KIND)] ?? 'off'
    if (kind !== 'text') return { kind }
    const [columns, rows] = [word(COLUMNS), word(ROWS)]
    const row = word(CURSOR_ROW)
    return {
      kind,
      columns,
      rows,
      cells: this.#cells.slice(0, 2 * columns * rows),
      cursor: row === NO_CURSOR ? null : { column: word(CURSOR_COLUMN), row },
    }
  }
}
