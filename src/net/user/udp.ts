import type { Counters } from '../counters.ts'
import { IPV4_BROADCAST } from '../wire/address.ts'
import { DHCP_SERVER_PORT } from '../wire/dhcp.ts'
import { DNS_PORT } from '../wire/dns.ts'
import { datagram, PROTOCOL_UDP, type Ipv4Packet } from '../wire/ipv4.ts'
import { isMalformed } from '../wire/parsed.ts'
import { emitUdp, parseUdp } from '../wire/udp.ts'
import type { DhcpServer } from './dhcp-server.ts'
import type { DnsForwarder } from './dns-forwarder.ts'
import type { IpLayer } from './ip-layer.ts'
import { plan, routeOutbound, type UserNetOptions } from './options.ts'
import type { UdpForwards } from './udp-forwards.ts'
import type { UdpOutbound } from './udp-outbound.ts'

/** Where the datagrams of the guest may end. */
export interface UdpServices {
  dhcp: DhcpServer
  dns: DnsForwarder
  forwards: UdpForwards
  outbound: UdpOutbound
}

/** Gives a datagram of the guest to the service it is for. */
export function receiveUdp(
  ip: IpLayer,
  counters: Counters,
  options: UserNetOptions,
  services: UdpServices,
  packet: Ipv4Packet,
): void {
  const udp = parseUdp(packet.payload, packet.source, packet.destination)
  if (isMalformed(udp)) return counters.add(udp)
  const { destination } = packet
  const { destinationPort, sourcePort, payload } = udp
  if (
    destinationPort === DHCP_SERVER_PORT &&
    (destination === IPV4_BROADCAST || destination === plan.gateway)
  )
    return services.dhcp.receive(payload)
  // Until it has an address, a guest can only ask for one.
  if (packet.source === 0) return counters.add('udp: no source address')
  if (destination === plan.dns && destinationPort === DNS_PORT) {
    const reply = (answer: Uint8Array): void => {
      const back = { sourcePort: DNS_PORT, destinationPort: sourcePort, payload: answer }
      ip.send(datagram(plan.dns, packet.source, PROTOCOL_UDP, emitUdp(back, plan.dns, packet.source)))
    }
    return services.dns.query(payload, `${packet.source}:${sourcePort}`, reply)
  }
  if (destination === plan.gateway && services.forwards.reply(packet.source, udp)) return
  const route = routeOutbound({ address: destination, port: destinationPort }, 'udp', options, undefined)
  if (route.to === 'host') return services.outbound.send(packet, udp, route)
  counters.add(`udp: ${route.why}`)
  ip.refuse(packet, route.unreachableCode)
}
