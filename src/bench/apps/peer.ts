/**
 * The far end of the wire: the gateway that gives the guest its address, and clients on it, with the project's own TCP/IP stack in guest time. It needs
 * no time of its own: what it does takes none.
 */
import { Counters } from '../../net/counters.ts'
import { Prng } from '../../net/prng.ts'
import { DhcpServer } from '../../net/user/dhcp-server.ts'
import { IpLayer } from '../../net/user/ip-layer.ts'
import { type Handle, NetStack, READY_IN } from '../../net/user/netstack.ts'
import { plan } from '../../net/user/options.ts'
import { DHCP_SERVER_PORT } from '../../net/wire/dhcp.ts'
import { PROTOCOL_TCP, PROTOCOL_UDP } from '../../net/wire/ipv4.ts'
import { isMalformed } from '../../net/wire/parsed.ts'
import { parseUdp } from '../../net/wire/udp.ts'
import type { EventQueue } from './event-queue.ts'
import type { Wire } from './wire.ts'

const MTU = 1500
const BUFFERS = 64 << 20
const MS = 1e6

/** One connection's user: told of everything that arrives. */
export interface Client {
  connected(): void
  received(bytes: Uint8Array): void
}

interface Connection {
  readonly socket: Handle
  readonly client: Client
  isConnected: boolean
  /** What the stack has had no room for yet. */
  waiting: Uint8Array
}

export class Peer {
  readonly #events: EventQueue
  readonly #stack: NetStack
  readonly #connections = new Map<number, Connection>()
  readonly #ready = new Map<number, number>()
  #nextPollNs = Infinity

  constructor(events: EventQueue, wire: Wire, seed: number) {
    this.#events = events
    const random = new Prng(seed)
    const counters = new Counters()
    const ip = new IpLayer((frame) => wire.send(frame), counters, MTU)
    const dhcp = new DhcpServer(ip, counters, {})
    this.#stack = new NetStack(
      {
        mac: plan.mac,
        address: plan.gateway,
        prefixLength: plan.prefixLength,
        mtu: MTU,
        memoryLimit: BUFFERS,
        now: () => events.nowNs() / MS,
        random: () => random.next32(),
      },
      {
        transmit: (frame) => wire.send(frame),
        ready: (owner, readiness) => void this.#ready.set(owner, (this.#ready.get(owner) ?? 0) | readiness),
        offer: () => {},
        withdraw: () => {},
      },
    )
    ip.handlers.set(PROTOCOL_UDP, (packet) => {
      const datagram = parseUdp(packet.payload, packet.source, packet.destination)
      if (!isMalformed(datagram) && datagram.destinationPort === DHCP_SERVER_PORT)
        dhcp.receive(datagram.payload)
    })
    ip.handlers.set(PROTOCOL_TCP, (_packet, frame) => this.#stack.receive(frame))
    ip.onArpReply = (frame) => this.#stack.receive(frame)
    wire.onFrame = (frame) => {
      ip.receive(frame)
      this.#afterStack()
    }
  }

  /** Connects `client` to a port of the guest. */
  connect(client: Client, port: number): (bytes: Uint8Array) => void {
    const owner = this.#connections.size + 1
    const socket = this.#stack.connect(owner, plan.guest, port)
    if (socket === null) throw new Error('the peer has no more sockets')
    const connection: Connection = { socket, client, isConnected: false, waiting: new Uint8Array(0) }
    this.#connections.set(owner, connection)
    this.#afterStack()
    return (bytes) => {
      connection.waiting = bytes
      this.#flush(connection)
      this.#events.after(0, () => this.#afterStack())
    }
  }

  #flush(connection: Connection): void {
    while (connection.waiting.length > 0) {
      const sent = this.#stack.send(connection.socket, connection.waiting)
      if (sent <= 0) return
      connection.waiting = connection.waiting.subarray(sent)
    }
  }

  /** Clients are told after the stack has finished, since what they do calls it again. */
  #afterStack(): void {
    for (;;) {
      const next = this.#ready.entries().next()
      if (next.done === true) break
      const [owner, readiness] = next.value
      this.#ready.delete(owner)
      this.#tell(this.#connections.get(owner)!, readiness)
    }
    const atNs = this.#stack.deadline() * MS
    if (atNs === Infinity || atNs >= this.#nextPollNs) return
    this.#nextPollNs = atNs
    this.#events.at(Math.max(Math.ceil(atNs), this.#events.nowNs() + 1), () => {
      this.#nextPollNs = Infinity
      this.#stack.poll()
      this.#afterStack()
    })
  }

  #tell(connection: Connection, readiness: number): void {
    if (!connection.isConnected) {
      const error = this.#stack.takeError(connection.socket)
      if (error !== 0) throw new Error(`the guest does not accept connections: error ${-error}`)
      connection.isConnected = true
      connection.client.connected()
    }
    this.#flush(connection)
    if (!(readiness & READY_IN)) return
    for (;;) {
      const bytes = this.#stack.recv(connection.socket)
      if (typeof bytes === 'number') return
      if (bytes.length === 0) throw new Error('the guest has ended a connection')
      connection.client.received(bytes)
    }
  }
}
