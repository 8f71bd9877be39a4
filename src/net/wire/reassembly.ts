/** Puts IPv4 datagrams together from fragments (RFC 791 §3.2), in bounded memory. */
import { IdleTable } from '../idle-table.ts'
import { noBytes } from './bytes.ts'
import type { Ipv4Packet } from './ipv4.ts'
import type { Parsed } from './parsed.ts'

interface Assembly {
  /** Header of the piece at offset 0, which is the datagram's. */
  first: Ipv4Packet | null
  bytes: Uint8Array
  /** Bytes that have arrived, as disjoint ranges in order. */
  ranges: Range[]
  /** Known from the last piece; -1 before. */
  totalBytes: number
}
interface Range {
  start: number
  end: number
}

export interface ReassemblyLimits {
  /** Datagrams that may be incomplete at once; each holds at most 64 KiB. */
  datagrams: number
  /** How long a datagram may stay incomplete, in milliseconds. RFC 1122 §3.3.2 advises 60 to 120 s; Linux waits 30 s. */
  timeoutMs: number
}

/** Holes a datagram may have at once. Real networks make one or two. */
const MAX_RANGES = 64

export class Reassembly {
  readonly #pending: IdleTable<string, Assembly>
  /** Datagrams given up: pieces missing for too long, or pushed out by newer ones. */
  expired = 0

  constructor({ datagrams, timeoutMs }: ReassemblyLimits = { datagrams: 64, timeoutMs: 30_000 }) {
    this.#pending = new IdleTable({
      capacity: datagrams,
      idleMs: timeoutMs,
      onLeave: () => void this.expired++,
    })
  }

  get size(): number {
    return this.#pending.size
  }

  /**
   * Takes a piece. Gives the datagram when it was the last one missing, `null` when more must come. Pieces that
   * contradict each other condemn the whole datagram, as RFC 5722 asks of IPv6; plain repetitions are ignored.
   */
  add(packet: Ipv4Packet): Parsed<Ipv4Packet> | null {
    if (packet.fragmentOffset === 0 && !packet.moreFragments) return packet
    const key = `${packet.source} ${packet.destination} ${packet.protocol} ${packet.identification}`
    let assembly = this.#pending.peek(key)
    if (assembly === undefined) {
      assembly = { first: null, bytes: noBytes, ranges: [], totalBytes: -1 }
      this.#pending.set(key, assembly)
    }
    if (!insert(assembly, packet)) {
      this.#pending.delete(key)
      return 'ipv4: fragments overlap or scatter'
    }
    const [range, gap] = assembly.ranges
    const { first, totalBytes } = assembly
    if (first === null || gap !== undefined || range?.start !== 0 || range.end !== totalBytes) return null
    this.#pending.delete(key)
    return { ...first, moreFragments: false, payload: assembly.bytes.subarray(0, totalBytes) }
  }

  /** Forgets all incomplete datagrams. */
  clear(): void {
    this.#pending.clear()
  }
}

/** Stores a piece; `false` when it contradicts what is there. */
function insert(assembly: Assembly, packet: Ipv4Packet): boolean {
  const start = packet.fragmentOffset
  const end = start + packet.payload.length
  const arrivedEnd = assembly.ranges.at(-1)?.end ?? 0
  if (!packet.moreFragments) {
    if (assembly.totalBytes >= 0 && assembly.totalBytes !== end) return false
    if (arrivedEnd > end) return false
    assembly.totalBytes = end
  } else if (assembly.totalBytes >= 0 && end > assembly.totalBytes) return false
  if (assembly.ranges.some((range) => range.start < end && start < range.end))
    return isRepetition(assembly, start, packet.payload)
  if (start === 0) assembly.first = packet
  if (end > assembly.bytes.length) {
    const grown = new Uint8Array(Math.min(65_535, Math.max(end, assembly.bytes.length * 2)))
    grown.set(assembly.bytes.subarray(0, arrivedEnd))
    assembly.bytes = grown
  }
  assembly.bytes.set(packet.payload, start)
  assembly.ranges = merged(assembly.ranges, { start, end })
  return assembly.ranges.length <= MAX_RANGES
}

function isRepetition(assembly: Assembly, start: number, payload: Uint8Array): boolean {
  const end = start + payload.length
  if (!assembly.ranges.some((range) => range.start <= start && end <= range.end)) return false
  return payload.every((byte, i) => byte === assembly.bytes[start + i])
}

/** Adds a range that overlaps none, joined with those it touches. */
function merged(ranges: Range[], added: Range): Range[] {
  const before = ranges.filter((range) => range.end < added.start)
  const after = ranges.filter((range) => range.start > added.end)
  const touching = ranges.filter((range) => range.end === added.start || range.start === added.end)
  const start = Math.min(added.start, ...touching.map((range) => range.start))
  const end = Math.max(added.end, ...touching.map((range) => range.end))
  return [...before, { start, end }, ...after]
}
