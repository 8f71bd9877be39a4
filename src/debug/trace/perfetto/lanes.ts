/** A trace as lanes of Perfetto: the ring, the transitions, the packets, and the functions of each stack; arrows follow a packet through them. */
import { describePlace, shortName, type Symbols } from '../../symbols/symbols.ts'
import { changesOf } from '../changes.ts'
import { hex, instructionText, placeText } from '../place.ts'
import type { Cost } from '../pricing.ts'
import type { CallEvent, FrameEvent } from '../reader.ts'
import type { Transition } from '../transition.ts'
import { FunctionLanes } from './functions.ts'
import { PacketLanes } from './packets.ts'
import type { Annotations, TrackEventWriter } from './track-events.ts'

export class PerfettoLanes {
  readonly #writer: TrackEventWriter
  readonly #symbols: Symbols
  readonly #ringTrack: number
  readonly #transitionTrack: number
  readonly #packets: PacketLanes
  readonly #functions: FunctionLanes
  #ring: number | null = null
  #lastNs = 0

  constructor(writer: TrackEventWriter, symbols: Symbols) {
    this.#writer = writer
    this.#symbols = symbols
    this.#ringTrack = writer.track('ring')
    this.#transitionTrack = writer.track('transitions')
    this.#packets = new PacketLanes(writer, writer.track('packets'))
    this.#functions = new FunctionLanes(writer, writer.track('functions'), (target) => this.#name(target))
  }

  transition(transition: Transition, cost: Cost): void {
    const { before, after, timeNs, events, cause } = transition
    if (this.#ring !== before.ring) this.#enter(before.ring, this.#ring === null ? timeNs : this.#lastNs)
    // It has slept since: what it had to do with the packets that no application waited for is done.
    if (events.hlt !== undefined) this.#packets.idle(this.#lastNs)
    this.#lastNs = timeNs
    this.#writer.instant(this.#transitionTrack, timeNs, `${cause.label} ${before.ring}→${after.ring}`, {
      category: cause.name,
      annotations: this.#annotations(transition, cost),
      flows: cause.name === 'interrupt' || cause.name === 'fred-event' ? this.#packets.interrupted() : [],
    })
    const isApplication = after.ring === 3 || (after.ring === before.ring && this.#isApplication(after.rip))
    const flows = isApplication ? this.#packets.delivered() : []
    if (after.ring !== before.ring) this.#enter(after.ring, timeNs, flows)
  }

  call(call: CallEvent): void {
    this.#lastNs = Math.max(this.#lastNs, call.timeNs)
    const isApplication = this.#isApplication(call.target)
    if (call.isReturn) this.#functions.returned(call, isApplication ? this.#packets.delivered() : [])
    else this.#functions.called(call, isApplication ? this.#packets.delivered() : this.#packets.handled())
  }

  frame(frame: FrameEvent): void {
    this.#lastNs = Math.max(this.#lastNs, frame.timeNs)
    this.#packets.frame(frame)
  }

  /** Ends what is still open. */
  finish(): void {
    if (this.#ring !== null) this.#writer.end(this.#ringTrack, this.#lastNs)
    this.#packets.finish(this.#lastNs)
    this.#functions.finish(this.#lastNs)
  }

  #enter(ring: number, timeNs: number, flows: readonly number[] = []): void {
    if (this.#ring !== null) this.#writer.end(this.#ringTrack, timeNs)
    this.#writer.begin(this.#ringTrack, timeNs, `ring ${ring}`, { category: 'ring', flows })
    this.#ring = ring
  }

  /** Whether code of our own images is the application's, whatever ring it runs in: it has lines, and they are not the kernel's. */
  #isApplication(address: bigint): boolean {
    const place = this.#symbols.at(address)
    return place !== null && place.source !== null && !place.function.name.startsWith('~lib/')
  }

  #name(target: bigint): string {
    const place = describePlace(this.#symbols.at(target))
    return place === null ? hex(target) : shortName(place)
  }

  #annotations(transition: Transition, cost: Cost): Annotations {
    const { before, after, instructions, cause } = transition
    const { registers, pushed } = changesOf(transition)
    return {
      from: placeText(this.#symbols, before.rip),
      to: placeText(this.#symbols, after.rip),
      instruction: instructionText(transition, this.#symbols) ?? '',
      'instructions since': instructions,
      'modelled cycles': Math.round(cost.transition),
      changed: registers.map(({ name, to }) => `${name}=${hex(to)}`).join(' '),
      ...(pushed.length > 0
        ? { pushed: pushed.map(({ what, value }) => `${what}=${hex(value)}`).join(' ') }
        : {}),
      ...(cause.address === undefined ? {} : { address: hex(cause.address) }),
      ...(cause.error === undefined ? {} : { error: hex(cause.error) }),
    }
  }
}
