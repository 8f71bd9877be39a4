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

export interface FrameDescription {
  /** `TCP 10.0.2.2:40112 → 10.0.2.15:7 [P.] 6 bytes`. */
  readonly text: string
  /** Who to whom, and the other way round: a frame whose `from` is another's `back` answers it. */
  readonly from: string
  readonly back: string
  /** Bytes that protocols below the application have no use for. */
  readonly payload: number
}

export function describeFrame(bytes: Uint8Array): string {
  return parseFrame(bytes).text
}

/** `bytes` may be the beginning only. */
export function parseFrame(bytes: Uint8Array): FrameDescription {
  const view = new ByteView(bytes)
  const type = view.u16(12)
  if (type === ETHERTYPE_ARP) return parseArp(view)
  if (type === ETHERTYPE_IPV4) return parseIpv4(view, 14)
  return alone(type === ETHERTYPE_IPV6 ? 'IPv6' : `ethertype 0x${type.toString(16).padStart(4, '0')}`)
}

function alone(text: string): FrameDescription {
  return { text, from: text, back: '', payload: 0 }
}

function parseArp(view: ByteView): FrameDescription {
  const [sender, target] = [view.ipv4(28), view.ipv4(38)]
  const text = view.u16(20) === 1 ? `ARP who has ${target}` : `ARP reply ${sender}`
  return { text, from: `ARP ${sender} ${target}`, back: `ARP ${target} ${sender}`, payload: 0 }
}

function parseIpv4(view: ByteView, at: number): FrameDescription {
  const header = 4 * (view.u8(at) & 15)
  const length = view.u16(at + 2) - header
  const protocol = view.u8(at + 9)
  const [from, to] = [view.ipv4(at + 12), view.ipv4(at + 16)]
  const inner = at + header
  const between = (name: string, a: string, b: string, more: string, payload: number): FrameDescription => ({
    text: `${name} ${a} → ${b}${more}`,
    from: `${name} ${a} ${b}`,
    back: `${name} ${b} ${a}`,
    payload,
  })
  if (protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP) {
    const [a, b] = [`${from}:${view.u16(inner)}`, `${to}:${view.u16(inner + 2)}`]
    if (protocol === PROTOCOL_UDP) return between('UDP', a, b, bytesText(length - 8), length - 8)
    const payload = length - 4 * (view.u8(inner + 12) >> 4)
    const flags = view.u8(inner + 13)
    const text = [...FLAGS].filter((_, bit) => flags & (1 << bit)).join('')
    return between('TCP', a, b, ` [${text}]${bytesText(payload)}`, payload)
  }
  if (protocol === PROTOCOL_ICMP) return between('ICMP', from, to, ` type ${view.u8(inner)}`, 0)
  return between('IPv4', from, to, ` protocol ${protocol}`, 0)
}

function bytesText(bytes: number): string {
  return bytes > 0 ? ` ${bytes} ${bytes === 1 ? 'byte' : 'bytes'}` : ''
}
