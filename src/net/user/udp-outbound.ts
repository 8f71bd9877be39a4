import { createSocket, type Socket } from 'node:dgram'
import type { Counters } from '../counters.ts'
import { systemCode } from '../errors.ts'
import { IdleTable } from '../idle-table.ts'
import { UNREACHABLE_HOST, UNREACHABLE_PORT } from '../wire/icmp.ts'
import { datagram, PROTOCOL_UDP, type Ipv4Packet } from '../wire/ipv4.ts'
import { emitUdp, type UdpDatagram } from '../wire/udp.ts'
import type { IpLayer } from './ip-layer.ts'
import type { UserNetLimits } from './options.ts'

/** Bytes that may wait in a host socket before datagrams are dropped. */
const MAX_QUEUED_BYTES = 1 << 20

interface Session {
  socket: Socket
  connected: boolean
  /** Payloads sent before the socket was connected. */
  early: Uint8Array[]
  /** The last packet of the guest, which an ICMP error quotes. */
  last: Ipv4Packet
}

/**
 * Conversations that the guest starts over UDP. Each pair of endpoints has a connected socket of its own on the host:
 * so the host's kernel lets only the peer answer, and tells when nobody listens there.
 */
export class UdpOutbound {
  readonly #ip: IpLayer
  readonly #counters: Counters
  readonly #sessions: IdleTable<string, Session>

  constructor(ip: IpLayer, counters: Counters, limits: UserNetLimits) {
    this.#ip = ip
    this.#counters = counters
    this.#sessions = new IdleTable({
      capacity: limits.udpSessions,
      idleMs: limits.udpIdleMs,
      onLeave: ({ socket }) => socket.close(),
    })
  }

  get size(): number {
    return this.#sessions.size
  }

  /** Sends the payload of `packet` to `to` on the host's side. */
  send(packet: Ipv4Packet, udp: UdpDatagram, to: { address: string; port: number }): void {
    const key = `${packet.source}:${udp.sourcePort} ${packet.destination}:${udp.destinationPort}`
    const session = this.#sessions.touch(key) ?? this.#open(key, packet, udp, to)
    session.last = packet
    if (session.connected) return this.#sendNow(session, udp.payload)
    if (session.early.length < 64) session.early.push(udp.payload)
    else this.#counters.add('udp: queue full')
  }

  close(): void {
    this.#sessions.clear()
  }

  #open(key: string, packet: Ipv4Packet, udp: UdpDatagram, to: { address: string; port: number }): Session {
    const socket = createSocket('udp4')
    const session: Session = { socket, connected: false, early: [], last: packet }
    socket.on('message', (payload) => {
      this.#sessions.touch(key)
      const back = { sourcePort: udp.destinationPort, destinationPort: udp.sourcePort, payload }
      const bytes = emitUdp(back, packet.destination, packet.source)
      this.#ip.send(datagram(packet.destination, packet.source, PROTOCOL_UDP, bytes))
    })
    socket.on('error', (error) => this.#fail(session, error))
    socket.on('connect', () => {
      session.connected = true
      for (const payload of session.early.splice(0)) this.#sendNow(session, payload)
    })
    this.#sessions.set(key, session)
    try {
      socket.connect(to.port, to.address)
    } catch (error) {
      this.#fail(session, error)
    }
    return session
  }

  #sendNow(session: Session, payload: Uint8Array): void {
    if (session.socket.getSendQueueSize() > MAX_QUEUED_BYTES) return this.#counters.add('udp: queue full')
    session.socket.send(payload, (error) => {
      if (error) this.#fail(session, error)
    })
  }

  /** The guest is told what the host was told; the session stays, as a later datagram may find its peer. */
  #fail(session: Session, error: unknown): void {
    const refused = systemCode(error) === 'ECONNREFUSED'
    this.#counters.add(refused ? 'udp: refused' : 'udp: unreachable')
    this.#ip.refuse(session.last, refused ? UNREACHABLE_PORT : UNREACHABLE_HOST)
  }
}
