/**
 * Packets from arrival to answer. A received frame is a slice that lasts until its answer is sent, or until the machine sleeps; its arrow goes through
 * the interrupt, the first function that handles it, the return to the application, and ends at the answer. The answer is a frame back to whom it came
 * from; when it brought something for the application, the first that takes something back after the application has run.
 */
import { type FrameDescription, parseFrame } from '../frame.ts'
import type { FrameEvent } from '../reader.ts'
import type { TrackEventWriter } from './track-events.ts'

type Stage = 'arrived' | 'interrupted' | 'handled' | 'delivered'

interface Packet {
  readonly flow: number
  readonly track: number
  readonly frame: FrameDescription
  stage: Stage
}

export class PacketLanes {
  readonly #writer: TrackEventWriter
  readonly #parent: number
  readonly #sentTrack: number
  readonly #free: number[] = []
  #open: Packet[] = []
  #flows = 0

  constructor(writer: TrackEventWriter, parent: number) {
    this.#writer = writer
    this.#parent = parent
    this.#sentTrack = writer.track('sent', parent)
  }

  frame(frame: FrameEvent): void {
    if (frame.direction === 'received') this.#received(frame)
    else this.#sent(frame)
  }

  /** An interrupt is delivered: flows of frames that it tells of. */
  interrupted(): number[] {
    return this.#advance(['arrived'], 'interrupted')
  }

  /** The kernel calls a function. */
  handled(): number[] {
    return this.#advance(['interrupted'], 'handled')
  }

  /** The application runs. A frame that came while the kernel was at work already needs no interrupt of its own. */
  delivered(): number[] {
    return this.#advance(['arrived', 'interrupted', 'handled'], 'delivered')
  }

  idle(timeNs: number): void {
    this.#close((packet) => packet.stage !== 'arrived', timeNs)
  }

  finish(timeNs: number): void {
    this.#close(() => true, timeNs)
  }

  #received(frame: FrameEvent): void {
    const track = this.#free.pop() ?? this.#writer.track('received', this.#parent)
    const flow = ++this.#flows
    const description = parseFrame(frame.bytes)
    this.#writer.begin(track, frame.timeNs, description.text, {
      category: 'packet',
      annotations: { bytes: frame.length },
      flows: [flow],
    })
    this.#open.push({ flow, track, frame: description, stage: 'arrived' })
  }

  #sent(frame: FrameEvent): void {
    const description = parseFrame(frame.bytes)
    const answered = this.#open.filter((packet) => isAnswer(description, packet))
    this.#writer.instant(this.#sentTrack, frame.timeNs, description.text, {
      category: 'packet',
      annotations: { bytes: frame.length },
      endingFlows: answered.map(({ flow }) => flow),
    })
    this.#close((packet) => answered.includes(packet), frame.timeNs)
  }

  #advance(from: readonly Stage[], to: Stage): number[] {
    const moved = this.#open.filter(({ stage }) => from.includes(stage))
    for (const packet of moved) packet.stage = to
    return moved.map(({ flow }) => flow)
  }

  #close(isDone: (packet: Packet) => boolean, timeNs: number): void {
    for (const packet of this.#open.filter(isDone)) {
      this.#writer.end(packet.track, timeNs)
      this.#free.push(packet.track)
    }
    this.#open = this.#open.filter((packet) => !isDone(packet))
  }
}

function isAnswer(sent: FrameDescription, { frame, stage }: Packet): boolean {
  if (sent.from !== frame.back) return false
  return frame.payload === 0 || (sent.payload > 0 && stage === 'delivered')
}
