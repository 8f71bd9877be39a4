import { NetStack } from '../stack'
import { Interface } from '../interface'
import { Timer } from '../core/timers'
import { announce } from '../arp/arp'
import { sendArpRequest } from '../arp/cache'
import { MAC_BROADCAST } from '../ethernet/codec'
import { ADDRESS_BROADCAST, PROTOCOL_UDP, isUnicast } from '../ipv4/codec'
import { Received } from '../ipv4/input'
import { ipv4Send } from '../ipv4/output'
import { UDP_HEADER, emitUdp } from '../udp/codec'
import {
  DHCP_ACK,
  DHCP_CLIENT_PORT,
  DHCP_DECLINE,
  DHCP_DISCOVER,
  DHCP_NAK,
  DHCP_OFFER,
  DHCP_RELEASE,
  DHCP_REQUEST,
  DHCP_SERVER_PORT,
  DhcpReply,
  emitDhcp,
} from './codec'

/** Client states (RFC 2131 figure 5); CHECKING is the ARP probe between DHCPACK and BOUND. */
export const DHCP_SELECTING: u32 = 1
export const DHCP_REQUESTING: u32 = 2
export const DHCP_CHECKING: u32 = 3
export const DHCP_BOUND: u32 = 4
export const DHCP_RENEWING: u32 = 5
export const DHCP_REBINDING: u32 = 6

export type DhcpChange = (context: usize, client: DhcpClient) => void

const SECOND: u64 = 1_000_000_000
const RETRY_FIRST: u64 = 2 * SECOND
const RETRY_MAXIMUM: u64 = 64 * SECOND
const RENEW_RETRY_MINIMUM: u64 = 60 * SECOND
/** RFC 5227 waits for seconds; a host that shall serve as soon as it has started does not. */
const PROBES: u32 = 2
const PROBE_INTERVAL: u64 = 25_000_000
const DECLINE_PAUSE: u64 = 10 * SECOND
const LEASE_DEFAULT: u32 = 3600
const REQUEST_RETRIES: u32 = 4

function onTimer(owner: usize): void {
  changetype<DhcpClient>(owner).run()
}

/** Configures an interface: address, default route, DNS servers (RFC 2131 section 4.4). */
@unmanaged
export class DhcpClient {
  next: DhcpClient | null = null
  stack: NetStack
  nic: Interface
  state: u32 = 0
  /** What was granted; 0 while there is no lease. */
  address: u32 = 0
  prefixLength: u32 = 0
  router: u32 = 0
  server: u32 = 0
  leaseNs: u64 = 0
  /** How often an address was declined because somebody else had it. */
  declined: u32 = 0

  private onChange: DhcpChange | null
  private context: usize
  private timer!: Timer
  private reply: DhcpReply = new DhcpReply()
  private transaction: u32 = 0
  private retry: u64 = RETRY_FIRST
  private attempts: u32 = 0
  private startedNs: u64 = 0
  private offered: u32 = 0
  private renewNs: u64 = 0
  private rebindNs: u64 = 0
  private expireNs: u64 = 0

  constructor(stack: NetStack, nic: Interface, onChange: DhcpChange | null, context: usize) {
    this.stack = stack
    this.nic = nic
    this.onChange = onChange
    this.context = context
    this.timer = new Timer(onTimer, changetype<usize>(this))
  }

  /** Forgets any lease and looks for a server. */
  start(): void {
    this.state = DHCP_SELECTING
    this.transaction = this.stack.random() as u32
    this.startedNs = this.stack.now()
    this.retry = RETRY_FIRST
    this.attempts = 0
    this.discover()
  }

  /** Gives the lease back, if there is one, and ends the client: it is freed. */
  stop(): void {
    const stack = this.stack
    if (this.address) {
      this.send(DHCP_RELEASE, this.address, this.server, this.address, 0, this.server)
      this.unconfigure()
    }
    stack.timers.cancel(this.timer)
    let before: DhcpClient | null = null
    for (let at: DhcpClient | null = stack.dhcpClients; at && at != this; at = at!.next) before = at
    if (before) before.next = this.next
    else stack.dhcpClients = this.next
    heap.free(changetype<usize>(this.timer))
    heap.free(changetype<usize>(this.reply))
    heap.free(changetype<usize>(this))
  }

  /** Whether a datagram to an address that is not ours yet is an answer for us. */
  wants(received: Received): bool {
    if (received.header.protocol != PROTOCOL_UDP || received.payloadLength < UDP_HEADER) return false
    const port = bswap<u16>(load<u16>(received.payload, 2)) as u32
    return port == DHCP_CLIENT_PORT && this.state != DHCP_BOUND && received.header.fragmentOffset == 0
  }

  /** A datagram to port 68. */
  receive(source: u32, message: usize, length: u32): void {
    const reply = this.reply
    if (!reply.parse(message, length, this.nic.mac) || reply.transaction != this.transaction) return
    if (reply.server == 0) reply.server = source
    if (this.state == DHCP_SELECTING) {
      if (reply.type == DHCP_OFFER && isUnicast(reply.address)) this.request()
    } else if (this.state == DHCP_REQUESTING || this.state == DHCP_RENEWING || this.state == DHCP_REBINDING) {
      if (reply.type == DHCP_ACK && isUnicast(reply.address)) this.granted()
      else if (reply.type == DHCP_NAK) this.refused()
    }
  }

  /** An ARP packet on the link. While the address is being checked, anybody else who has or wants it is a conflict. */
  hears(sender: u32, target: u32): bool {
    if (this.state != DHCP_CHECKING) return false
    if (sender != this.offered && !(sender == 0 && target == this.offered)) return false
    this.declined++
    this.send(DHCP_DECLINE, 0, ADDRESS_BROADCAST, 0, this.offered, this.server)
    this.state = DHCP_SELECTING
    this.attempts = 0
    this.retry = RETRY_FIRST
    this.transaction = this.stack.random() as u32
    this.stack.timers.set(this.timer, this.stack.now() + DECLINE_PAUSE)
    return true
  }

  /** The timer: repeats, renews, gives up. */
  run(): void {
    const now = this.stack.now()
    if (this.state == DHCP_SELECTING) {
      this.discover()
    } else if (this.state == DHCP_REQUESTING) {
      if (this.attempts >= REQUEST_RETRIES) this.start()
      else this.sendRequest()
    } else if (this.state == DHCP_CHECKING) {
      if (this.attempts >= PROBES) this.bind()
      else this.probe()
    } else if (now >= this.expireNs) {
      this.unconfigure()
      this.start()
    } else {
      this.state = now >= this.rebindNs ? DHCP_REBINDING : DHCP_RENEWING
      this.renew(now)
    }
  }

  private discover(): void {
    this.send(DHCP_DISCOVER, 0, ADDRESS_BROADCAST, 0, 0, 0)
    this.backOff()
  }

  private request(): void {
    this.offered = this.reply.address
    this.server = this.reply.server
    this.state = DHCP_REQUESTING
    this.attempts = 0
    this.retry = RETRY_FIRST
    this.sendRequest()
  }

  private sendRequest(): void {
    this.attempts++
    this.send(DHCP_REQUEST, 0, ADDRESS_BROADCAST, 0, this.offered, this.server)
    this.backOff()
  }

  private granted(): void {
    const reply = this.reply
    const now = this.stack.now()
    const seconds = reply.leaseSeconds ? reply.leaseSeconds : LEASE_DEFAULT
    const renewal = reply.renewalSeconds ? reply.renewalSeconds : seconds / 2
    const rebinding = reply.rebindingSeconds ? reply.rebindingSeconds : ((((seconds as u64) * 7) / 8) as u32)
    const isForever = seconds == 0xffffffff
    this.leaseNs = isForever ? u64.MAX_VALUE : (seconds as u64) * SECOND
    this.expireNs = isForever ? u64.MAX_VALUE : now + this.leaseNs
    this.renewNs = isForever ? u64.MAX_VALUE : now + (min(renewal, seconds) as u64) * SECOND
    this.rebindNs = isForever ? u64.MAX_VALUE : now + (min(max(rebinding, renewal), seconds) as u64) * SECOND
    const isNew = this.address != reply.address
    this.offered = reply.address
    this.prefixLength = reply.subnetMask ? popcnt<u32>(reply.subnetMask) : classPrefix(reply.address)
    this.router = reply.router
    this.server = reply.server
    if (reply.mtu >= 576 && reply.mtu < this.nic.mtu) this.nic.mtu = reply.mtu
    if (isNew) {
      this.state = DHCP_CHECKING
      this.attempts = 0
      this.probe()
    } else {
      this.bind()
    }
  }

  private probe(): void {
    this.attempts++
    sendArpRequest(this.nic, MAC_BROADCAST, 0, this.offered)
    this.stack.timers.set(this.timer, this.stack.now() + PROBE_INTERVAL)
  }

  private bind(): void {
    const stack = this.stack
    const isNew = this.address != this.offered
    if (this.address && isNew) this.nic.removeAddress(this.address)
    this.address = this.offered
    this.state = DHCP_BOUND
    if (isNew) {
      this.nic.addAddress(this.address, this.prefixLength)
      announce(this.nic, this.address)
    }
    if (this.router) stack.routes.add(0, 0, this.router, this.nic)
    if (this.reply.dnsCount) stack.resolver.clearServers()
    for (let index: u32 = 0; index < this.reply.dnsCount; index++)
      stack.resolver.addServer(this.reply.dns(index))
    if (this.renewNs != u64.MAX_VALUE) stack.timers.set(this.timer, this.renewNs)
    else stack.timers.cancel(this.timer)
    this.report()
  }

  private renew(now: u64): void {
    const isRenewing = this.state == DHCP_RENEWING
    this.transaction = this.stack.random() as u32
    this.startedNs = now
    this.send(DHCP_REQUEST, this.address, isRenewing ? this.server : ADDRESS_BROADCAST, this.address, 0, 0)
    // Half of what is left, but no oftener than every minute (RFC 2131 section 4.4.5).
    const end = isRenewing ? this.rebindNs : this.expireNs
    const pause = max((end - now) / 2, RENEW_RETRY_MINIMUM)
    this.stack.timers.set(this.timer, min(now + pause, end))
  }

  private refused(): void {
    this.unconfigure()
    this.start()
  }

  private unconfigure(): void {
    if (!this.address) return
    this.nic.removeAddress(this.address)
    if (this.router) this.stack.routes.remove(0, 0)
    this.address = 0
    this.report()
  }

  private report(): void {
    const callback = this.onChange
    if (callback) callback(this.context, this)
  }

  private backOff(): void {
    const stack = this.stack
    // Between three quarters and five quarters of the interval (RFC 2131 section 4.1 asks for a spread).
    const spread = (stack.random() % 1000) * (this.retry / 2000)
    stack.timers.set(this.timer, stack.now() + this.retry - this.retry / 4 + spread)
    this.retry = min(this.retry * 2, RETRY_MAXIMUM)
  }

  private send(type: u32, source: u32, destination: u32, client: u32, requested: u32, server: u32): void {
    const stack = this.stack
    const seconds = ((stack.now() - this.startedNs) / SECOND) as u32
    const message = stack.transport + UDP_HEADER
    const mac = this.nic.mac
    const length = emitDhcp(
      message,
      type,
      this.transaction,
      seconds,
      client == 0,
      mac,
      client,
      requested,
      server,
    )
    emitUdp(stack.transport, source, DHCP_CLIENT_PORT, destination, DHCP_SERVER_PORT, length, false)
    if (destination == ADDRESS_BROADCAST || !stack.routes.find(destination)) {
      stack.routes.nic = this.nic
      stack.routes.nextHop = destination
    }
    ipv4Send(stack, source, destination, PROTOCOL_UDP, 64, false, UDP_HEADER + length, 0)
  }
}

/** What the subnet mask was before there were masks: by address class. */
function classPrefix(address: u32): u32 {
  return address >> 31 == 0 ? 8 : address >> 30 == 2 ? 16 : 24
}
