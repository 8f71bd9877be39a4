/** TCP segmentation in place of the driver (VIRTIO_NET_F_HOST_TSO4, HOST_TSO6): one big packet in, packets of the MTU out. */
import { findTransport, fold, readU16, sumPseudoHeader, sumWords, writeU16 } from './checksum.ts'

const TCP = 6
const FLAGS = 13
const FIN_PSH = 0x09
const CWR = 0x80

/**
 * Cuts `frame` into frames with at most `gsoSize` bytes of payload and hands each to `emit`, checksums complete. The bytes
 * belong to the receiver. False when the frame is not a TCP packet of the kind that `isIpv6` says.
 */
export function segmentTcp(
  frame: Uint8Array,
  isIpv6: boolean,
  gsoSize: number,
  emit: (segment: Uint8Array) => void,
): boolean {
  const transport = findTransport(frame)
  if (transport === null || transport.protocol !== TCP || transport.isIpv6 !== isIpv6 || gsoSize === 0)
    return false
  const { ipOffset, offset, end } = transport
  if (offset + 20 > end) return false
  const payload = offset + 4 * (frame[offset + 12]! >> 4)
  if (payload < offset + 20 || payload > end) return false

  const sequence = ((readU16(frame, offset + 4) << 16) | readU16(frame, offset + 6)) >>> 0
  const identification = readU16(frame, ipOffset + 4)
  const flags = frame[offset + FLAGS]!
  let index = 0
  for (let at = payload; at < end || index === 0; at += gsoSize, index++) {
    const take = Math.min(gsoSize, end - at)
    const isFirst = index === 0
    const isLast = at + take >= end
    const segment = new Uint8Array(payload + take)
    segment.set(frame.subarray(0, payload))
    segment.set(frame.subarray(at, at + take), payload)

    const number = (sequence + (at - payload)) >>> 0
    writeU16(segment, offset + 4, number >>> 16)
    writeU16(segment, offset + 6, number & 0xffff)
    segment[offset + FLAGS] = flags & ~(isLast ? 0 : FIN_PSH) & ~(isFirst ? 0 : CWR)
    if (isIpv6) writeU16(segment, ipOffset + 4, segment.length - ipOffset - 40)
    else finishIpv4(segment, ipOffset, offset, identification + index)
    finishTcp(segment, offset)
    emit(segment)
  }
  return true
}

function finishIpv4(segment: Uint8Array, ipOffset: number, offset: number, identification: number): void {
  writeU16(segment, ipOffset + 2, segment.length - ipOffset)
  writeU16(segment, ipOffset + 4, identification & 0xffff)
  writeU16(segment, ipOffset + 10, 0)
  writeU16(segment, ipOffset + 10, fold(sumWords(segment, ipOffset, offset)) ^ 0xffff)
}

function finishTcp(segment: Uint8Array, offset: number): void {
  const transport = findTransport(segment)!
  writeU16(segment, offset + 16, 0)
  const pseudo = sumPseudoHeader(segment, transport, segment.length - offset)
  writeU16(segment, offset + 16, fold(sumWords(segment, offset, segment.length, pseudo)) ^ 0xffff)
}
