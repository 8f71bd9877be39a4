/** Shows a trace as it comes: chooses, prices, prints, sums up, and says when enough was shown. */
import type { Symbols } from '../symbols/symbols.ts'
import { describeLine, describePlace } from '../symbols/symbols.ts'
import { changesOf, type Changes } from './changes.ts'
import { describeFrame } from './frame.ts'
import { frameLine, type Paint, transitionLines } from './lines.ts'
import { hex, instructionText } from './place.ts'
import type { PerfettoLanes } from './perfetto/lanes.ts'
import { type Cost, Pricer, type Pricing } from './pricing.ts'
import type { CallEvent, FrameEvent, TraceListener } from './reader.ts'
import { type Filter, matches, type Window } from './selection.ts'
import { Summary } from './summary.ts'
import type { Registers, Transition } from './transition.ts'

export interface ViewOptions {
  readonly symbols: Symbols
  readonly pricing: Pricing
  readonly window: Window
  readonly filter: Filter
  readonly format: 'brief' | 'details' | 'steps' | 'json'
  readonly paint: Paint
  print(line: string): void
  /** Gets everything in the window, shown or not. */
  readonly lanes: PerfettoLanes | null
  /** Transitions to show at most. */
  readonly most: number
  /** Enough has been shown; called once. */
  end(): void
}

export class View implements TraceListener {
  readonly summary = new Summary()
  /** All transitions by the names of the processor's counters, shown or not. */
  readonly seen: Record<string, number> = {}
  readonly #options: ViewOptions
  readonly #pricer: Pricer
  #shown = 0
  #hasEnded = false

  constructor(options: ViewOptions) {
    this.#options = options
    this.#pricer = new Pricer(options.pricing)
  }

  /** The window is over, or enough was shown. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  transition(transition: Transition): void {
    const { symbols, window, filter, most } = this.#options
    const { cause, before, after, retired, timeNs } = transition
    this.seen[cause.name] = (this.seen[cause.name] ?? 0) + 1
    // Priced whether it is shown or not: what one owes the next must add up.
    const cost = this.#pricer.price(transition)
    if (!this.#includes({ retired, timeNs, addresses: [before.rip, after.rip] })) return
    this.summary.add(transition, cost)
    this.#options.lanes?.transition(transition, cost)
    if (window.isOver || !matches(filter, transition, symbols)) return
    this.#print(transition, cost)
    if (++this.#shown >= most) this.#end()
  }

  call(call: CallEvent): void {
    const moment = { ...call, addresses: [call.target] }
    if (this.#includes(moment)) this.#options.lanes?.call(call)
  }

  frame(frame: FrameEvent): void {
    if (!this.#includes({ ...frame, addresses: [] })) return
    this.summary.addFrame(frame)
    this.#options.lanes?.frame(frame)
    const { format, paint, print } = this.#options
    if (format === 'json') print(JSON.stringify(frameObject(frame)))
    else print(frameLine(frame, paint))
  }

  summaryObject(): object {
    const { causes, ...rest } = this.summary
    return { ...rest, model: this.#options.pricing.name, causes: [...causes.values()] }
  }

  #includes(moment: Parameters<Window['includes']>[0]): boolean {
    if (this.#hasEnded) return false
    const isInside = this.#options.window.includes(moment)
    if (this.#options.window.isOver) this.#end()
    return isInside
  }

  #end(): void {
    this.#hasEnded = true
    this.#options.end()
  }

  #print(transition: Transition, cost: Cost): void {
    const { format, print, symbols, paint } = this.#options
    if (format === 'json') return print(JSON.stringify(transitionObject(transition, cost, symbols)))
    const lines = transitionLines(transition, cost, {
      symbols,
      paint,
      details: format === 'details',
      steps: format === 'steps',
    })
    for (const line of lines) print(line)
  }
}

/** A transition as one JSON object. 64-bit values are hexadecimal text. */
export function transitionObject(transition: Transition, cost: Cost, symbols: Symbols): object {
  const { number, timeNs, retired, instructions, cause, before, after, events, steps } = transition
  return {
    number,
    timeNs,
    retired,
    cause: cause.name,
    label: cause.label,
    ...(cause.vector === undefined ? {} : { vector: cause.vector }),
    ...(cause.error === undefined ? {} : { error: cause.error }),
    ...(cause.address === undefined ? {} : { address: hex(cause.address) }),
    instruction: instructionText(transition, symbols),
    before: registersObject(before, symbols),
    after: registersObject(after, symbols),
    changed: changesObject(changesOf(transition)),
    steps: steps.map(({ step, value }) => ({ step, value: hex(value) })),
    since: { instructions, events, cycles: cost.since },
    cycles: cost.transition,
  }
}

function registersObject(registers: Registers, symbols: Symbols): object {
  const place = symbols.at(registers.rip)
  return {
    ring: registers.ring,
    rip: hex(registers.rip),
    function: describePlace(place),
    line: place === null ? null : describeLine(place.source),
    rsp: hex(registers.rsp),
    rflags: hex(registers.rflags),
    cs: registers.cs,
    ss: registers.ss,
    cr3: hex(registers.cr3),
  }
}

function changesObject({ registers, pushed, popped }: Changes): object {
  const word = ({ address, what, value }: Changes['pushed'][number]): object => ({
    address: address === null ? null : hex(address),
    what,
    value: hex(value),
  })
  return {
    registers: registers.map(({ name, from, to }) => ({
      name,
      from: from === null ? null : hex(from),
      to: hex(to),
    })),
    pushed: pushed.map(word),
    popped: popped.map(word),
  }
}

function frameObject(frame: FrameEvent): object {
  const { direction, length, timeNs, retired, bytes } = frame
  return { frame: direction, timeNs, retired, length, text: describeFrame(bytes) }
}
