import { NetStack } from './stack'
import { ArpCache } from './arp/cache'
import { ETHERNET_HEADER, emitEthernet } from './ethernet/codec'
import { netmask } from './ipv4/codec'
import { LoopbackQueue } from './loopback'

/** Hands a frame to the device. False: its queue is full; the stack tries again after `NetStack.transmitReady`. */
export type Transmit = (context: usize, frame: usize, length: u32) => bool

/** The device completes transport checksums of outgoing frames. */
export const OFFLOAD_TX_CHECKSUM: u32 = 1
/** `receive` may be told that a checksum was verified; without this its flags are ignored. */
export const OFFLOAD_RX_CHECKSUM: u32 = 2

/** The device verified the transport checksum of this frame. */
export const RX_CHECKSUM_VALID: u32 = 1
/** The sender left the transport checksum to a device that there was not (VIRTIO_NET_HDR_F_NEEDS_CSUM): it was never at risk. */
export const RX_CHECKSUM_PARTIAL: u32 = 2

/** Take frames for any IPv4 destination, as a NAT does. */
export const IFF_ACCEPT_ANY: u32 = 1
/** Answer ARP requests for every address outside the interface's own subnets. */
export const IFF_PROXY_ARP: u32 = 2

const MAXIMUM_ADDRESSES: u32 = 8
/** Below this TCP's headers would leave no room for data worth sending. */
const MTU_MINIMUM: u32 = 128

/** A network interface: a device, its addresses and its neighbours. */
@unmanaged
export class Interface {
  stack: NetStack
  next: Interface | null = null
  mac: u64
  /** Largest IPv4 datagram in bytes; 128 to 65,535. */
  mtu: u32
  flags: u32 = 0
  offload: u32
  arp!: ArpCache
  /** Set for the loopback interface only. */
  loopback: LoopbackQueue | null = null

  /** Where a transport checksum is to begin and where, from there, to be stored, of the frame being transmitted; 0: nowhere. */
  checksumStart: u32 = 0
  checksumOffset: u32 = 0

  /** The device refused a frame and has not said since that it has room. */
  blocked: bool = false
  addressCount: u32 = 0

  receivedFrames: u64 = 0
  transmittedFrames: u64 = 0
  refusedFrames: u64 = 0

  private transmit: Transmit
  private context: usize
  /** Pairs of (address, prefix length). */
  private addresses: usize

  constructor(stack: NetStack, mac: u64, mtu: u32, transmit: Transmit, context: usize, offload: u32) {
    this.stack = stack
    this.mac = mac
    this.mtu = min(max(mtu, MTU_MINIMUM), 65535)
    this.transmit = transmit
    this.context = context
    this.offload = offload
    this.addresses = heap.alloc(MAXIMUM_ADDRESSES * 8)
    this.arp = new ArpCache(this)
  }

  /** The primary address; 0 while there is none. */
  get address(): u32 {
    return this.addressCount ? this.addressAt(0) : 0
  }

  addressAt(index: u32): u32 {
    return load<u32>(this.addresses + index * 8)
  }

  prefixLengthAt(index: u32): u32 {
    return load<u32>(this.addresses + index * 8 + 4)
  }

  /** Makes an address the only one; 0 removes all. */
  setAddress(address: u32, prefixLength: u32): void {
    this.addressCount = 0
    if (address) this.addAddress(address, prefixLength)
  }

  /** Adds an address; false if there are eight already or the prefix length is over 32. */
  addAddress(address: u32, prefixLength: u32): bool {
    if (prefixLength > 32 || this.addressCount == MAXIMUM_ADDRESSES) return false
    const slot = this.addresses + this.addressCount++ * 8
    store<u32>(slot, address)
    store<u32>(slot, prefixLength, 4)
    return true
  }

  removeAddress(address: u32): void {
    for (let index: u32 = 0; index < this.addressCount; index++) {
      if (this.addressAt(index) != address) continue
      const slot = this.addresses + index * 8
      this.addressCount--
      memory.copy(slot, slot + 8, (this.addressCount - index) * 8)
      return
    }
  }

  hasAddress(address: u32): bool {
    for (let index: u32 = 0; index < this.addressCount; index++) {
      if (this.addressAt(index) == address) return true
    }
    return false
  }

  /** The own address in the subnet of a neighbour, or 0 if the neighbour is not on this link. */
  addressFor(neighbour: u32): u32 {
    for (let index: u32 = 0; index < this.addressCount; index++) {
      const address = this.addressAt(index)
      if (((address ^ neighbour) & netmask(this.prefixLengthAt(index))) == 0) return address
    }
    return 0
  }

  /** Whether an address is the broadcast address of one of the subnets here (RFC 919). */
  isSubnetBroadcast(address: u32): bool {
    for (let index: u32 = 0; index < this.addressCount; index++) {
      const prefixLength = this.prefixLengthAt(index)
      if (prefixLength < 31 && address == (this.addressAt(index) | ~netmask(prefixLength))) return true
    }
    return false
  }

  /** Completes the Ethernet header in front of `packet` and sends; `length` is that of the packet without the header. */
  sendTo(mac: u64, type: u32, packet: usize, length: u32, checksumStart: u32, checksumOffset: u32): bool {
    const frame = packet - ETHERNET_HEADER
    emitEthernet(frame, mac, this.mac, type)
    return this.sendFrame(frame, ETHERNET_HEADER + length, checksumStart, checksumOffset)
  }

  /** Sends a complete frame; false if the device has no room. */
  sendFrame(frame: usize, length: u32, checksumStart: u32, checksumOffset: u32): bool {
    this.checksumStart = checksumStart
    this.checksumOffset = checksumOffset
    const queue = this.loopback
    const sent = queue ? queue.push(frame, length) : this.transmit(this.context, frame, length)
    if (sent) {
      this.transmittedFrames++
    } else {
      this.refusedFrames++
      this.blocked = true
    }
    return sent
  }

  free(): void {
    this.arp.free()
    const queue = this.loopback
    if (queue) queue.free()
    heap.free(this.addresses)
    heap.free(changetype<usize>(this))
  }
}
