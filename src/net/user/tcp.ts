import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net'
import type { Counters } from '../counters.ts'
import { bindError, systemCode } from '../errors.ts'
import type { Endpoint } from '../wire/address.ts'
import { UNREACHABLE_HOST, UNREACHABLE_NET, UNREACHABLE_PORT, UNREACHABLE_PROHIBITED } from '../wire/icmp.ts'
import type { Ipv4Packet } from '../wire/ipv4.ts'
import { NetStack, type Handle, type NetStackEvents } from './netstack.ts'
import {
  plan,
  routeOutbound,
  type Forward,
  type ResolverEndpoint,
  type UserNetLimits,
  type UserNetOptions,
} from './options.ts'
import { resetSocket } from './reset.ts'
import { TcpRelay } from './tcp-relay.ts'

/** Connections of the guest that may wait at once for the host's to be made. */
const MAX_PENDING = 256

export interface TcpServices {
  transmit(frame: Uint8Array): void
  /** Called after anything that may have queued frames from outside of `receive`. */
  flush(): void
  /** Tells the guest by ICMP that a packet of it got nowhere. */
  unreachable(packet: Ipv4Packet, code: number): void
  /** Where the name server's port 53 leads. */
  resolver(): ResolverEndpoint | undefined
}

interface Request {
  destination: Endpoint
  syn: Ipv4Packet | null
}

/** What ICMP says when the host's connection fails; every other failure is a refusal. */
const unreachableCodes: Record<string, number> = {
  EHOSTUNREACH: UNREACHABLE_HOST,
  ENETUNREACH: UNREACHABLE_NET,
  ETIMEDOUT: UNREACHABLE_HOST,
  EACCES: UNREACHABLE_PROHIBITED,
  EPERM: UNREACHABLE_PROHIBITED,
}

/**
 * TCP between guest and host. The stack inside ends the guest's connections; each is relayed to a socket of the
 * host. Inbound: a connection to a forwarded port becomes one from the gateway. Outbound: the guest's SYN is answered
 * only when the host's own connection stands, so that the guest sees a refusal as a refusal.
 */
export class Tcp {
  #stack: NetStack
  readonly #options: UserNetOptions
  readonly #limits: UserNetLimits
  readonly #counters: Counters
  readonly #services: TcpServices
  readonly #servers: Server[] = []
  readonly #relays = new Map<number, TcpRelay>()
  /** Connections that the guest has asked for during the current call into the stack, with their SYN. */
  readonly #asked = new Map<Handle, Request>()
  /** Outbound connections on their way, by the stack's offer. */
  readonly #offers = new Map<Handle, Socket>()
  /** The packet that the stack is looking at. */
  #packet: Ipv4Packet | null = null
  /** What has become ready during the current call into the stack. */
  readonly #ready = new Map<number, number>()
  #nextOwner = 1
  #timer: ReturnType<typeof setTimeout> | null = null
  #timerMs = Infinity
  #busy = false

  constructor(options: UserNetOptions, limits: UserNetLimits, counters: Counters, services: TcpServices) {
    this.#options = options
    this.#limits = limits
    this.#counters = counters
    this.#services = services
    this.#stack = this.#newStack()
  }

  /** TCP connections that are relayed or under way. */
  get connections(): number {
    return this.#relays.size + this.#offers.size
  }

  /** The stack is in the middle of something: its frames are delivered afterwards. */
  get busy(): boolean {
    return this.#busy
  }

  /** Bytes on their way, in the stack and in the relays. */
  get bufferedBytes(): number {
    let bytes = this.#stack.memoryUsed
    for (const relay of this.#relays.values()) bytes += relay.waitingBytes
    return bytes
  }

  /** Takes a frame with a TCP segment and the packet in it, an ICMP error, or an ARP reply. */
  receive(frame: Uint8Array, packet: Ipv4Packet | null = null): void {
    this.#packet = packet
    this.#run(() => this.#stack.receive(frame))
    this.#packet = null
  }

  /** Listens on a host port; gives the number it has. Rejects with a `NetError`. */
  async listen(forward: Forward): Promise<number> {
    const address = forward.hostAddress ?? '127.0.0.1'
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
      this.#run(() => this.#inbound(socket, forward.guest)),
    )
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(bindError(error, 'tcp', address, forward.host)))
      server.listen({ port: forward.host, host: address, ipv6Only: isIPv6(address), backlog: 511 }, resolve)
    })
    server.removeAllListeners('error')
    server.on('error', () => this.#counters.add('tcp: forward error'))
    this.#servers.push(server)
    const bound = server.address()
    return typeof bound === 'object' && bound ? bound.port : forward.host
  }

  /** Resets all connections and frees all ports. */
  close(): void {
    for (const server of this.#servers.splice(0)) server.close()
    for (const socket of this.#offers.values()) socket.destroy()
    this.#offers.clear()
    this.#run(() => {
      for (const relay of this.#relays.values()) relay.reset()
    })
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#timerMs = Infinity
  }

  #newStack(): NetStack {
    const events: NetStackEvents = {
      transmit: (frame) => this.#services.transmit(frame),
      ready: (owner, readiness) => void this.#ready.set(owner, (this.#ready.get(owner) ?? 0) | readiness),
      offer: (pending, _source, destination) =>
        void this.#asked.set(pending, { destination, syn: this.#packet }),
      withdraw: (pending) => this.#withdrawn(pending),
    }
    const { mac, gateway: address, prefixLength } = plan
    const memoryLimit = this.#limits.tcpBufferBytes
    const stack = new NetStack(
      { mac, address, prefixLength, mtu: this.#options.mtu ?? 1500, memoryLimit },
      events,
    )
    stack.acceptAny(MAX_PENDING)
    return stack
  }

  /** Runs something that calls the stack, then whatever follows from it. */
  #run(action: () => void): void {
    if (this.#busy) return action()
    this.#busy = true
    try {
      action()
      for (const [pending, request] of this.#asked) {
        this.#asked.delete(pending)
        this.#offered(pending, request)
      }
      for (const [owner, readiness] of this.#ready) {
        // A relay that reads may make another ready, or itself again: the loop sees entries added behind it.
        this.#ready.delete(owner)
        this.#relays.get(owner)?.ready(readiness)
      }
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error
      this.#restart()
    } finally {
      this.#busy = false
    }
    this.#arm()
    this.#services.flush()
  }

  /** A stack that has trapped is not to be trusted any more: its connections end, and a new one takes its place. */
  #restart(): void {
    this.#counters.add('tcp: stack failed')
    this.#ready.clear()
    this.#asked.clear()
    for (const relay of this.#relays.values()) relay.orphan()
    for (const socket of this.#offers.values()) socket.destroy()
    this.#offers.clear()
    this.#stack = this.#newStack()
  }

  #arm(): void {
    const deadline = this.#stack.deadline()
    // A timer that fires too early only arms itself again; moving it for every segment would cost more.
    if (deadline >= this.#timerMs) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timerMs = deadline
    this.#timer = setTimeout(() => this.#expire(), Math.max(0, Math.ceil(deadline - performance.now())))
    this.#timer.unref()
  }

  #expire(): void {
    this.#timer = null
    this.#timerMs = Infinity
    this.#run(() => this.#stack.poll())
  }

  #inbound(socket: Socket, guestPort: number): void {
    if (this.connections >= this.#limits.tcpConnections) {
      this.#counters.add('tcp: too many connections')
      return resetSocket(socket)
    }
    const owner = this.#nextOwner++
    const relay = this.#relay(owner, socket)
    const guest = this.#stack.connect(owner, plan.guest, guestPort)
    if (guest === null) {
      this.#counters.add('tcp: cannot connect')
      return relay.reset()
    }
    relay.attach(guest)
  }

  #relay(owner: number, socket: Socket): TcpRelay {
    const relay = new TcpRelay(
      this.#stack,
      socket,
      (action) => this.#run(action),
      () => void this.#relays.delete(owner),
    )
    this.#relays.set(owner, relay)
    return relay
  }

  #offered(pending: Handle, { destination, syn }: Request): void {
    const route = routeOutbound(destination, 'tcp', this.#options, this.#services.resolver())
    if (route.to === 'nowhere') return this.#decline(pending, syn, route.why, route.unreachableCode)
    if (this.connections >= this.#limits.tcpConnections)
      return this.#decline(pending, syn, 'too many connections', UNREACHABLE_PORT)
    const socket = connect({ host: route.address, port: route.port, allowHalfOpen: true })
    this.#offers.set(pending, socket)
    socket.pause()
    socket.once('error', (error) => this.#run(() => this.#refused(pending, syn, socket, error)))
    socket.once('connect', () => this.#run(() => this.#connected(pending, socket)))
  }

  /** A port where nobody listens is answered by a reset, as every host does it; other reasons by ICMP. */
  #decline(pending: Handle, syn: Ipv4Packet | null, why: string, unreachableCode: number): void {
    this.#counters.add(`tcp: ${why}`)
    if (unreachableCode === UNREACHABLE_PORT || syn === null) return this.#stack.refuse(pending)
    this.#stack.forget(pending)
    this.#services.unreachable(syn, unreachableCode)
  }

  #connected(pending: Handle, socket: Socket): void {
    if (this.#offers.get(pending) !== socket) return
    this.#offers.delete(pending)
    socket.removeAllListeners('error')
    const owner = this.#nextOwner++
    const relay = this.#relay(owner, socket)
    const guest = this.#stack.accept(pending, owner)
    if (guest !== null) return relay.attach(guest)
    this.#counters.add('tcp: out of memory')
    relay.reset()
  }

  #refused(pending: Handle, syn: Ipv4Packet | null, socket: Socket, error: unknown): void {
    if (this.#offers.get(pending) !== socket) return
    this.#offers.delete(pending)
    const code = unreachableCodes[systemCode(error)] ?? UNREACHABLE_PORT
    this.#decline(pending, syn, code === UNREACHABLE_PORT ? 'refused' : 'unreachable', code)
  }

  #withdrawn(pending: Handle): void {
    this.#asked.delete(pending)
    this.#offers.get(pending)?.destroy()
    this.#offers.delete(pending)
  }
}
