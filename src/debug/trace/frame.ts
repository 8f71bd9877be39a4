/** One line about a frame: who to whom, and what it is for. Headers of Ethernet II, ARP (RFC 826), IPv4 (RFC 791), UDP, TCP and ICMP. */
import { ByteView } from './byte-view.ts'

const ETHERTYPE_IPV4 = 0x0800
const ETHERTYPE_ARP = 0x0806
const ETHERTYPE_IPV6 = 0x86dd
const PROTOCOL_ICMP = 1
const PROTOCOL_TCP = 6
const PROTOCOL_UDP = 17
/** TCP's flags from bit 0 on, as tcpdump writes them. */
const FLAGS = 'FSRP.UEW'

/** `TCP 10.0.2.2:40112 → 10.0.2.15:7 [P.] 6 bytes`. `bytes` may be the beginning only. */
export function describeFrame(bytes: Uint8Array): string {
  const view = new ByteView(bytes)
  const type = view.u16(12)
  if (type === ETHERTYPE_ARP)
    return `ARP ${view.u16(20) === 1 ? 'who has' : 'reply'} ${view.ipv4(view.u16(20) === 1 ? 38 : 28)}`
  if (type === ETHERTYPE_IPV6) return 'IPv6'
  if (type !== ETHERTYPE_IPV4) return `ethertype 0x${type.toString(16).padStart(4, '0')}`
  return describeIpv4(view, 14)
}

function describeIpv4(view: ByteView, at: number): string {
  const header = 4 * (view.u8(at) & 15)
  const total = view.u16(at + 2)
  const protocol = view.u8(at + 9)
  const [from, to] = [view.ipv4(at + 12), view.ipv4(at + 16)]
  const inner = at + header
  if (protocol === PROTOCOL_TCP) {
    const payload = total - header - 4 * (view.u8(inner + 12) >> 4)
    const flags = view.u8(inner + 13)
    const text = [...FLAGS].filter((_, bit) => flags & (1 << bit)).join('')
    return `TCP ${from}:${view.u16(inner)} → ${to}:${view.u16(inner + 2)} [${text}]${bytesText(payload)}`
  }
  if (protocol === PROTOCOL_UDP)
    return `UDP ${from}:${view.u16(inner)} → ${to}:${view.u16(inner + 2)}${bytesText(total - header - 8)}`
  if (protocol === PROTOCOL_ICMP) return `ICMP ${from} → ${to} type ${view.u8(inner)}`
  return `IPv4 ${from} → ${to} protocol ${protocol}`
}

function bytesText(bytes: number): string {
  return bytes > 0 ? ` ${bytes} ${bytes === 1 ? 'byte' : 'bytes'}` : ''
}
