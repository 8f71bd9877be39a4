/** Frames for tests, with an Internet checksum written for this file alone. */

export const GUEST_MAC: Uint8Array = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56)
export const HOST_MAC: Uint8Array = Uint8Array.of(2, 0, 0, 0, 0, 1)

export function checksum(...parts: Uint8Array[]): number {
  let sum = 0n
  for (const part of parts)
    for (const [i, byte] of part.entries()) sum += BigInt(byte) << (i % 2 === 0 ? 8n : 0n)
  while (sum >> 16n) sum = (sum & 0xffffn) + (sum >> 16n)
  return Number(sum) ^ 0xffff
}

export interface TcpFields {
  ipv6?: boolean
  from?: Uint8Array
  to?: Uint8Array
  ports?: [from: number, to: number]
  sequence?: number
  flags?: number
  payload: Uint8Array
  /** What stands in the checksum field: right, or only the pseudo-header's sum as a driver leaves it. */
  sum: 'full' | 'pseudo' | 'wrong'
  protocol?: 6 | 17
}

/** An Ethernet frame with TCP (20 bytes of header) or UDP in IPv4 or IPv6. */
export function buildFrame(fields: TcpFields): Uint8Array {
  const { payload, ipv6 = false, protocol = 6 } = fields
  const transportHeader = protocol === 6 ? 20 : 8
  const ipHeader = ipv6 ? 40 : 20
  const frame = new Uint8Array(14 + ipHeader + transportHeader + payload.length)
  const view = new DataView(frame.buffer)
  frame.set(fields.to ?? HOST_MAC)
  frame.set(fields.from ?? GUEST_MAC, 6)
  view.setUint16(12, ipv6 ? 0x86dd : 0x0800)
  const transport = 14 + ipHeader
  const length = transportHeader + payload.length
  if (ipv6) {
    view.setUint32(14, 0x6000_0000)
    view.setUint16(18, length)
    frame[20] = protocol
    frame[21] = 64
    frame.set([0xfd, 1], 22)
    frame.set([0xfd, 2], 38)
  } else {
    view.setUint16(14, 0x4500)
    view.setUint16(16, 20 + length)
    view.setUint16(18, 0xfffe)
    frame[22] = 64
    frame[23] = protocol
    frame.set([10, 0, 2, 15, 10, 0, 2, 2], 26)
    view.setUint16(24, checksum(frame.subarray(14, 34)))
  }
  const [from, to] = fields.ports ?? [40_000, 7]
  view.setUint16(transport, from)
  view.setUint16(transport + 2, to)
  if (protocol === 6) {
    view.setUint32(transport + 4, fields.sequence ?? 0)
    view.setUint16(transport + 12, 0x5000 | (fields.flags ?? 0x18))
  } else view.setUint16(transport + 4, length)
  frame.set(payload, transport + transportHeader)
  const at = transport + (protocol === 6 ? 16 : 6)
  const pseudo = pseudoHeader(frame, ipv6, protocol, length)
  const sum =
    fields.sum === 'pseudo' ? checksum(pseudo) ^ 0xffff : checksum(pseudo, frame.subarray(transport))
  view.setUint16(at, fields.sum === 'wrong' ? sum ^ 0x5555 : sum)
  return frame
}

export function pseudoHeader(frame: Uint8Array, ipv6: boolean, protocol: number, length: number): Uint8Array {
  const addresses = ipv6 ? frame.subarray(22, 54) : frame.subarray(26, 34)
  return Uint8Array.from([...addresses, 0, protocol, length >> 8, length & 0xff])
}

/** Whether all checksums of a TCP or UDP frame are right. */
export function isRight(frame: Uint8Array): boolean {
  const ipv6 = frame[12] === 0x86
  const transport = ipv6 ? 54 : 34
  const protocol = ipv6 ? frame[20]! : frame[23]!
  const ipOk = ipv6 || checksum(frame.subarray(14, 34)) === 0
  const pseudo = pseudoHeader(frame, ipv6, protocol, frame.length - transport)
  return ipOk && checksum(pseudo, frame.subarray(transport)) === 0
}
