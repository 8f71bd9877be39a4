/** The stepper's screen: registers, code, stack, and what the last step was made of. Lines of text, at most 100 by 30. */
import type { Target } from '../target.ts'
import { entryFlags, readMemory, walk } from '../memory.ts'
import { describeLine, describePlace, type Symbols } from '../symbols/symbols.ts'
import { disassemble } from './disassembly.ts'
import { flagLetters, readRegisters, ringOf, type Value } from './registers.ts'
import type { Transition } from './transition.ts'

export interface Screen {
  readonly target: Target
  readonly symbols: Symbols
  /** Registers as they were before the last command. */
  readonly before: readonly Value[]
  /** The transition that is looked at, and how many of its micro-steps have been done. */
  readonly transition: Transition | null
  readonly done: number
  /** Whose page walk is shown. */
  readonly walked: bigint | null
  readonly message: string
}

/** How words stand out: on a terminal by colour, elsewhere by a mark. */
export interface Style {
  changed(text: string): string
  current(text: string): string
  heading(text: string): string
}

export const plainStyle: Style = {
  changed: (text) => `${text}*`,
  current: (text) => text,
  heading: (text) => text,
}

export const terminalStyle: Style = {
  changed: (text) => `\x1b[1;33m${text}\x1b[0m `,
  current: (text) => `\x1b[7m${text}\x1b[0m`,
  heading: (text) => `\x1b[1m${text}\x1b[0m`,
}

const COLUMNS = 100
const CODE_ROWS = 9
const CODE_COLUMNS = 62
const LOWER_ROWS = 8
const RSP = 4
export const KEYS =
  'n/b step  m/M micro-step  r/R ring  c/C continue  B break  p page walk  g goto  q quit  h help'

export function render(screen: Screen, style: Style): string[] {
  const code = codeLines(screen, style)
  const stack = stackLines(screen)
  const middle = code.map((line, i) => `${line} │ ${stack[i] ?? ''}`)
  return [
    style.heading(clip(title(screen))),
    ...registerLines(screen, style),
    rule('code', 'stack'),
    ...middle,
    rule(screen.walked === null ? 'the last step' : 'page walk'),
    ...pad(lowerLines(screen, style), LOWER_ROWS),
    clip(screen.message),
    KEYS,
  ]
}

function title({ target, symbols }: Screen): string {
  const { history, computer } = target
  const { instruction, event } = history.position
  const { cpu } = computer
  const place = symbols.at(cpu.rip)
  const where = [describePlace(place), describeLine(place?.source ?? null)].filter((text) => text !== null)
  const when = history.isLive ? 'the present' : `of ${history.present.instruction}`
  return `instruction ${instruction} (${when}), event ${event}, ring ${ringOf(cpu)}${where.length > 0 ? `, ${where.join(', ')}` : ''}`
}

function registerLines({ target, before }: Screen, style: Style): string[] {
  const { cpu } = target.computer
  const cells = readRegisters(cpu).map(({ name, value }, i) => {
    const digits = value.toString(16).padStart(16, '0')
    const isChanged = before[i] !== undefined && before[i].value !== value
    return `${name.padEnd(7)}${isChanged ? style.changed(digits) : `${digits} `}`
  })
  const rows = Array.from({ length: 6 }, (_, row) => cells.slice(4 * row, 4 * row + 4).join(' '))
  return [...rows, `flags ${flagLetters(cpu.rflags)}`]
}

function codeLines({ target, symbols }: Screen, style: Style): string[] {
  const lines = disassemble(target.computer.cpu, symbols, target.computer.cpu.rip, CODE_ROWS)
  let last = ''
  const texts = lines.map(({ address, text, source, place }, i) => {
    const line = describeLine(source) ?? place ?? ''
    const shown = line === last ? '' : line
    last = line
    const mark = target.points.some((point) => point.on === 'execute' && point.address === address)
      ? '●'
      : ' '
    const row = fit(
      `${i === 0 ? '▶' : ' '}${mark}${address.toString(16).padStart(12)}  ${fit(text, 28)} ${shown}`,
    )
    return i === 0 ? style.current(row) : row
  })
  return pad(texts, CODE_ROWS, ' '.repeat(CODE_COLUMNS))
}

function fit(text: string, columns = CODE_COLUMNS): string {
  return text.length > columns ? `${text.slice(0, columns - 1)}…` : text.padEnd(columns)
}

function stackLines({ target, symbols }: Screen): string[] {
  const { cpu } = target.computer
  const rsp = cpu.gpr(RSP)
  const bytes = readMemory(cpu, rsp, 8 * CODE_ROWS)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length >> 3 }, (_, i) => {
    const value = view.getBigUint64(8 * i, true)
    const name = describePlace(symbols.at(value)) ?? ''
    const offset = `+${(8 * i).toString(16)}`
    return `${offset.padEnd(4)}${value.toString(16).padStart(16, '0')} ${name}`.slice(
      0,
      COLUMNS - CODE_COLUMNS - 3,
    )
  })
}

function lowerLines(screen: Screen, style: Style): string[] {
  if (screen.walked !== null) return walkLines(screen, screen.walked)
  const { transition, done } = screen
  if (transition === null) return []
  const head = `${transition.name}: ring ${transition.fromRing} → ring ${transition.toRing}, ${done} of ${transition.steps.length} micro-steps`
  // In two columns, because an event has more than there are rows.
  const rows = LOWER_ROWS - 1
  const cells = transition.steps.map((text, i) => {
    const cell = fit(`${i < done ? '✓' : ' '} ${text}`, 49)
    return i === done ? style.current(cell) : cell
  })
  const first = Math.max(0, Math.min(done - rows, cells.length - 2 * rows))
  return [
    head,
    ...Array.from({ length: rows }, (_, i) => `${cells[first + i] ?? ''} ${cells[first + rows + i] ?? ''}`),
  ]
}

function walkLines({ target }: Screen, va: bigint): string[] {
  const { steps, gpa } = walk(target.computer.cpu, va)
  return [
    ...steps.map(
      (step) => `${step.name.padEnd(6)} at ${hex(step.gpa)}: ${hex(step.entry)}  ${entryFlags(step.entry)}`,
    ),
    `${hex(va)} ${gpa === null ? 'is not mapped' : `→ ${hex(gpa)}`}`,
  ]
}

function rule(left: string, right = ''): string {
  const before = `── ${left} `
  if (right === '') return before.padEnd(COLUMNS, '─')
  return `${before.padEnd(CODE_COLUMNS + 1, '─')}┬─ ${right} `.padEnd(COLUMNS, '─')
}

function pad(lines: readonly string[], count: number, filler = ''): string[] {
  return [
    ...lines.slice(0, count),
    ...Array.from({ length: Math.max(0, count - lines.length) }, () => filler),
  ]
}

function clip(text: string): string {
  return text.length > COLUMNS ? `${text.slice(0, COLUMNS - 1)}…` : text
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
