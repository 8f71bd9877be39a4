import {
  ETHERNET_HEADER,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  EthernetHeader,
  MAC_BROADCAST,
  isGroupMac,
} from './ethernet/codec'
import { Interface, OFFLOAD_RX_CHECKSUM, OFFLOAD_TX_CHECKSUM, RX_CHECKSUM_VALID, Transmit } from './interface'
import { LoopbackQueue } from './loopback'
import { Budget } from './core/budget'
import { RateLimit } from './core/rate-limit'
import { SipKey } from './core/siphash'
import { TimerHeap } from './core/timers'
import { Stats } from './stats'
import { PortTable } from './ports'
import { KIND_TCP, Socket } from './socket'
import { ArpPacket } from './arp/codec'
import { arpInput } from './arp/arp'
import { IcmpHeader } from './icmp/codec'
import { Ipv4Header, isLoopback } from './ipv4/codec'
import { Received, ipv4Input } from './ipv4/input'
import { Reassembly } from './ipv4/reassembly'
import { RouteTable } from './ipv4/routes'
import { UdpHeader } from './udp/codec'
import { UdpSocket } from './udp/socket'
import { udpSend } from './udp/send'
import { Tcp } from './tcp/tcp'
import { SynRequest } from './tcp/request'
import { TcpSocket } from './tcp/socket'
import { Resolver, DnsQuery, ResolveDone } from './dns/resolver'
import { DhcpChange, DhcpClient } from './dhcp/client'

export type Clock = () => u64
export type Random = () => u64
export type OnReadiness = (owner: usize, readiness: u32) => void
export type UdpForwarder = (
  context: usize,
  source: u32,
  sourcePort: u32,
  destination: u32,
  destinationPort: u32,
  payload: usize,
  length: u32,
) => bool
export type TcpForwarder = (context: usize, pending: SynRequest) => void

/** In front of every transport header: 16 bytes for a driver, then Ethernet and the longest IPv4 header. */
const HEADROOM: usize = 16 + 14 + 60 + 6
const MEMORY_DEFAULT: u32 = 64 << 20

function noTransmit(_context: usize, _frame: usize, _length: u32): bool {
  return false
}

/**
 * A TCP/IP host. It owns no clock, no device and no thread: `now` and `random` are asked, frames go out through each
 * interface's `transmit`, and whoever runs it calls `receive` for each frame and `poll` at the deadline. A host may have many.
 */
@unmanaged
export class NetStack {
  /** Monotonic nanoseconds. */
  now: Clock
  /** 64 random bits, unguessable by peers. */
  random: Random
  /** Told when a socket with an owner has become ready for something. Called only at the end of `receive` and `poll`. */
  onReadiness: OnReadiness | null = null
  interfaces: Interface | null = null
  loopback: Interface | null = null
  stats: Stats = new Stats()
  timers: TimerHeap = new TimerHeap()
  /** Bytes in all socket buffers. */
  budget: Budget = new Budget(MEMORY_DEFAULT)
  key: SipKey
  routes!: RouteTable
  reassembly!: Reassembly
  udpPorts!: PortTable
  tcp!: Tcp
  resolver!: Resolver
  dhcpClients: DhcpClient | null = null
  udpForwarder: UdpForwarder | null = null
  udpForwarderContext: usize = 0

  /** Where outgoing transport headers are written; the headers below go in front of it. */
  transport: usize
  /** Where outgoing ARP packets are written, apart from `transport` because asking happens while a packet waits there. */
  arpFrame: usize
  identification: u32
  defendedNs: u64 = 0
  icmpErrorRate: RateLimit = new RateLimit(100, 50)
  icmpEchoRate: RateLimit = new RateLimit(1000, 1000)

  /** What is being received: each is overwritten by the next frame. */
  received: Received = new Received()
  quotedHeader: Ipv4Header = new Ipv4Header()
  ethernetHeader: EthernetHeader = new EthernetHeader()
  arpPacket: ArpPacket = new ArpPacket()
  icmpHeader: IcmpHeader = new IcmpHeader()
  udpHeader: UdpHeader = new UdpHeader()

  private depth: u32 = 0
  private touched: Socket | null = null
  private buried: Socket | null = null
  private scratch: usize

  constructor(now: Clock, random: Random) {
    this.now = now
    this.random = random
    this.key = new SipKey(random(), random())
    this.identification = random() as u32
    this.scratch = heap.alloc(HEADROOM + 65536 + 64)
    this.transport = this.scratch + HEADROOM
    this.arpFrame = heap.alloc(16 + 64) + 16
    this.routes = new RouteTable(this)
    this.reassembly = new Reassembly(this)
    this.udpPorts = new PortTable(this)
    this.tcp = new Tcp(this)
    this.resolver = new Resolver(this)
  }

  /** The bound on the bytes that all socket buffers together may take; 64 MiB unless set. */
  get memoryLimit(): u32 {
    return this.budget.limit
  }

  set memoryLimit(bytes: u32) {
    this.budget.limit = bytes
  }

  get memoryUsed(): u32 {
    return this.budget.used
  }

  /** Adds an interface without addresses. `mtu` is the largest IPv4 datagram; `offload` a sum of `OFFLOAD_` bits. */
  addInterface(mac: u64, mtu: u32, transmit: Transmit, context: usize, offload: u32): Interface {
    const nic = new Interface(this, mac, mtu, transmit, context, offload)
    let last = this.interfaces
    while (last && last.next) last = last.next
    if (last) last.next = nic
    else this.interfaces = nic
    return nic
  }

  /** Adds the loopback interface, 127.0.0.1/8. What is sent to an own address goes through it too. */
  addLoopback(): Interface {
    const present = this.loopback
    if (present) return present
    const nic = this.addInterface(0, 65535, noTransmit, 0, OFFLOAD_TX_CHECKSUM | OFFLOAD_RX_CHECKSUM)
    nic.loopback = new LoopbackQueue()
    nic.addAddress(0x7f000001, 8)
    this.loopback = nic
    return nic
  }

  /** Takes a frame from a device. `flags` are `RX_CHECKSUM_` bits; the frame is not kept. */
  receive(nic: Interface, frame: usize, length: u32, flags: u32): void {
    this.depth++
    nic.receivedFrames++
    this.input(nic, frame, length, flags)
    this.depth--
    this.settle()
  }

  /** Runs what is due and delivers what the host sent to itself. The next deadline in absolute ns, or u64.MAX_VALUE. */
  poll(): u64 {
    this.depth++
    this.timers.run(this.now())
    const loopback = this.loopback
    const queue = loopback ? loopback.loopback : null
    if (loopback && queue) {
      // Only what waits now: two sockets that talk to each other must not keep everyone else waiting.
      let left = queue.bytes
      while (left > 0 && !queue.isEmpty) {
        const entry = queue.pop()
        const length = LoopbackQueue.frameLength(entry)
        left = left > length ? left - length : 0
        loopback.receivedFrames++
        this.input(loopback, LoopbackQueue.frame(entry), length, RX_CHECKSUM_VALID)
        heap.free(entry)
      }
      if (loopback.blocked) this.unblock(loopback)
    }
    this.depth--
    this.settle()
    return this.nextDeadline()
  }

  /** When `poll` has something to do: absolute ns; 0 for at once; u64.MAX_VALUE for never. */
  nextDeadline(): u64 {
    const loopback = this.loopback
    const queue = loopback ? loopback.loopback : null
    if (queue && !queue.isEmpty) return 0
    return this.timers.next()
  }

  /** The device of an interface has room again after `transmit` returned false. */
  transmitReady(nic: Interface): void {
    this.depth++
    this.unblock(nic)
    this.depth--
    this.settle()
  }

  /** Adds or replaces a route; `gateway` 0: destinations are on the link. 0 or a negative errno. */
  addRoute(destination: u32, prefixLength: u32, gateway: u32, nic: Interface): i32 {
    return this.routes.add(destination, prefixLength, gateway, nic)
  }

  removeRoute(destination: u32, prefixLength: u32): i32 {
    return this.routes.remove(destination, prefixLength)
  }

  setDefaultGateway(gateway: u32, nic: Interface): i32 {
    return this.routes.add(0, 0, gateway, nic)
  }

  /** A new TCP socket, neither bound nor connected. */
  tcpOpen(): TcpSocket {
    return new TcpSocket(this)
  }

  /** A new UDP socket. */
  udpOpen(): UdpSocket {
    return new UdpSocket(this)
  }

  /** Who is asked about SYNs to foreign addresses on interfaces with IFF_ACCEPT_ANY; null: nobody, they are reset. */
  setTcpForwarder(forwarder: TcpForwarder | null, context: usize, maxPending: u32): void {
    this.tcp.forwarder = forwarder
    this.tcp.forwarderContext = context
    this.tcp.forwarderLimit = maxPending
  }

  /** Told that a pending connection is over before it was answered. */
  setForwarderCancel(cancel: TcpForwarder | null): void {
    this.tcp.forwarderCancel = cancel
  }

  /** Answers a pending connection with SYN-ACK; the socket becomes OUT when the peer has confirmed. */
  acceptForwarded(pending: SynRequest): TcpSocket | null {
    return this.tcp.acceptPending(pending)
  }

  /** Answers a pending connection with RST. */
  refuseForwarded(pending: SynRequest): void {
    this.tcp.refusePending(pending)
  }

  /** Who is given datagrams to foreign addresses on interfaces with IFF_ACCEPT_ANY. */
  setUdpForwarder(forwarder: UdpForwarder | null, context: usize): void {
    this.udpForwarder = forwarder
    this.udpForwarderContext = context
  }

  /** Sends a datagram in somebody else's name: a NAT's answers. 0 or a negative errno. */
  udpSendFrom(
    source: u32,
    sourcePort: u32,
    destination: u32,
    destinationPort: u32,
    payload: usize,
    length: u32,
  ): i32 {
    return udpSend(this, source, sourcePort, destination, destinationPort, payload, length)
  }

  /** Starts configuring an interface by DHCP. One client for an interface: a second call returns the first client. */
  dhcpStart(nic: Interface, onChange: DhcpChange | null, context: usize): DhcpClient {
    for (let client: DhcpClient | null = this.dhcpClients; client; client = client!.next) {
      if (client.nic == nic) return client
    }
    const client = new DhcpClient(this, nic, onChange, context)
    client.next = this.dhcpClients
    this.dhcpClients = client
    client.start()
    return client
  }

  addDnsServer(address: u32): i32 {
    return this.resolver.addServer(address)
  }

  clearDnsServers(): void {
    this.resolver.clearServers()
  }

  /** Looks up the IPv4 addresses of a name. `done` may be called before this returns; then, and on bad names, null. */
  resolve(name: usize, length: u32, done: ResolveDone, context: usize): DnsQuery | null {
    return this.resolver.resolve(name, length, done, context)
  }

  /** Forgets a query: its callback will not be called. */
  cancelResolve(query: DnsQuery): void {
    this.resolver.cancel(query)
  }

  /** Frees everything, the stack itself included. Peers are told nothing. */
  destroy(): void {
    this.depth++
    while (this.dhcpClients) (this.dhcpClients as DhcpClient).stop()
    this.resolver.free()
    this.tcp.free()
    this.freeUdp()
    this.freeBuried()
    this.udpPorts.free()
    this.reassembly.free()
    this.routes.free()
    for (let nic: Interface | null = this.interfaces; nic;) {
      const next = nic.next
      nic.free()
      nic = next
    }
    this.timers.free()
    this.received.free()
    heap.free(changetype<usize>(this.quotedHeader))
    heap.free(changetype<usize>(this.ethernetHeader))
    heap.free(changetype<usize>(this.arpPacket))
    heap.free(changetype<usize>(this.icmpHeader))
    heap.free(changetype<usize>(this.udpHeader))
    heap.free(changetype<usize>(this.icmpErrorRate))
    heap.free(changetype<usize>(this.icmpEchoRate))
    heap.free(changetype<usize>(this.budget))
    heap.free(changetype<usize>(this.stats))
    heap.free(changetype<usize>(this.key))
    heap.free(this.scratch)
    heap.free(this.arpFrame - 16)
    heap.free(changetype<usize>(this))
  }

  // --- for the protocols ---

  hasAddress(address: u32): bool {
    for (let nic: Interface | null = this.interfaces; nic; nic = nic!.next) {
      if (nic.hasAddress(address)) return true
    }
    return false
  }

  /** Whether a socket may be bound to an address: an own one, any in 127/8. */
  isBindable(address: u32): bool {
    return this.hasAddress(address) || (isLoopback(address) && this.loopback != null)
  }

  isBroadcast(address: u32): bool {
    for (let nic: Interface | null = this.interfaces; nic; nic = nic!.next) {
      if (nic.isSubnetBroadcast(address)) return true
    }
    return false
  }

  /** Notes that a socket's readiness may have risen; told to its owner once the frame is done with. */
  touch(socket: Socket): void {
    if (socket.isTouched || socket.owner == 0) return
    socket.isTouched = true
    socket.touchedNext = this.touched
    this.touched = socket
  }

  /** Gives a socket up: it is freed once nobody can still hold it. */
  bury(socket: Socket): void {
    if (socket.isBuried) return
    socket.isBuried = true
    socket.owner = 0
    socket.buriedNext = this.buried
    this.buried = socket
    this.settle()
  }

  /** Whether DHCP on an interface wants a datagram though the address is not yet ours. */
  dhcpWants(nic: Interface, received: Received): bool {
    for (let client: DhcpClient | null = this.dhcpClients; client; client = client!.next) {
      if (client.nic == nic && client.wants(received)) return true
    }
    return false
  }

  /** Offers a datagram to port 68 to the interface's DHCP client; whether it took it. */
  dhcpReceive(received: Received, payload: usize, length: u32): bool {
    for (let client: DhcpClient | null = this.dhcpClients; client; client = client!.next) {
      if (client.nic == received.nic) {
        client.receive(received.header.source, payload, length)
        return true
      }
    }
    return false
  }

  /** Tells DHCP who is on the link; whether the packet was a conflict that it deals with. */
  dhcpHears(nic: Interface, sender: u32, target: u32): bool {
    for (let client: DhcpClient | null = this.dhcpClients; client; client = client!.next) {
      if (client.nic == nic && client.hears(sender, target)) return true
    }
    return false
  }

  private input(nic: Interface, frame: usize, length: u32, flags: u32): void {
    const ethernet = this.ethernetHeader
    if (!ethernet.parse(frame, length)) {
      this.stats.badFrames++
      return
    }
    const destination = ethernet.destination
    if (destination != nic.mac && destination != MAC_BROADCAST) {
      if (!isGroupMac(destination)) this.stats.notForUs++
      return
    }
    const packet = frame + ETHERNET_HEADER
    const available = length - ETHERNET_HEADER
    if (ethernet.type == ETHERTYPE_IPV4) {
      ipv4Input(this, nic, destination, packet, available, flags)
    } else if (ethernet.type == ETHERTYPE_ARP && !nic.loopback) {
      arpInput(nic, packet, available)
    } else {
      this.stats.unknownEthertype++
    }
  }

  private unblock(nic: Interface): void {
    if (!nic.blocked) return
    nic.blocked = false
    this.tcp.resumeOutput(nic)
  }

  /** Tells owners what has become ready, then frees what nobody holds any more. */
  private settle(): void {
    if (this.depth > 0) return
    this.depth++
    this.tcp.starved.feed()
    for (let socket: Socket | null = this.touched; socket; socket = this.touched) {
      this.touched = socket.touchedNext
      socket.isTouched = false
      this.tell(socket)
    }
    this.freeBuried()
    this.depth--
  }

  private freeBuried(): void {
    for (let socket: Socket | null = this.buried; socket; socket = this.buried) {
      this.buried = socket.buriedNext
      heap.free(changetype<usize>(socket))
    }
  }

  private tell(socket: Socket): void {
    const owner = socket.owner
    const callback = this.onReadiness
    if (owner == 0 || !callback) return
    const ready =
      socket.kind == KIND_TCP
        ? changetype<TcpSocket>(socket).readiness()
        : changetype<UdpSocket>(socket).readiness()
    const risen = ready & ~socket.reported
    socket.reported = ready
    if (risen) callback(owner, risen)
  }

  private freeUdp(): void {
    for (let port: u32 = 0; port < 256; port++) {
      for (
        let socket: Socket | null = this.udpPorts.first(port);
        socket;
        socket = this.udpPorts.first(port)
      ) {
        changetype<UdpSocket>(socket).close()
      }
    }
  }
}
