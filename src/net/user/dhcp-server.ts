import type { Counters } from '../counters.ts'
import {
  formatIpv4,
  IPV4_ANY,
  IPV4_BROADCAST,
  MAC_BROADCAST,
  prefixMask,
  type Ipv4,
  type Mac,
} from '../wire/address.ts'
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, emitDhcp, parseDhcp, type DhcpMessage } from '../wire/dhcp.ts'
import { datagram, PROTOCOL_UDP } from '../wire/ipv4.ts'
import { isMalformed } from '../wire/parsed.ts'
import { emitUdp } from '../wire/udp.ts'
import type { IpLayer } from './ip-layer.ts'
import { plan, type UserNetOptions } from './options.ts'

const LEASE_SECONDS = 86_400

/**
 * The network's DHCP server (RFC 2131). The first client gets 10.0.2.15, which forwarded ports lead to; a few more
 * addresses follow for networks that are bridged to several machines. A lease is kept as long as the network lives.
 */
export class DhcpServer {
  readonly #ip: IpLayer
  readonly #counters: Counters
  readonly #configured: DhcpMessage['options']
  readonly #leases = new Map<Mac, Ipv4>()

  constructor(ip: IpLayer, counters: Counters, options: UserNetOptions) {
    this.#ip = ip
    this.#counters = counters
    this.#configured = {
      subnetMask: prefixMask(plan.prefixLength),
      routers: [plan.gateway],
      dnsServers: [plan.dns],
      interfaceMtu: options.mtu ?? 1500,
      serverIdentifier: plan.gateway,
      ...(options.bootFile === undefined ? {} : { bootFile: options.bootFile }),
    }
  }

  /** Takes the payload of a datagram to port 67. */
  receive(payload: Uint8Array): void {
    const message = parseDhcp(payload)
    if (isMalformed(message)) return this.#counters.add(message)
    if (message.fromServer) return this.#counters.add('dhcp: not from a client')
    switch (message.type) {
      case 'discover':
        return this.#offer(message)
      case 'request':
        return this.#acknowledge(message)
      case 'inform':
        return this.#reply(message, 'ack', IPV4_ANY)
      case 'release':
        return void this.#leases.delete(message.clientMac)
      case 'decline':
        // Nothing else can be at the address: all that answers here is this guest.
        return this.#counters.add('dhcp: declined')
      default:
        return this.#counters.add('dhcp: not from a client')
    }
  }

  #offer(message: DhcpMessage): void {
    const address = this.#lease(message.clientMac)
    if (address === null) return this.#counters.add('dhcp: no address left')
    this.#reply(message, 'offer', address)
  }

  #acknowledge(message: DhcpMessage): void {
    const { serverIdentifier, requestedAddress } = message.options
    if (serverIdentifier !== undefined && serverIdentifier !== plan.gateway)
      return void this.#leases.delete(message.clientMac)
    const address = this.#lease(message.clientMac)
    const wanted = requestedAddress ?? message.clientAddress
    if (address !== null && wanted === address) return this.#reply(message, 'ack', address)
    this.#reply(message, 'nak', IPV4_ANY)
  }

  #lease(mac: Mac): Ipv4 | null {
    const known = this.#leases.get(mac)
    if (known !== undefined) return known
    const taken = new Set(this.#leases.values())
    for (let address = plan.guest; address <= plan.lastGuest; address++)
      if (!taken.has(address)) {
        this.#leases.set(mac, address)
        return address
      }
    return null
  }

  #reply(request: DhcpMessage, type: 'offer' | 'ack' | 'nak', address: Ipv4): void {
    const reply = emitDhcp({
      ...request,
      type,
      fromServer: true,
      secondsElapsed: 0,
      clientAddress: type === 'ack' ? request.clientAddress : IPV4_ANY,
      yourAddress: address,
      serverAddress: type === 'nak' ? IPV4_ANY : plan.gateway,
      options: type === 'nak' ? refusal : { ...this.#configured, ...(address === IPV4_ANY ? {} : lease) },
    })
    // RFC 2131 §4.1: to the client's address when it has one, to its card while it has none, to all when it says so.
    const configured = request.clientAddress !== IPV4_ANY && type !== 'nak'
    const destination = configured ? request.clientAddress : IPV4_BROADCAST
    const mac = type === 'nak' || (request.broadcast && !configured) ? MAC_BROADCAST : request.clientMac
    const udp = { sourcePort: DHCP_SERVER_PORT, destinationPort: DHCP_CLIENT_PORT, payload: reply }
    this.#ip.send(
      datagram(plan.gateway, destination, PROTOCOL_UDP, emitUdp(udp, plan.gateway, destination)),
      mac,
    )
  }
}

const lease: DhcpMessage['options'] = {
  leaseSeconds: LEASE_SECONDS,
  renewalSeconds: LEASE_SECONDS / 2,
  rebindingSeconds: LEASE_SECONDS * 0.875,
}

const refusal: DhcpMessage['options'] = {
  serverIdentifier: plan.gateway,
  message: `this network hands out ${formatIpv4(plan.guest)} and up`,
}
