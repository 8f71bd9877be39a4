/** Calls and returns as nested slices, one track for each stack: which stack it is follows from RSP alone, so it works for any guest. */
import type { CallEvent } from '../reader.ts'
import type { TrackEventWriter } from './track-events.ts'

/** RSP moves by less than this between two calls on one stack. */
const NEAR = 0x1_0000n

interface Stack {
  readonly track: number
  /** RSP after the push of the return address, outermost first. */
  readonly frames: bigint[]
  rsp: bigint
}

export class FunctionLanes {
  readonly #writer: TrackEventWriter
  readonly #parent: number
  readonly #name: (target: bigint) => string
  readonly #stacks: Stack[] = []
  #current: Stack | null = null

  constructor(writer: TrackEventWriter, parent: number, name: (target: bigint) => string) {
    this.#writer = writer
    this.#parent = parent
    this.#name = name
  }

  called({ target, rsp, timeNs }: CallEvent, flows: readonly number[]): void {
    const name = this.#name(target)
    const stack = this.#at(rsp) ?? this.#add(rsp, name)
    // Frames at or below are left over: a thread has ended, or a fault has thrown its stack away.
    this.#unwind(stack, rsp + 1n, timeNs)
    stack.frames.push(rsp)
    this.#writer.begin(stack.track, timeNs, name, { category: 'function', flows })
  }

  returned({ target, rsp, timeNs }: CallEvent, flows: readonly number[]): void {
    const stack = this.#at(rsp)
    if (stack === null) return
    this.#unwind(stack, rsp, timeNs)
    if (flows.length === 0) return
    const name = `back in ${this.#name(target)}`
    this.#writer.instant(stack.track, timeNs, name, { category: 'function', flows })
  }

  finish(timeNs: number): void {
    for (const stack of this.#stacks) for (const _ of stack.frames) this.#writer.end(stack.track, timeNs)
  }

  /** Ends the slices of frames below `rsp`. */
  #unwind(stack: Stack, rsp: bigint, timeNs: number): void {
    stack.rsp = rsp
    while (stack.frames.length > 0 && stack.frames.at(-1)! < rsp) {
      stack.frames.pop()
      this.#writer.end(stack.track, timeNs)
    }
  }

  #at(rsp: bigint): Stack | null {
    if (this.#current !== null && isNear(this.#current, rsp)) return this.#current
    this.#current = this.#stacks.find((stack) => isNear(stack, rsp)) ?? null
    return this.#current
  }

  #add(rsp: bigint, name: string): Stack {
    const track = this.#writer.track(`${name} · stack at 0x${rsp.toString(16)}`, this.#parent)
    this.#current = { track, frames: [], rsp }
    this.#stacks.push(this.#current)
    return this.#current
  }
}

function isNear({ rsp }: Stack, other: bigint): boolean {
  const distance = rsp > other ? rsp - other : other - rsp
  return distance < NEAR
}
