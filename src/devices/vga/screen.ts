/** What a VGA shows. */
import { characterOf } from './code-page.ts'
import * as reg from './registers.ts'

export interface TextScreen {
  readonly kind: 'text'
  readonly columns: number
  readonly rows: number
  /** Character and attribute of each cell, row by row. */
  readonly cells: Uint8Array
  /** Null: off, or outside the screen. */
  readonly cursor: { readonly column: number; readonly row: number } | null
}

/** A graphics mode, of which nothing but its being there is told; or a screen that is switched off. */
export interface OtherScreen {
  readonly kind: 'graphics' | 'off'
}

export type Screen = TextScreen | OtherScreen

const MAX_COLUMNS = 132
const MAX_ROWS = 60

export interface ShownRegisters {
  readonly sequencer: Uint8Array
  readonly graphics: Uint8Array
  readonly crtc: Uint8Array
}

/** Reads the text buffer as the CRT controller does. */
export function captureScreen({ sequencer, graphics, crtc }: ShownRegisters, planes: Uint8Array): Screen {
  if (sequencer[reg.SEQ_CLOCKING]! & reg.SEQ_SCREEN_OFF) return { kind: 'off' }
  if (graphics[reg.GFX_MISC]! & reg.MISC_GRAPHICS) return { kind: 'graphics' }
  const columns = Math.min(MAX_COLUMNS, crtc[reg.CRTC_END_DISPLAY]! + 1)
  const overflow = crtc[reg.CRTC_OVERFLOW]!
  const lines = (crtc[reg.CRTC_VERTICAL_END]! | ((overflow & 2) << 7) | ((overflow & 0x40) << 3)) + 1
  const rows = Math.min(MAX_ROWS, Math.floor(lines / ((crtc[reg.CRTC_MAX_SCAN]! & 0x1f) + 1)))
  const start = u16(crtc, reg.CRTC_START_HIGH)
  const stride = 2 * crtc[reg.CRTC_OFFSET]!
  const cells = new Uint8Array(2 * columns * rows)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = (4 * (start + row * stride + column)) % planes.length
      cells.set(planes.subarray(at, at + 2), 2 * (row * columns + column))
    }
  }
  return { kind: 'text', columns, rows, cells, cursor: cursorOf(crtc, start, stride, rows) }
}

function cursorOf(crtc: Uint8Array, start: number, stride: number, rows: number): TextScreen['cursor'] {
  const offset = u16(crtc, reg.CRTC_CURSOR_HIGH) - start
  const row = Math.floor(offset / stride)
  if (crtc[reg.CRTC_CURSOR_START]! & reg.CURSOR_OFF || !(row >= 0 && row < rows)) return null
  return { column: offset - row * stride, row }
}

function u16(bytes: Uint8Array, high: number): number {
  return (bytes[high]! << 8) | bytes[high + 1]!
}

/** The rows as text, without blanks at their ends. */
export function screenText(screen: Screen): string[] {
  if (screen.kind !== 'text') return []
  const { columns, rows, cells } = screen
  return Array.from({ length: rows }, (_, row) => {
    let text = ''
    for (let column = 0; column < columns; column++) text += characterOf(cells[2 * (row * columns + column)]!)
    return text.trimEnd()
  })
}
