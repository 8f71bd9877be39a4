/**
 * A trace as Perfetto's TrackEvent packets (its reference "Writing TrackEvent Protos Synthetically"): tracks, slices that nest on a track, instants, and flows
 * that join slices. Field numbers from `protos/perfetto/trace/` of Perfetto. The file is a sequence of packets, so it can be written as it comes.
 */
import { Message } from './protobuf.ts'

const TRACE_PACKET = 1
const PACKET_TIMESTAMP = 8
const PACKET_SEQUENCE_ID = 10
const PACKET_TRACK_EVENT = 11
const PACKET_SEQUENCE_FLAGS = 13
const PACKET_TRACK_DESCRIPTOR = 60
const SEQ_INCREMENTAL_STATE_CLEARED = 1
const TRACK_UUID = 1
const TRACK_NAME = 2
const TRACK_PARENT = 5
const TRACK_CHILD_ORDERING = 11
const TRACK_SIBLING_ORDER = 12
const CHILD_ORDERING_EXPLICIT = 3
const EVENT_ANNOTATION = 4
const EVENT_TYPE = 9
const EVENT_TRACK = 11
const EVENT_CATEGORY = 22
const EVENT_NAME = 23
const EVENT_FLOW = 47
const EVENT_TERMINATING_FLOW = 48
const ANNOTATION_UINT = 3
const ANNOTATION_STRING = 6
const ANNOTATION_NAME = 10
const TYPE_SLICE_BEGIN = 1
const TYPE_SLICE_END = 2
const TYPE_INSTANT = 3

/** All packets come from one writer. */
const SEQUENCE = 1
/** Track of the machine, above all others. */
const MACHINE_UUID = 1

export type Annotations = Readonly<Record<string, string | number>>

export interface EventOptions {
  readonly category: string
  readonly annotations?: Annotations
  /** Flows that go through this event, and flows that end here. */
  readonly flows?: readonly number[]
  readonly endingFlows?: readonly number[]
}

export class TrackEventWriter {
  readonly #write: (bytes: Uint8Array) => void
  #tracks = MACHINE_UUID
  readonly #children = new Map<number, number>()

  /** `write` gets whole packets. */
  constructor(write: (bytes: Uint8Array) => void, machine: string) {
    this.#write = write
    // No process: tracks below one lose their order.
    const track = new Message().varint(TRACK_UUID, MACHINE_UUID).text(TRACK_NAME, machine)
    track.varint(TRACK_CHILD_ORDERING, CHILD_ORDERING_EXPLICIT)
    const packet = new Message().varint(PACKET_SEQUENCE_ID, SEQUENCE)
    packet.varint(PACKET_SEQUENCE_FLAGS, SEQ_INCREMENTAL_STATE_CLEARED)
    this.#packet(packet.message(PACKET_TRACK_DESCRIPTOR, track))
  }

  /** A new track below `parent`; tracks stand in the order in which they are made. */
  track(name: string, parent: number = MACHINE_UUID): number {
    const uuid = ++this.#tracks
    const order = this.#children.get(parent) ?? 0
    this.#children.set(parent, order + 1)
    const track = new Message().varint(TRACK_UUID, uuid).text(TRACK_NAME, name).varint(TRACK_PARENT, parent)
    track.varint(TRACK_CHILD_ORDERING, CHILD_ORDERING_EXPLICIT).varint(TRACK_SIBLING_ORDER, order)
    const packet = new Message().varint(PACKET_SEQUENCE_ID, SEQUENCE)
    this.#packet(packet.message(PACKET_TRACK_DESCRIPTOR, track))
    return uuid
  }

  begin(track: number, timeNs: number, name: string, options: EventOptions): void {
    this.#event(track, timeNs, TYPE_SLICE_BEGIN, name, options)
  }

  end(track: number, timeNs: number): void {
    const event = new Message().varint(EVENT_TYPE, TYPE_SLICE_END).varint(EVENT_TRACK, track)
    this.#timed(timeNs, event)
  }

  instant(track: number, timeNs: number, name: string, options: EventOptions): void {
    this.#event(track, timeNs, TYPE_INSTANT, name, options)
  }

  #event(
    track: number,
    timeNs: number,
    type: number,
    name: string,
    { category, annotations = {}, flows = [], endingFlows = [] }: EventOptions,
  ): void {
    const event = new Message()
    for (const [key, value] of Object.entries(annotations))
      event.message(EVENT_ANNOTATION, annotation(key, value))
    event.varint(EVENT_TYPE, type).varint(EVENT_TRACK, track)
    event.text(EVENT_CATEGORY, category).text(EVENT_NAME, name)
    for (const flow of flows) event.fixed64(EVENT_FLOW, flow)
    for (const flow of endingFlows) event.fixed64(EVENT_TERMINATING_FLOW, flow)
    this.#timed(timeNs, event)
  }

  #timed(timeNs: number, event: Message): void {
    const packet = new Message()
      .varint(PACKET_TIMESTAMP, Math.round(timeNs))
      .varint(PACKET_SEQUENCE_ID, SEQUENCE)
    this.#packet(packet.message(PACKET_TRACK_EVENT, event))
  }

  #packet(packet: Message): void {
    this.#write(new Message().message(TRACE_PACKET, packet).finish())
  }
}

function annotation(name: string, value: string | number): Message {
  const message = new Message().text(ANNOTATION_NAME, name)
  return typeof value === 'number'
    ? message.varint(ANNOTATION_UINT, value)
    : message.text(ANNOTATION_STRING, value)
}
