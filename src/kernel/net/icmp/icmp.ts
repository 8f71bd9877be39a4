import { NetStack } from '../stack'
import { Received } from '../ipv4/input'
import { ipv4Send } from '../ipv4/output'
import { DEFAULT_TTL, PROTOCOL_ICMP } from '../ipv4/codec'
import { read32 } from '../core/bytes'
import { icmpErrorReceived } from './errors'
import { ICMP_ECHO, ICMP_ECHO_REPLY, ICMP_HEADER, emitIcmp } from './codec'

/** What the host does with ICMP messages: answers echo requests, passes errors on (RFC 1122 section 3.2.2). */
export function icmpInput(stack: NetStack, received: Received): void {
  const message = stack.icmpHeader
  const data = received.payload
  const length = received.payloadLength
  if (!message.parse(data, length)) {
    stack.stats.badIcmp++
    return
  }
  if (message.type == ICMP_ECHO) {
    echo(stack, received)
  } else if (message.isError) {
    icmpErrorReceived(stack, message, data + ICMP_HEADER, length - ICMP_HEADER)
  }
}

function echo(stack: NetStack, received: Received): void {
  const header = received.header
  // Echo to a group is not answered: it makes amplifiers (RFC 1122 section 3.2.2.6 leaves the choice).
  if (received.isGroup || !received.isOwn || !stack.routes.find(header.source)) return
  if (!stack.icmpEchoRate.take(stack.now())) return
  const word = read32(received.payload + 4)
  const bodyLength = received.payloadLength - ICMP_HEADER
  memory.copy(stack.transport + ICMP_HEADER, received.payload + ICMP_HEADER, bodyLength)
  emitIcmp(stack.transport, ICMP_ECHO_REPLY, 0, word, bodyLength)
  ipv4Send(
    stack,
    header.destination,
    header.source,
    PROTOCOL_ICMP,
    DEFAULT_TTL,
    false,
    received.payloadLength,
    0,
  )
  stack.stats.echoReplies++
}
