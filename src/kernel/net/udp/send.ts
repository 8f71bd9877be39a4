import { NetStack } from '../stack'
import { OFFLOAD_TX_CHECKSUM } from '../interface'
import { DEFAULT_TTL, IPV4_HEADER, PROTOCOL_UDP } from '../ipv4/codec'
import { ipv4Send } from '../ipv4/output'
import { UDP_HEADER, UDP_MAXIMUM, emitUdp } from './codec'
import { EMSGSIZE, ENETUNREACH } from '../errno'

const CHECKSUM_OFFSET: u32 = 6

/** Sends a datagram; `source` 0 chooses the address by the route. 0 or a negative errno. */
export function udpSend(
  stack: NetStack,
  source: u32,
  sourcePort: u32,
  destination: u32,
  destinationPort: u32,
  data: usize,
  length: u32,
): i32 {
  if (length > UDP_MAXIMUM) return -EMSGSIZE
  const own = source || stack.routes.sourceFor(destination)
  if (own == 0 || !stack.routes.find(destination)) return -ENETUNREACH
  const nic = stack.routes.nic
  if (!nic) return -ENETUNREACH
  const total = UDP_HEADER + length
  const offload = (nic.offload & OFFLOAD_TX_CHECKSUM) != 0 && IPV4_HEADER + total <= nic.mtu
  memory.copy(stack.transport + UDP_HEADER, data, length)
  emitUdp(stack.transport, own, sourcePort, destination, destinationPort, length, offload)
  return ipv4Send(
    stack,
    own,
    destination,
    PROTOCOL_UDP,
    DEFAULT_TTL,
    false,
    total,
    offload ? CHECKSUM_OFFSET : 0,
  )
}
