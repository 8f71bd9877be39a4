import type { Counters } from '../counters.ts'
import { parseIcmp, UNREACHABLE_PROHIBITED } from '../wire/icmp.ts'
import { isMalformed } from '../wire/parsed.ts'
import type { Ipv4Packet } from '../wire/ipv4.ts'
import type { IpLayer } from './ip-layer.ts'
import { isOurs } from './options.ts'

/**
 * Answers pings to the gateway and the name server. A ping of the outside would need a raw socket, which a process
 * without privileges does not get; the guest is told so at once instead of being left waiting.
 * `toTcp` takes the errors, which may be about a connection.
 */
export function receiveIcmp(ip: IpLayer, counters: Counters, packet: Ipv4Packet, toTcp: () => void): void {
  const message = parseIcmp(packet.payload)
  if (isMalformed(message)) return counters.add(message)
  if (message.kind === 'unreachable') return toTcp()
  if (message.kind !== 'echo-request') return
  if (isOurs(packet.destination))
    return ip.sendIcmp({ ...message, kind: 'echo-reply' }, packet.destination, packet.source)
  counters.add('icmp: outward ping')
  ip.refuse(packet, UNREACHABLE_PROHIBITED)
}
