/**
 * One call of the kernel, instruction by instruction: from the application's CALL to the function that does the work, and from there back. What the
 * processor does by itself on the way stands between the instructions, as micro-steps. The run is determined, so two link modes meet the same call.
 */
import { decode, DecodeStatus, format, Instruction } from '../../../isa/index.ts'
import { CPL } from '../../../cpu/layout.ts'
import { Computer, type CpuModules } from '../../../machine/computer.ts'
import { Control, createControl, STOP_REQUESTED } from '../../../machine/control.ts'
import { Runner } from '../../../machine/runner.ts'
import { CALL_KINDS, TRANSITION_KINDS } from '../../../machine/trace-port.ts'
import { ImageCode } from '../../symbols/code.ts'
import { describePlace, Symbols } from '../../symbols/symbols.ts'
import { TraceReader } from '../reader.ts'
import type { Transition } from '../transition.ts'

/** Why there is nothing to show; for people. */
export class WalkError extends Error {
  override name = 'WalkError'
}

export type Step =
  | { readonly kind: 'instruction'; readonly ring: number; readonly function: string; readonly text: string }
  | { readonly kind: 'transition'; readonly transition: Transition }

export interface Walk {
  /** From the application's CALL to the first instruction of the work. */
  readonly inward: readonly Step[]
  /** Name of the function that does the work, and how many instructions it took. */
  readonly work: string
  readonly workInstructions: number
  /** From behind the work to behind the application's CALL; null when the work did not return in time. */
  readonly outward: readonly Step[] | null
}

const RSP = 4
const MEMORY_BYTES: number = 64 << 20
/** A call that has not come by then does not come. */
const MOST_BEFORE = 400_000_000
const MOST_WORK = 1_000_000
/** Neither way in nor out is as long. */
const MOST_ENTRY = 20_000
const SLICE = 20_000

/** Follows the first call of `kernel.NAME`. Throws a WalkError when the image has none, or the application does not call it. */
export function walkCall(image: Uint8Array, name: string, modules: CpuModules): Walk {
  const symbols = Symbols.fromImage(image)
  const entry = symbols.find(`kernel.${name}`)[0]?.address
  if (entry === undefined)
    throw new WalkError(`there is no kernel.${name} in it: no such call, or it was inlined`)
  const work = symbols.find(`kernel.checked_${name}`)[0]?.address ?? entry
  const at = findCall(image, entry, modules)
  if (at === null) throw new WalkError(`the application does not call ${name}`)
  return new Walker(image, symbols, modules, work).walk(at)
}

/** Instructions retired before the first CALL of `entry`. */
function findCall(image: Uint8Array, entry: bigint, modules: CpuModules): number | null {
  let found: number | null = null
  const computer = createComputer(image, modules)
  const reader = new TraceReader({
    call: ({ isReturn, target, retired }) => {
      if (!isReturn && target === entry) found ??= retired
    },
  })
  computer.cpu.trace((bytes) => reader.push(bytes), TRANSITION_KINDS | CALL_KINDS)
  run(computer, MOST_BEFORE, SLICE, () => found !== null)
  return found
}

function createComputer(image: Uint8Array, modules: CpuModules): Computer {
  const computer = new Computer({
    modules,
    memoryBytes: MEMORY_BYTES,
    seed: new Uint8Array(32),
    epochMs: 0,
    serial: () => {},
  })
  computer.load({ image })
  return computer
}

/** Runs to `end` instructions, or until `isDone`, which is asked between slices; or until nothing can happen any more. */
function run({ board, clock, cpu }: Computer, end: number, slice: number, isDone: () => boolean): void {
  const control = new Control(createControl())
  const stopWhenDone = (): void => {
    if (isDone()) control.requestStop(STOP_REQUESTED)
  }
  new Runner({
    board,
    clock,
    processor: cpu,
    control,
    maxInstructions: end,
    idle: 'leap',
    slice,
    poll: stopWhenDone,
    // About to sleep with nothing to wake it: nobody is there to do that.
    flush: () => {
      if (clock.nextDeadlineNs === Infinity) control.requestStop(STOP_REQUESTED)
    },
  }).run()
}

class Walker {
  readonly #symbols: Symbols
  readonly #code: ImageCode
  readonly #computer: Computer
  readonly #work: bigint
  #steps: Step[] = []

  constructor(image: Uint8Array, symbols: Symbols, modules: CpuModules, work: bigint) {
    this.#symbols = symbols
    this.#code = new ImageCode(image)
    this.#computer = createComputer(image, modules)
    this.#work = work
  }

  walk(start: number): Walk {
    const { cpu } = this.#computer
    run(this.#computer, start, SLICE, () => false)
    const reader = new TraceReader({
      transition: (transition) => this.#steps.push({ kind: 'transition', transition }),
    })
    cpu.trace((bytes) => reader.push(bytes), TRANSITION_KINDS)
    const rsp = cpu.gpr(RSP)
    const inward = this.#follow(MOST_ENTRY, () => cpu.rip === this.#work)
    if (inward === null) throw new WalkError('the way to the work is longer than anybody would read')

    const workRsp = cpu.gpr(RSP)
    const before = cpu.retired
    const isBack = this.#skip(MOST_WORK, () => cpu.gpr(RSP) === workRsp + 8n)
    const workInstructions = cpu.retired - before
    const isOut = (): boolean => cpu.gpr(RSP) === rsp && cpu.rip !== this.#work
    const outward = isBack ? this.#follow(MOST_ENTRY, isOut) : null
    const work = describePlace(this.#symbols.at(this.#work)) ?? ''
    return { inward, work, workInstructions, outward }
  }

  /** Steps until `isDone` and answers what was passed; null when that takes too long. */
  #follow(most: number, isDone: () => boolean): Step[] | null {
    const { cpu } = this.#computer
    const end = cpu.retired + most
    this.#steps = []
    while (!isDone()) {
      if (cpu.retired >= end) return null
      const instruction = this.#instruction()
      const before = cpu.retired
      const passed = this.#steps.length
      this.#one()
      // An interrupt may come instead of the instruction; an exception comes of it.
      if (cpu.retired > before || !this.#isInterrupted(passed)) this.#steps.splice(passed, 0, instruction)
    }
    return this.#steps
  }

  #isInterrupted(from: number): boolean {
    const first = this.#steps[from]
    return first?.kind === 'transition' && first.transition.cause.name === 'interrupt'
  }

  #skip(most: number, isDone: () => boolean): boolean {
    const { cpu } = this.#computer
    let isReached = false
    run(this.#computer, cpu.retired + most, 1, () => (isReached ||= isDone()))
    return isReached
  }

  #one(): void {
    const { cpu } = this.#computer
    run(this.#computer, cpu.retired + 1, 1, () => false)
  }

  #instruction(): Step {
    const { cpu } = this.#computer
    const { rip } = cpu
    const bytes = this.#code.at(rip, 15)
    const instruction = new Instruction()
    const isDecoded = decode(bytes, 0, bytes.length, 64, instruction) === DecodeStatus.ok
    const name = describePlace(this.#symbols.at(rip)) ?? `0x${rip.toString(16)}`
    return {
      kind: 'instruction',
      ring: cpu.getState32(CPL),
      function: name.replace(/\+0x.*/, ''),
      text: isDecoded
        ? format(instruction, rip, (address) => describePlace(this.#symbols.at(address)) ?? undefined)
        : '?',
    }
  }
}
