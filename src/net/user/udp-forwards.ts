import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Counters } from '../counters.ts'
import { bindError } from '../errors.ts'
import { IdleTable } from '../idle-table.ts'
import type { Ipv4 } from '../wire/address.ts'
import { datagram, PROTOCOL_UDP } from '../wire/ipv4.ts'
import { emitUdp, type UdpDatagram } from '../wire/udp.ts'
import type { IpLayer } from './ip-layer.ts'
import { plan, type Forward, type UserNetLimits } from './options.ts'

const MAX_QUEUED_BYTES = 1 << 20

/** An outside program that sends to a forwarded port; the guest sees it as the gateway at `gatewayPort`. */
interface Peer {
  key: string
  socket: Socket
  address: string
  port: number
  guestPort: number
  gatewayPort: number
}

/** Ports of the host whose datagrams go to the guest, and the answers back to whoever sent them. */
export class UdpForwards {
  readonly #ip: IpLayer
  readonly #counters: Counters
  readonly #sockets: Socket[] = []
  /** By socket, address and port of the peer. */
  readonly #peers: IdleTable<string, Peer>
  /** By guest port and gateway port. */
  readonly #byGatewayPort = new Map<number, Peer>()

  constructor(ip: IpLayer, counters: Counters, limits: UserNetLimits) {
    this.#ip = ip
    this.#counters = counters
    this.#peers = new IdleTable({
      capacity: limits.udpPeers,
      idleMs: limits.udpIdleMs,
      onLeave: (peer) => void this.#byGatewayPort.delete(portKey(peer.guestPort, peer.gatewayPort)),
    })
  }

  /** Binds a host port; gives the number it has. Rejects with a `NetError`. */
  async listen(forward: Forward): Promise<number> {
    const address = forward.hostAddress ?? '127.0.0.1'
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close()
        reject(bindError(error, 'udp', address, forward.host))
      })
      socket.bind({ port: forward.host, address, exclusive: true }, resolve)
    })
    const index = this.#sockets.push(socket)
    socket.removeAllListeners('error')
    socket.on('error', () => this.#counters.add('udp: forward error'))
    socket.on('message', (payload, from) => {
      const peer = this.#peer(`${index} ${from.address} ${from.port}`, socket, from, forward.guest)
      const udp = { sourcePort: peer.gatewayPort, destinationPort: forward.guest, payload }
      this.#ip.send(datagram(plan.gateway, plan.guest, PROTOCOL_UDP, emitUdp(udp, plan.gateway, plan.guest)))
    })
    return socket.address().port
  }

  /** Takes a datagram of the guest to the gateway; `false` when it answers no peer. */
  reply(source: Ipv4, udp: UdpDatagram): boolean {
    const peer =
      source === plan.guest
        ? this.#byGatewayPort.get(portKey(udp.sourcePort, udp.destinationPort))
        : undefined
    if (peer === undefined) return false
    this.#peers.touch(peer.key)
    if (peer.socket.getSendQueueSize() > MAX_QUEUED_BYTES) this.#counters.add('udp: queue full')
    else
      peer.socket.send(
        udp.payload,
        peer.port,
        peer.address,
        (error) => error && this.#counters.add('udp: unreachable'),
      )
    return true
  }

  close(): void {
    this.#peers.clear()
    for (const socket of this.#sockets.splice(0)) socket.close()
  }

  #peer(key: string, socket: Socket, from: { address: string; port: number }, guestPort: number): Peer {
    const known = this.#peers.touch(key)
    if (known !== undefined) return known
    let gatewayPort = from.port
    while (this.#byGatewayPort.has(portKey(guestPort, gatewayPort))) gatewayPort = (gatewayPort % 65_535) + 1
    const peer = { key, socket, address: from.address, port: from.port, guestPort, gatewayPort }
    this.#peers.set(key, peer)
    this.#byGatewayPort.set(portKey(guestPort, gatewayPort), peer)
    return peer
  }
}

function portKey(guestPort: number, gatewayPort: number): number {
  return guestPort * 0x10000 + gatewayPort
}
