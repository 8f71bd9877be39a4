/** The network stack, as its users see it. See API.md. */
export * from './errno'
export { NetStack } from './stack'
export {
  IFF_ACCEPT_ANY,
  IFF_PROXY_ARP,
  Interface,
  OFFLOAD_RX_CHECKSUM,
  OFFLOAD_TX_CHECKSUM,
  RX_CHECKSUM_PARTIAL,
  RX_CHECKSUM_VALID,
} from './interface'
export {
  MSG_PEEK,
  READY_ERR,
  READY_HUP,
  READY_IN,
  READY_OUT,
  READY_RDHUP,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
} from './socket'
export { TcpSocket } from './tcp/socket'
export { SynRequest } from './tcp/request'
export { UdpSocket } from './udp/socket'
export { DhcpClient } from './dhcp/client'
export { DnsQuery } from './dns/resolver'
export { Stats } from './stats'
