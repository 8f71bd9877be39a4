/** The text screen of a machine in this terminal: only cells that have changed are drawn anew. */
import { characterOf } from '../devices/vga/code-page.ts'
import type { Screen, TextScreen } from '../devices/vga/screen.ts'

const ESC = '\x1b['
/** VGA's order of colours is blue, green, red from the lowest bit on; ANSI's is red, green, blue. */
const ANSI = [0, 4, 2, 6, 1, 5, 3, 7]
const BLINK = 0x80

/** Escape sequences that turn the terminal from one picture into the next. */
export class TextDisplay {
  #before: TextScreen | null = null

  /** What to write to the terminal; empty when nothing has changed. */
  draw(screen: Screen): string {
    if (screen.kind !== 'text') return this.#other(screen.kind)
    const before = this.#before
    const isSame = before?.columns === screen.columns && before.rows === screen.rows
    let out = isSame ? '' : `${ESC}0m${ESC}2J`
    let attribute = -1
    let at = -1
    for (let cell = 0; cell < screen.columns * screen.rows; cell++) {
      const [code, colours] = [screen.cells[2 * cell]!, screen.cells[2 * cell + 1]!]
      if (isSame && before.cells[2 * cell] === code && before.cells[2 * cell + 1] === colours) continue
      const column = cell % screen.columns
      if (at !== cell || column === 0) out += moveTo(Math.floor(cell / screen.columns), column)
      if (attribute !== colours) out += coloursOf(colours)
      attribute = colours
      out += characterOf(code)
      at = cell + 1
    }
    const { cursor } = screen
    const moved = cursor?.row !== before?.cursor?.row || cursor?.column !== before?.cursor?.column
    if (out !== '' || moved)
      out += cursor === null ? `${ESC}0m${ESC}?25l` : `${ESC}0m${moveTo(cursor.row, cursor.column)}${ESC}?25h`
    this.#before = screen
    return out
  }

  /** Leaves the terminal as a shell wants it, below the picture. */
  end(): string {
    return this.#before === null ? '' : `${ESC}0m${ESC}?25h${moveTo(this.#before.rows, 0)}\n`
  }

  #other(kind: 'graphics' | 'off'): string {
    if (this.#before === null) return ''
    this.#before = null
    const text = kind === 'graphics' ? '(the screen is in a graphics mode, which is not shown)' : ''
    return `${ESC}0m${ESC}2J${moveTo(0, 0)}${text}`
  }
}

function moveTo(row: number, column: number): string {
  return `${ESC}${row + 1};${column + 1}H`
}

function coloursOf(attribute: number): string {
  const foreground = ANSI[attribute & 7]! + (attribute & 8 ? 90 : 30)
  const background = ANSI[(attribute >> 4) & 7]! + 40
  return `${ESC}0;${foreground};${background}${attribute & BLINK ? ';5' : ''}m`
}
