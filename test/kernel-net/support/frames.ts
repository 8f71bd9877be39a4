/** Frames written by hand, with a codec that shares nothing with the one under test. */

export const SYN = 2
export const ACK = 16
export const FIN = 1
export const RST = 4
export const PSH = 8

export interface Segment {
  from: number
  to: number
  sport: number
  dport: number
  seq: number
  ack?: number
  flags: number
  window?: number
  options?: number[]
  data?: Uint8Array
}

export interface SeenSegment extends Required<Omit<Segment, 'options'>> {
  mss: number | null
  scale: number | null
  sackPermitted: boolean
  timestamps: [number, number] | null
  sacks: [number, number][]
}

/** The checksum the slow way: 16 bits at a time. */
export function checksum(...parts: Uint8Array[]): number {
  const bytes = Buffer.concat(parts)
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

export function ethernet(destination: number, source: number, type: number, payload: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(14 + payload.length)
  frame.writeUIntBE(destination, 0, 6)
  frame.writeUIntBE(source, 6, 6)
  frame.writeUInt16BE(type, 12)
  frame.set(payload, 14)
  return frame
}

export function ipv4(
  from: number,
  to: number,
  protocol: number,
  payload: Uint8Array,
  extra: { id?: number; fragment?: number; ttl?: number; options?: number[] } = {},
): Uint8Array {
  const options = extra.options ?? []
  const header = Buffer.alloc(20 + options.length)
  header[0] = 0x40 | (header.length / 4)
  header.writeUInt16BE(header.length + payload.length, 2)
  header.writeUInt16BE(extra.id ?? 0, 4)
  header.writeUInt16BE(extra.fragment ?? 0, 6)
  header[8] = extra.ttl ?? 64
  header[9] = protocol
  header.writeUInt32BE(from, 12)
  header.writeUInt32BE(to, 16)
  header.set(options, 20)
  header.writeUInt16BE(checksum(header), 10)
  return Buffer.concat([header, payload])
}

function pseudo(from: number, to: number, protocol: number, length: number): Uint8Array {
  const header = Buffer.alloc(12)
  header.writeUInt32BE(from, 0)
  header.writeUInt32BE(to, 4)
  header[9] = protocol
  header.writeUInt16BE(length, 10)
  return header
}

export function tcp(segment: Segment): Uint8Array {
  const options = segment.options ?? []
  const data = segment.data ?? new Uint8Array(0)
  const bytes = Buffer.alloc(20 + options.length + data.length)
  bytes.writeUInt16BE(segment.sport, 0)
  bytes.writeUInt16BE(segment.dport, 2)
  bytes.writeUInt32BE(segment.seq >>> 0, 4)
  bytes.writeUInt32BE((segment.ack ?? 0) >>> 0, 8)
  bytes[12] = (20 + options.length) << 2
  bytes[13] = segment.flags
  bytes.writeUInt16BE(segment.window ?? 65535, 14)
  bytes.set(options, 20)
  bytes.set(data, 20 + options.length)
  bytes.writeUInt16BE(checksum(pseudo(segment.from, segment.to, 6, bytes.length), bytes), 16)
  return bytes
}

export function udp(from: number, sport: number, to: number, dport: number, data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(8 + data.length)
  bytes.writeUInt16BE(sport, 0)
  bytes.writeUInt16BE(dport, 2)
  bytes.writeUInt16BE(bytes.length, 4)
  bytes.set(data, 8)
  bytes.writeUInt16BE(checksum(pseudo(from, to, 17, bytes.length), bytes) || 0xffff, 6)
  return bytes
}

export function arp(
  operation: number,
  senderMac: number,
  sender: number,
  targetMac: number,
  target: number,
): Uint8Array {
  const bytes = Buffer.alloc(28)
  bytes.writeUInt16BE(1, 0)
  bytes.writeUInt16BE(0x0800, 2)
  bytes[4] = 6
  bytes[5] = 4
  bytes.writeUInt16BE(operation, 6)
  bytes.writeUIntBE(senderMac, 8, 6)
  bytes.writeUInt32BE(sender, 14)
  bytes.writeUIntBE(targetMac, 18, 6)
  bytes.writeUInt32BE(target, 24)
  return bytes
}

export interface SeenPacket {
  from: number
  to: number
  protocol: number
  id: number
  fragment: number
  payload: Buffer
}

/** Takes an IPv4 frame apart; null if it is something else. Throws on a bad header checksum. */
export function seeIpv4(frame: Uint8Array): SeenPacket | null {
  const bytes = Buffer.from(frame)
  if (bytes.readUInt16BE(12) !== 0x0800) return null
  const packet = bytes.subarray(14)
  const headerLength = (packet[0]! & 15) * 4
  if (checksum(packet.subarray(0, headerLength)) !== 0) throw new Error('bad IPv4 checksum')
  return {
    from: packet.readUInt32BE(12),
    to: packet.readUInt32BE(16),
    protocol: packet[9]!,
    id: packet.readUInt16BE(4),
    fragment: packet.readUInt16BE(6),
    payload: packet.subarray(headerLength, packet.readUInt16BE(2)),
  }
}

/** Takes a TCP frame apart; null if it is something else. Throws on a bad checksum. */
export function seeTcp(frame: Uint8Array): SeenSegment | null {
  const packet = seeIpv4(frame)
  if (!packet || packet.protocol !== 6) return null
  const { payload, from, to } = packet
  if (checksum(pseudo(from, to, 6, payload.length), payload) !== 0) throw new Error('bad TCP checksum')
  const headerLength = (payload[12]! >> 4) * 4
  const seen: SeenSegment = {
    from,
    to,
    sport: payload.readUInt16BE(0),
    dport: payload.readUInt16BE(2),
    seq: payload.readUInt32BE(4),
    ack: payload.readUInt32BE(8),
    flags: payload[13]!,
    window: payload.readUInt16BE(14),
    data: Uint8Array.from(payload.subarray(headerLength)),
    mss: null,
    scale: null,
    sackPermitted: false,
    timestamps: null,
    sacks: [],
  }
  for (let at = 20; at < headerLength;) {
    const kind = payload[at]!
    if (kind === 0) break
    if (kind === 1) {
      at++
      continue
    }
    const size = payload[at + 1]!
    if (kind === 2) seen.mss = payload.readUInt16BE(at + 2)
    if (kind === 3) seen.scale = payload[at + 2]!
    if (kind === 4) seen.sackPermitted = true
    if (kind === 8) seen.timestamps = [payload.readUInt32BE(at + 2), payload.readUInt32BE(at + 6)]
    if (kind === 5) {
      for (let block = at + 2; block < at + size; block += 8) {
        seen.sacks.push([payload.readUInt32BE(block), payload.readUInt32BE(block + 4)])
      }
    }
    at += size
  }
  return seen
}
