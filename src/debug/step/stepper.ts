/** The stepper's commands. One letter each; some take a word. */
import type { DebugPoint } from '../../cpu/debug-points.ts'
import type { Stop } from '../../machine/exit.ts'
import type { Symbols } from '../symbols/symbols.ts'
import type { Halt, Target } from '../target.ts'
import { walk, entryFlags } from '../memory.ts'
import { readRegisters, type Value } from './registers.ts'
import { stepWatched, type Transition } from './transition.ts'
import type { Screen } from './view.ts'

interface Command {
  readonly what: string
  /** What its word is; without one it takes none. */
  readonly word?: string
  run(stepper: Stepper, word: string): Halt | string | null
}

const WHY: Readonly<Record<Halt['why'], string>> = {
  there: '',
  breakpoint: 'a breakpoint',
  watchpoint: 'a watched place is accessed',
  ring: 'the ring has changed',
  interrupted: 'stopped',
  ended: '',
  'history-begins': 'the history begins here',
}

export const commands: Readonly<Record<string, Command>> = {
  n: { what: 'one step on: an instruction, or the delivery of an event', run: (stepper) => stepper.step() },
  b: { what: 'one step back', run: ({ target }) => target.stepBack() },
  m: { what: 'one micro-step of a transition on', run: (stepper) => stepper.microStep() },
  M: { what: 'one micro-step back', run: (stepper) => stepper.microStepBack() },
  r: { what: 'on to the next change of ring', run: ({ target }) => target.nextRingChange() },
  R: { what: 'back to the last change of ring', run: ({ target }) => target.previousRingChange() },
  c: { what: 'on to a breakpoint or the end', run: ({ target }) => target.continue() },
  C: { what: 'back to a breakpoint or the beginning', run: ({ target }) => target.reverseContinue() },
  B: {
    what: 'sets or removes a breakpoint',
    word: 'ADDRESS, FUNCTION or FILE:LINE',
    run: (stepper, word) => stepper.toggle(word),
  },
  p: {
    what: 'the page walk of an address',
    word: 'ADDRESS or FUNCTION',
    run: (stepper, word) => stepper.walk(word),
  },
  g: {
    what: 'to where so many instructions had retired',
    word: 'INSTRUCTIONS',
    run: ({ target }, word) => {
      if (!/^\d{1,15}$/.test(word)) return `${word}: not a count of instructions`
      return target.goto({ instruction: Number(word), event: 0 })
    },
  },
  h: {
    what: 'this list',
    run: () =>
      Object.entries(commands)
        .map(([key, { what }]) => `${key} ${what}`)
        .join('; '),
  },
  q: {
    what: 'ends the machine',
    run: (stepper) => {
      stepper.stop = 'killed'
      return null
    },
  },
}

export class Stepper {
  readonly target: Target
  readonly #symbols: Symbols
  #before: readonly Value[] = []
  #transition: Transition | null = null
  #done = 0
  #walked: bigint | null = null
  #message = ''
  stop: Stop | 'killed' | null = null
  readonly #isInterrupted: () => boolean

  constructor(target: Target, symbols: Symbols, isInterrupted: () => boolean) {
    this.target = target
    this.#symbols = symbols
    this.#isInterrupted = isInterrupted
  }

  get screen(): Screen {
    return {
      target: this.target,
      symbols: this.#symbols,
      before: this.#before,
      transition: this.#transition,
      done: this.#done,
      walked: this.#walked,
      message: this.#message,
    }
  }

  run(letter: string, word = ''): void {
    const command = Object.hasOwn(commands, letter) ? commands[letter] : undefined
    if (command === undefined) {
      this.#message = `${letter}: no such command; h lists them`
      return
    }
    this.#before = readRegisters(this.target.computer.cpu)
    if (letter !== 'm' && letter !== 'M') this.#transition = null
    this.#walked = null
    const result = command.run(this, word)
    this.#message = typeof result === 'string' ? result : this.#explain(result)
  }

  step(): Halt {
    this.#transition = stepWatched(this.target.history, this.#isInterrupted)
    this.#done = this.#transition?.steps.length ?? 0
    return { why: this.target.history.ended === null ? 'there' : 'ended' }
  }

  /** Through the transition that comes next, one thing after the other; the machine itself takes it whole, with the first. */
  microStep(): Halt | string {
    if (this.#transition !== null && this.#done < this.#transition.steps.length) {
      this.#done++
      return ''
    }
    const halt = this.step()
    if (this.#transition === null) return halt
    this.#done = Math.min(1, this.#transition.steps.length)
    return ''
  }

  microStepBack(): Halt | string {
    if (this.#transition !== null && this.#done > 1) {
      this.#done--
      return ''
    }
    const isAtFirst = this.#transition !== null
    this.#transition = null
    const halt = this.target.stepBack()
    if (isAtFirst || halt.why !== 'there') return halt
    // Back into a transition means to its end.
    const transition = stepWatched(this.target.history, this.#isInterrupted)
    if (transition === null) return this.target.stepBack()
    this.#transition = transition
    this.#done = Math.max(1, transition.steps.length - 1)
    return ''
  }

  toggle(word: string): string {
    const addresses = this.#addresses(word)
    if (addresses.length === 0) return `${word}: no such address, function, or line that has code`
    const points: readonly DebugPoint[] = this.target.points
    const others = points.filter(({ address }) => !addresses.includes(address))
    const added =
      others.length < points.length
        ? []
        : addresses.map((address) => ({ address, bytes: 1, on: 'execute' as const }))
    try {
      this.target.setPoints([...others, ...added])
    } catch (error) {
      return (error as Error).message
    }
    return `${added.length > 0 ? 'breakpoint at' : 'no breakpoint any more at'} ${addresses.map(hex).join(', ')}`
  }

  walk(word: string): string {
    const [address] = this.#addresses(word)
    if (address === undefined) return `${word}: no such address or function`
    this.#walked = address
    const { steps, gpa } = walk(this.target.computer.cpu, address)
    const path = steps.map(({ name, entry }) => `${name} ${hex(entry)} (${entryFlags(entry)})`)
    return `${path.join(', ')} ${gpa === null ? 'is not mapped' : `→ ${hex(gpa)}`}`
  }

  #addresses(word: string): bigint[] {
    if (/^0x[0-9a-f]{1,16}$/i.test(word)) return [BigInt(word)]
    const line = /^(.+):(\d+)$/.exec(word)
    if (line !== null) return this.#symbols.addressesOf(line[1]!, Number(line[2]))
    return this.#symbols.find(word).map(({ address }) => address)
  }

  #explain(halt: Halt | null): string {
    const { ended } = this.target.history
    if (ended !== null) return `${ended.message}; b goes back, q ends`
    return halt === null ? '' : WHY[halt.why]
  }
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
