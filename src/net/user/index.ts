import { Counters } from '../counters.ts'
import type { Link, Network } from '../link.ts'
import { PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../wire/ipv4.ts'
import { DhcpServer } from './dhcp-server.ts'
import { DnsForwarder } from './dns-forwarder.ts'
import { IpLayer } from './ip-layer.ts'
import { checkOptions, defaultLimits, type Forward, type UserNetOptions } from './options.ts'
import { receiveIcmp } from './ping.ts'
import { Tcp } from './tcp.ts'
import { receiveUdp, type UdpServices } from './udp.ts'
import { UdpForwards } from './udp-forwards.ts'
import { UdpOutbound } from './udp-outbound.ts'

export type { Forward, UserNetLimits, UserNetOptions } from './options.ts'

/** A forwarded port as it is: `host` is the port that was bound. */
export type BoundForward = Required<Forward>

/** The link of a user network. */
export interface UserLink extends Link {
  readonly forwards: readonly BoundForward[]
  /** What was dropped or refused so far, by reason, and what is open now. */
  stats(): UserNetStats
}

export interface UserNetStats {
  dropped: Record<string, number>
  tcpConnections: number
  tcpBufferedBytes: number
  udpSessions: number
}

/**
 * A network in this process, without privileges or other programs: the guest gets 10.0.2.15 by DHCP, the gateway is
 * 10.0.2.2, the name server 10.0.2.3. Opening rejects with a `NetError` when an option cannot be, or when a port of
 * the host cannot be bound; nothing stays open then.
 */
export function userNet(options: UserNetOptions = {}): Network<UserLink> {
  return {
    async open(): Promise<UserLink> {
      checkOptions(options)
      const link = new UserNetwork(options)
      try {
        for (const forward of options.forward ?? []) await link.listen(forward)
      } catch (error) {
        link.close()
        throw error
      }
      return link
    },
  }
}

class UserNetwork implements UserLink {
  onFrame: ((frame: Uint8Array) => void) | null = null
  readonly forwards: BoundForward[] = []
  readonly #counters = new Counters()
  readonly #ip: IpLayer
  readonly #tcp: Tcp
  readonly #udp: UdpServices
  /** Frames of the guest that came while another was handled. */
  readonly #inbox: Uint8Array[] = []
  readonly #outbox: Uint8Array[] = []
  #busy = false
  #closed = false

  constructor(options: UserNetOptions) {
    const counters = this.#counters
    const limits = { ...defaultLimits, ...options.limits }
    const mtu = options.mtu ?? 1500
    const transmit = (frame: Uint8Array): void => this.#transmit(frame)
    const ip = new IpLayer(transmit, counters, mtu)
    const dns = new DnsForwarder(options, counters, limits)
    const udp: UdpServices = {
      dhcp: new DhcpServer(ip, counters, options),
      dns,
      forwards: new UdpForwards(ip, counters, limits),
      outbound: new UdpOutbound(ip, counters, limits),
    }
    const tcp = new Tcp(options, limits, counters, {
      transmit,
      flush: () => this.#flush(),
      unreachable: (packet, code) => ip.refuse(packet, code),
      resolver: () => (options.outbound === false ? undefined : dns.resolvers()[0]),
    })
    ip.handlers.set(PROTOCOL_ICMP, (packet, frame) =>
      receiveIcmp(ip, counters, packet, () => tcp.receive(frame)),
    )
    ip.handlers.set(PROTOCOL_UDP, (packet) => receiveUdp(ip, counters, options, udp, packet))
    ip.handlers.set(PROTOCOL_TCP, (packet, frame) => tcp.receive(frame, packet))
    ip.onArpReply = (frame) => tcp.receive(frame)
    this.#ip = ip
    this.#udp = udp
    this.#tcp = tcp
  }

  async listen(forward: Forward): Promise<void> {
    const { protocol = 'tcp', hostAddress = '127.0.0.1', guest } = forward
    const host = await (protocol === 'udp' ? this.#udp.forwards : this.#tcp).listen(forward)
    this.forwards.push({ host, hostAddress, guest, protocol })
  }

  send(frame: Uint8Array): void {
    if (this.#closed) return
    this.#inbox.push(frame)
    this.#flush()
  }

  stats(): UserNetStats {
    return {
      dropped: this.#counters.snapshot(),
      tcpConnections: this.#tcp.connections,
      tcpBufferedBytes: this.#tcp.bufferedBytes,
      udpSessions: this.#udp.outbound.size,
    }
  }

  close(): void {
    if (this.#closed) return
    // First: nobody is to be sent anything any more.
    this.#closed = true
    this.#tcp.close()
    this.#udp.dns.close()
    this.#udp.forwards.close()
    this.#udp.outbound.close()
    this.#ip.close()
    this.#outbox.length = 0
    this.#inbox.length = 0
  }

  #transmit(frame: Uint8Array): void {
    if (this.#closed) return
    this.#outbox.push(frame)
    this.#flush()
  }

  /**
   * Handles what came and delivers what goes out, one after the other: whoever takes a frame may send one back before
   * it returns, and must not find the protocols in the middle of something.
   */
  #flush(): void {
    if (this.#busy || this.#tcp.busy) return
    this.#busy = true
    try {
      for (;;) {
        const sent = this.#outbox.shift()
        if (sent !== undefined) this.onFrame?.(sent)
        else {
          const received = this.#inbox.shift()
          if (received === undefined) return
          this.#ip.receive(received)
        }
      }
    } finally {
      this.#busy = false
    }
  }
}
