/** The trace as text for a terminal of 100 columns. */
import { stepTexts } from '../../cpu/probe-text.ts'
import type { Symbols } from '../symbols/symbols.ts'
import { changesOf, type Changes, type StackWord } from './changes.ts'
import { describeFrame } from './frame.ts'
import { hex, instructionText, placeText } from './place.ts'
import type { Cost } from './pricing.ts'
import type { FrameEvent } from './reader.ts'
import type { MicroStep, Transition } from './transition.ts'

export const COLUMNS = 100

/** How a part of a line is emphasised; the plain one gives the text back. */
export type Paint = (style: 'time' | 'inward' | 'outward' | 'detail' | 'frame', text: string) => string
export const plain: Paint = (_, text) => text

export interface LineOptions {
  readonly symbols: Symbols
  readonly paint: Paint
  /** The lines below each transition: what changed, and every micro-step. */
  readonly details: boolean
  readonly steps: boolean
}

const INDENT = ' '.repeat(13)
const STEP_COLUMN = 52
const [TIME, RING, CAUSE, FROM, TO, COUNT, CYCLES] = [12, 4, 12, 30, 22, 8, 6]

export function headerLine(): string {
  return [
    'time (ms)'.padStart(TIME),
    'ring',
    'cause'.padEnd(CAUSE),
    'at'.padEnd(FROM),
    'to'.padEnd(TO),
    'instr'.padStart(COUNT),
    'cycles'.padStart(CYCLES),
  ].join(' ')
}

/** Virtual time in milliseconds, to the nanosecond. */
export function timeText(timeNs: number): string {
  return (timeNs / 1e6).toFixed(6)
}

export function transitionLines(transition: Transition, cost: Cost, options: LineOptions): string[] {
  const { symbols, paint, details, steps } = options
  const { before, after, cause, instructions } = transition
  const rings = `${before.ring}→${after.ring}`.padEnd(RING)
  const direction = after.ring < before.ring ? 'inward' : after.ring > before.ring ? 'outward' : 'detail'
  const line = [
    paint('time', timeText(transition.timeNs).padStart(TIME)),
    paint(direction, `${rings} ${cause.label.padEnd(CAUSE)}`),
    placeText(symbols, before.rip, FROM).padEnd(FROM),
    placeText(symbols, after.rip, TO).padEnd(TO),
    String(instructions).padStart(COUNT),
    cyclesText(cost.transition).padStart(CYCLES),
  ].join(' ')
  const below = steps ? stepLines(transition.steps) : details ? detailLines(transition, symbols) : []
  return [line, ...below.map((each) => paint('detail', each))]
}

export function frameLine(frame: FrameEvent, paint: Paint): string {
  const arrow = frame.direction === 'received' ? '──▶' : '◀──'
  const text = `${arrow} frame ${frame.direction}, ${frame.length} bytes: ${describeFrame(frame.bytes)}`
  return `${paint('time', timeText(frame.timeNs).padStart(TIME))} ${paint('frame', text)}`
}

function cyclesText(cycles: number): string {
  return String(Math.round(cycles))
}

function detailLines(transition: Transition, symbols: Symbols): string[] {
  const { cause, abandoned } = transition
  const changes = changesOf(transition)
  const facts: string[] = []
  const instruction = instructionText(transition, symbols)
  if (instruction !== null) facts.push(instruction)
  if (cause.address !== undefined) facts.push(`address ${hex(cause.address)}`)
  if (cause.error !== undefined) facts.push(`error ${hex(cause.error)}`)
  for (const failed of abandoned) facts.push(`while ${failed.label} was delivered`)
  return wrap([...facts.map((fact) => `${fact};`), ...registerTexts(changes), ...stackTexts(changes)])
}

function registerTexts({ registers }: Changes): string[] {
  return registers.map(({ name, from, to }) =>
    from === null ? `${name}=${hex(to)}` : `${name} ${hex(from)}→${hex(to)}`,
  )
}

function stackTexts({ pushed, popped }: Changes): string[] {
  const words = (verb: string, list: readonly StackWord[], lowest: StackWord | undefined): string[] => {
    if (lowest === undefined) return []
    const where = lowest.address === null ? '' : ` at ${hex(lowest.address)}`
    return [
      `${verb}${where}:`,
      ...list.map(({ what, value }) => (what === '0' ? '0' : `${what}=${hex(value)}`)),
    ]
  }
  return [...words('push', pushed, pushed.at(-1)), ...words('pop', popped, popped[0])]
}

/** Micro-steps, one a line: what is written where. */
function stepLines(steps: readonly MicroStep[]): string[] {
  return steps.map((step, i) => `${INDENT}${String(i + 1).padStart(2)}  ${stepText(step)}`)
}

export function stepText({ step, value }: MicroStep): string {
  return `${(stepTexts[step] ?? `step ${step}`).padEnd(STEP_COLUMN)} ${hex(value)}`
}

/** Words in lines of at most COLUMNS characters. */
function wrap(words: readonly string[]): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of words) {
    if (line !== '' && INDENT.length + line.length + 1 + word.length > COLUMNS) {
      lines.push(INDENT + line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  if (line !== '') lines.push(INDENT + line)
  return lines
}
