import { NetError } from '../errors.ts'
import { formatIpv4, inNetwork, ipv4, type Endpoint, type Ipv4, type Mac } from '../wire/address.ts'
import { UNREACHABLE_HOST, UNREACHABLE_NET, UNREACHABLE_PORT, UNREACHABLE_PROHIBITED } from '../wire/icmp.ts'

/** A port of the host that leads to a port of the guest. */
export interface Forward {
  /** Port on the host; 0 lets the host choose. */
  host: number
  /** Address on the host to listen on: an IPv4 or IPv6 address. Default `127.0.0.1`. */
  hostAddress?: string
  /** Port of the guest. */
  guest: number
  /** Default `tcp`. */
  protocol?: 'tcp' | 'udp'
}

export interface UserNetOptions {
  forward?: readonly Forward[]
  /** Lets the guest reach the host's own services, as 10.0.2.2:port or in 127.0.0.0/8. Default `false`. */
  hostLoopback?: boolean
  /**
   * Which outside destinations the guest may reach: all (`true`, the default), none, or those a function accepts. The
   * rule about the host's own services holds in any case.
   */
  outbound?: boolean | ((destination: { address: string; port: number; protocol: 'tcp' | 'udp' }) => boolean)
  /** Name servers that queries to 10.0.2.3 go to, `address` or `address:port`. Default: the host's. */
  resolvers?: readonly string[]
  /** Largest IPv4 packet on the wire in bytes, 576 to 65,535; told to the guest by DHCP. Default 1500. */
  mtu?: number
  /** What DHCP names as the file of a network boot, for example `http://10.0.2.2:8000/boot.ipxe`. Default none. */
  bootFile?: string
  limits?: Partial<UserNetLimits>
}

/** What the user network may hold at once, whatever the guest or the outside does. */
export interface UserNetLimits {
  /** TCP connections, in both directions together. */
  tcpConnections: number
  /** Bytes of payload buffered inside the TCP stack, in total. */
  tcpBufferBytes: number
  /** Conversations the guest has started over UDP; the least recently used gives way. */
  udpSessions: number
  /** Outside peers of forwarded UDP ports; the least recently heard gives way. */
  udpPeers: number
  /** Milliseconds after which a quiet UDP conversation is forgotten (RFC 4787 asks for at least 120 s). */
  udpIdleMs: number
  /** Name queries under way. */
  dnsQueries: number
  /** Milliseconds until the next name server is asked. */
  dnsTimeoutMs: number
}

export const defaultLimits: UserNetLimits = {
  tcpConnections: 4096,
  tcpBufferBytes: 256 << 20,
  udpSessions: 512,
  udpPeers: 512,
  udpIdleMs: 180_000,
  dnsQueries: 128,
  dnsTimeoutMs: 3000,
}

/** The addresses of the user network: those QEMU's has, so that guests made for it feel at home. */
export const plan: {
  network: Ipv4
  prefixLength: number
  gateway: Ipv4
  dns: Ipv4
  guest: Ipv4
  lastGuest: Ipv4
  mac: Mac
} = {
  network: 0x0a00_0200,
  prefixLength: 24,
  gateway: 0x0a00_0202,
  dns: 0x0a00_0203,
  guest: 0x0a00_020f,
  lastGuest: 0x0a00_021f,
  mac: 0x5255_0a00_0202,
}

/** Whether an address is one of ours on the wire: the gateway or the name server. */
export function isOurs(address: Ipv4): boolean {
  return address === plan.gateway || address === plan.dns
}

/** What may happen to a conversation that the guest starts. */
export type Route =
  | { to: 'host'; address: string; port: number }
  | { to: 'nowhere'; why: string; unreachableCode: number }

/** Decides where a destination leads. `options` are the user's, `resolver` is where the name server's port 53 leads. */
export function routeOutbound(
  destination: Endpoint,
  protocol: 'tcp' | 'udp',
  options: UserNetOptions,
  resolver: ResolverEndpoint | undefined,
): Route {
  const { address, port } = destination
  if (address === plan.dns)
    return port === 53 && resolver
      ? { to: 'host', ...resolver }
      : nowhere('no such service', UNREACHABLE_PORT)
  if (address === plan.gateway || inNetwork(address, 0x7f00_0000, 8)) {
    if (!options.hostLoopback) return nowhere("the host's services are closed", UNREACHABLE_PORT)
    return { to: 'host', address: address === plan.gateway ? '127.0.0.1' : formatIpv4(address), port }
  }
  if (inNetwork(address, plan.network, plan.prefixLength)) return nowhere('no such host', UNREACHABLE_HOST)
  if (unroutable.some(([network, prefix]) => inNetwork(address, network, prefix)))
    return nowhere('no unicast destination', UNREACHABLE_NET)
  const text = formatIpv4(address)
  const { outbound = true } = options
  const open = typeof outbound === 'function' ? outbound({ address: text, port, protocol }) : outbound
  return open
    ? { to: 'host', address: text, port }
    : nowhere('closed by the outbound rule', UNREACHABLE_PROHIBITED)
}

/** `why` is a name for the counters, `unreachableCode` what ICMP says. */
function nowhere(why: string, unreachableCode: number): Route {
  return { to: 'nowhere', why, unreachableCode }
}

/** "This host" (which a Unix host takes for its loopback), multicast, and the reserved block with broadcast. */
const unroutable: readonly (readonly [network: Ipv4, prefixLength: number])[] = [
  [0x0000_0000, 8],
  [0xe000_0000, 4],
  [0xf000_0000, 4],
]

/** Throws a `NetError` that names the first option that cannot be. */
export function checkOptions(options: UserNetOptions): void {
  const { mtu = 1500 } = options
  if (!Number.isInteger(mtu) || mtu < 576 || mtu > 65_535)
    throw new NetError('bad-option', `the MTU must be between 576 and 65535 bytes, not ${mtu}`)
  const seen = new Set<string>()
  for (const forward of options.forward ?? []) {
    const { host, guest, protocol = 'tcp', hostAddress = '127.0.0.1' } = forward
    if (!isPort(host, 0)) throw new NetError('bad-option', `host port ${host} is not between 0 and 65535`)
    if (!isPort(guest, 1)) throw new NetError('bad-option', `guest port ${guest} is not between 1 and 65535`)
    const key = `${protocol} port ${host} on ${hostAddress}`
    if (host !== 0 && seen.has(key))
      throw new NetError('bad-option', `${key} is forwarded twice: give it one guest port`)
    seen.add(key)
  }
  for (const text of options.resolvers ?? [])
    if (parseResolver(text) === null)
      throw new NetError('bad-option', `name server '${text}' is not ADDRESS or ADDRESS:PORT`)
}

function isPort(value: number, lowest: number): boolean {
  return Number.isInteger(value) && value >= lowest && value <= 65_535
}

/** A name server: an IPv4 or IPv6 address, and a port. */
export interface ResolverEndpoint {
  address: string
  port: number
}

/** `1.1.1.1`, `127.0.0.1:5353`, `::1`, `[::1]:5353` → address and port; `null` when it is none of them. */
export function parseResolver(text: string): ResolverEndpoint | null {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text)
  const plain = /^([\d.]+)(?::(\d+))?$/.exec(text)
  const address = bracketed?.[1] ?? plain?.[1] ?? text
  const port = Number((bracketed ?? plain)?.[2] ?? 53)
  const legal = ipv4(address) !== null || /^[\da-f:]+(?:%\S+)?$/i.test(address)
  return legal && isPort(port, 1) ? { address, port } : null
}
