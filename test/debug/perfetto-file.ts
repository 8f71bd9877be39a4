/** Reads a file of Perfetto packets back, from the wire format and the field numbers of `protos/perfetto/trace` alone. Throws where they are not kept. */

type Fields = Map<number, (bigint | Uint8Array)[]>

/** One message: field number → values. Only the wire types that Perfetto's messages here have. */
function parse(bytes: Uint8Array): Fields {
  const fields: Fields = new Map()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined || shift > 63n) throw new Error('a varint without an end')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const key = varint()
    const [field, wire] = [Number(key >> 3n), Number(key & 7n)]
    let value: bigint | Uint8Array
    if (wire === 0) value = varint()
    else if (wire === 1) {
      value = new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0, true)
      at += 8
    } else if (wire === 2) {
      const length = Number(varint())
      if (at + length > bytes.length) throw new Error(`field ${field} goes beyond its message`)
      value = bytes.subarray(at, at + length)
      at += length
    } else throw new Error(`field ${field} has wire type ${wire}`)
    fields.set(field, [...(fields.get(field) ?? []), value])
  }
  return fields
}

export interface Track {
  readonly uuid: number
  readonly name: string
  readonly parent: number | null
}

export interface PerfettoEvent {
  readonly type: 'begin' | 'end' | 'instant'
  readonly timeNs: number
  readonly track: number
  readonly name: string
  readonly annotations: Readonly<Record<string, string | number>>
  readonly flows: readonly number[]
  readonly endingFlows: readonly number[]
}

const types = { 1: 'begin', 2: 'end', 3: 'instant' } as const

export function readPerfetto(file: Uint8Array): { tracks: Track[]; events: PerfettoEvent[] } {
  const tracks: Track[] = []
  const events: PerfettoEvent[] = []
  const trace = parse(file)
  if ([...trace.keys()].some((field) => field !== 1)) throw new Error('a Trace has packets only')
  for (const [index, packet] of (trace.get(1) ?? []).entries()) {
    const fields = parse(bytesOf(packet))
    if (number(fields, 10) === null) throw new Error('a packet without trusted_packet_sequence_id')
    if (index === 0 && ((number(fields, 13) ?? 0) & 1) === 0)
      throw new Error('the first packet of a sequence clears its incremental state')
    const descriptor = fields.get(60)?.[0]
    const event = fields.get(11)?.[0]
    if ((descriptor === undefined) === (event === undefined)) throw new Error('a packet is one of the two')
    if (descriptor !== undefined) tracks.push(trackOf(parse(bytesOf(descriptor)), tracks))
    else events.push(eventOf(fields, parse(bytesOf(event)), tracks))
  }
  return { tracks, events }
}

function trackOf(fields: Fields, before: readonly Track[]): Track {
  const track = { uuid: number(fields, 1)!, name: text(fields, 2) ?? '', parent: number(fields, 5) }
  if (!track.uuid || track.name === '') throw new Error('a track has a uuid and a name')
  if (before.some(({ uuid }) => uuid === track.uuid))
    throw new Error(`track ${track.uuid} is described twice`)
  if (track.parent !== null && !before.some(({ uuid }) => uuid === track.parent))
    throw new Error(`track ${track.uuid} is below one that is not described before it`)
  return track
}

function eventOf(packet: Fields, fields: Fields, tracks: readonly Track[]): PerfettoEvent {
  const type = types[number(fields, 9) as 1 | 2 | 3]
  const timeNs = number(packet, 8)
  const track = number(fields, 11)
  const name = text(fields, 23)
  if (type === undefined || timeNs === null) throw new Error('an event has a type, its packet a timestamp')
  if (!tracks.some(({ uuid }) => uuid === track))
    throw new Error(`an event is on track ${track}, which is not described`)
  if (type !== 'end' && !name) throw new Error('slices and instants have names')
  const annotations: Record<string, string | number> = {}
  for (const each of fields.get(4) ?? []) {
    const annotation = parse(bytesOf(each))
    annotations[text(annotation, 10)!] = text(annotation, 6) ?? number(annotation, 3)!
  }
  return {
    type,
    timeNs,
    track: track!,
    name: name ?? '',
    annotations,
    flows: (fields.get(47) ?? []).map(Number),
    endingFlows: (fields.get(48) ?? []).map(Number),
  }
}

function bytesOf(value: bigint | Uint8Array | undefined): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error('a message is expected')
  return value
}

function number(fields: Fields, field: number): number | null {
  const value = fields.get(field)?.[0]
  return typeof value === 'bigint' ? Number(value) : null
}

function text(fields: Fields, field: number): string | null {
  const value = fields.get(field)?.[0]
  return value instanceof Uint8Array ? new TextDecoder('utf-8', { fatal: true }).decode(value) : null
}

/** What Perfetto's reference asks of events: tracks in order of time, slices that nest and end, flows with a beginning. */
export function checkRules({ events }: { readonly events: readonly PerfettoEvent[] }): void {
  const open = new Map<number, number>()
  const flows = new Set<number>()
  let lastNs = 0
  for (const event of events) {
    if (event.timeNs < lastNs) throw new Error(`time goes back to ${event.timeNs} at ${event.name}`)
    lastNs = event.timeNs
    const depth = (open.get(event.track) ?? 0) + (event.type === 'begin' ? 1 : event.type === 'end' ? -1 : 0)
    if (depth < 0) throw new Error(`a slice ends on track ${event.track} where none is open`)
    open.set(event.track, depth)
    for (const flow of event.flows) flows.add(flow)
    for (const flow of event.endingFlows)
      if (!flows.has(flow)) throw new Error(`flow ${flow} ends before it begins`)
  }
  for (const [track, depth] of open)
    if (depth > 0) throw new Error(`${depth} slices stay open on track ${track}`)
}
