import { read16, read32, write16, write32, write48 } from '../core/bytes'

/** DHCP messages (RFC 2131 section 2, options of RFC 2132). */

export const DHCP_SERVER_PORT: u32 = 67
export const DHCP_CLIENT_PORT: u32 = 68

export const DHCP_DISCOVER: u32 = 1
export const DHCP_OFFER: u32 = 2
export const DHCP_REQUEST: u32 = 3
export const DHCP_DECLINE: u32 = 4
export const DHCP_ACK: u32 = 5
export const DHCP_NAK: u32 = 6
export const DHCP_RELEASE: u32 = 7

export const DNS_SERVERS_MAXIMUM: u32 = 3

const BOOTREQUEST: u32 = 1
const BOOTREPLY: u32 = 2
const COOKIE: u32 = 0x63825363
/** Up to and including the cookie. */
const FIXED_LENGTH: u32 = 240
/** Servers may expect at least as much as BOOTP had. */
const MESSAGE_MINIMUM: u32 = 300
const FLAG_BROADCAST: u32 = 0x8000

const OPTION_PAD: u32 = 0
const OPTION_SUBNET_MASK: u32 = 1
const OPTION_ROUTER: u32 = 3
const OPTION_DNS: u32 = 6
const OPTION_MTU: u32 = 26
const OPTION_REQUESTED_ADDRESS: u32 = 50
const OPTION_LEASE_TIME: u32 = 51
const OPTION_OVERLOAD: u32 = 52
const OPTION_MESSAGE_TYPE: u32 = 53
const OPTION_SERVER: u32 = 54
const OPTION_PARAMETERS: u32 = 55
const OPTION_RENEWAL_TIME: u32 = 58
const OPTION_REBINDING_TIME: u32 = 59
const OPTION_END: u32 = 255

/** A server's message, as far as a client cares. */
@unmanaged
export class DhcpReply {
  type: u32 = 0
  transaction: u32 = 0
  /** The address offered or granted. */
  address: u32 = 0
  server: u32 = 0
  /** 0: the server did not say. */
  subnetMask: u32 = 0
  router: u32 = 0
  mtu: u32 = 0
  /** Seconds; 0xffffffff is for ever; 0: the server did not say. */
  leaseSeconds: u32 = 0
  renewalSeconds: u32 = 0
  rebindingSeconds: u32 = 0
  dnsCount: u32 = 0
  dns0: u32 = 0
  dns1: u32 = 0
  dns2: u32 = 0

  /** Reads a message; false if it is not a DHCP reply for this MAC. */
  parse(message: usize, length: u32, mac: u64): bool {
    if (length < FIXED_LENGTH || load<u8>(message) != (BOOTREPLY as u8)) return false
    if (load<u8>(message, 1) != 1 || load<u8>(message, 2) != 6) return false
    if ((((read16(message + 28) as u64) << 32) | read32(message + 30)) != mac) return false
    if (read32(message + 236) != COOKIE) return false
    this.reset()
    this.transaction = read32(message + 4)
    this.address = read32(message + 16)
    const overload = this.parseOptions(message + FIXED_LENGTH, message + length)
    // Options may overflow into the fields for file and server name (RFC 2131 section 4.1).
    if (overload & 1) this.parseOptions(message + 108, message + 236)
    if (overload & 2) this.parseOptions(message + 44, message + 108)
    return this.type != 0
  }

  dns(index: u32): u32 {
    return index == 0 ? this.dns0 : index == 1 ? this.dns1 : this.dns2
  }

  private reset(): void {
    this.type = 0
    this.server = 0
    this.subnetMask = 0
    this.router = 0
    this.mtu = 0
    this.leaseSeconds = 0
    this.renewalSeconds = 0
    this.rebindingSeconds = 0
    this.dnsCount = 0
  }

  /** Reads options; returns the value of the overload option. */
  private parseOptions(start: usize, end: usize): u32 {
    let overload: u32 = 0
    let at = start
    while (at < end) {
      const code = load<u8>(at) as u32
      if (code == OPTION_END) break
      if (code == OPTION_PAD) {
        at++
        continue
      }
      if (at + 2 > end) break
      const size = load<u8>(at, 1) as u32
      const value = at + 2
      if (value + size > end) break
      if (code == OPTION_OVERLOAD && size >= 1) overload = load<u8>(value)
      else this.take(code, value, size)
      at = value + size
    }
    return overload
  }

  private take(code: u32, value: usize, size: u32): void {
    if (code == OPTION_MESSAGE_TYPE && size == 1) {
      this.type = load<u8>(value)
      return
    }
    if (code == OPTION_MTU && size == 2) {
      this.mtu = read16(value)
      return
    }
    if (size < 4) return
    if (code == OPTION_SUBNET_MASK) this.subnetMask = read32(value)
    else if (code == OPTION_ROUTER) this.router = read32(value)
    else if (code == OPTION_SERVER) this.server = read32(value)
    else if (code == OPTION_LEASE_TIME) this.leaseSeconds = read32(value)
    else if (code == OPTION_RENEWAL_TIME) this.renewalSeconds = read32(value)
    else if (code == OPTION_REBINDING_TIME) this.rebindingSeconds = read32(value)
    else if (code == OPTION_DNS) this.takeDns(value, size)
  }

  private takeDns(value: usize, size: u32): void {
    this.dnsCount = min(size >> 2, DNS_SERVERS_MAXIMUM)
    this.dns0 = read32(value)
    if (this.dnsCount > 1) this.dns1 = read32(value + 4)
    if (this.dnsCount > 2) this.dns2 = read32(value + 8)
  }
}

/**
 * Writes a client's message; its length. `client` is the address in use or 0, `requested` and `server` go into options unless
 * they are 0, `broadcast` asks for an answer that a host without an address can hear.
 */
export function emitDhcp(
  message: usize,
  type: u32,
  transaction: u32,
  seconds: u32,
  broadcast: bool,
  mac: u64,
  client: u32,
  requested: u32,
  server: u32,
): u32 {
  memory.fill(message, 0, MESSAGE_MINIMUM)
  store<u8>(message, BOOTREQUEST as u8)
  store<u8>(message, 1, 1)
  store<u8>(message, 6, 2)
  write32(message + 4, transaction)
  write16(message + 8, min(seconds, 0xffff as u32))
  write16(message + 10, broadcast ? FLAG_BROADCAST : 0)
  write32(message + 12, client)
  write48(message + 28, mac)
  write32(message + 236, COOKIE)
  let at = emitOption8(message + FIXED_LENGTH, OPTION_MESSAGE_TYPE, type)
  if (requested) at = emitOption32(at, OPTION_REQUESTED_ADDRESS, requested)
  if (server) at = emitOption32(at, OPTION_SERVER, server)
  if (type == DHCP_DISCOVER || type == DHCP_REQUEST) at = emitParameters(at)
  store<u8>(at, OPTION_END as u8)
  return max((at + 1 - message) as u32, MESSAGE_MINIMUM)
}

function emitOption8(at: usize, code: u32, value: u32): usize {
  store<u8>(at, code as u8)
  store<u8>(at, 1, 1)
  store<u8>(at, value as u8, 2)
  return at + 3
}

function emitOption32(at: usize, code: u32, value: u32): usize {
  store<u8>(at, code as u8)
  store<u8>(at, 4, 1)
  write32(at + 2, value)
  return at + 6
}

function emitParameters(at: usize): usize {
  store<u8>(at, OPTION_PARAMETERS as u8)
  store<u8>(at, 7, 1)
  store<u8>(at, OPTION_SUBNET_MASK as u8, 2)
  store<u8>(at, OPTION_ROUTER as u8, 3)
  store<u8>(at, OPTION_DNS as u8, 4)
  store<u8>(at, OPTION_MTU as u8, 5)
  store<u8>(at, OPTION_LEASE_TIME as u8, 6)
  store<u8>(at, OPTION_RENEWAL_TIME as u8, 7)
  store<u8>(at, OPTION_REBINDING_TIME as u8, 8)
  return at + 9
}
