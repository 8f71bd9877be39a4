import type { Counters } from '../counters.ts'
import { ETHERNET_HEADER_BYTES } from '../link.ts'
import {
  inNetwork,
  isGroupMac,
  IPV4_ANY,
  IPV4_BROADCAST,
  MAC_BROADCAST,
  type Ipv4,
  type Mac,
} from '../wire/address.ts'
import { emitArp, parseArp } from '../wire/arp.ts'
import { emitEthernet, ETHERTYPE_ARP, ETHERTYPE_IPV4, parseEthernet } from '../wire/ethernet.ts'
import { emitIcmp, quote, type IcmpMessage } from '../wire/icmp.ts'
import { datagram, emitIpv4, fragment, parseIpv4, PROTOCOL_ICMP, type Ipv4Packet } from '../wire/ipv4.ts'
import { isMalformed } from '../wire/parsed.ts'
import { Reassembly } from '../wire/reassembly.ts'
import { Neighbours } from './neighbours.ts'
import { isOurs, plan } from './options.ts'

/** Takes a datagram from the guest, also as the Ethernet frame that it came in, or would have without fragments. */
export type ProtocolHandler = (packet: Ipv4Packet, frame: Uint8Array) => void

/**
 * The gateway's network layer: Ethernet, ARP and IPv4 towards the guest. Protocols above register a handler; what
 * they send is fragmented and finds the guest's hardware address.
 */
export class IpLayer {
  /** By IPv4 protocol number. */
  readonly handlers: Map<number, ProtocolHandler> = new Map()
  /** Sees replies to ARP as well: the TCP stack keeps a table of its own. */
  onArpReply: ((frame: Uint8Array) => void) | null = null
  readonly #transmit: (frame: Uint8Array) => void
  readonly #counters: Counters
  readonly #mtuBytes: number
  readonly #reassembly = new Reassembly()
  readonly #neighbours: Neighbours
  #identification = 0

  constructor(transmit: (frame: Uint8Array) => void, counters: Counters, mtuBytes: number) {
    this.#transmit = transmit
    this.#counters = counters
    this.#mtuBytes = mtuBytes
    this.#neighbours = new Neighbours((address) => this.#ask(address))
  }

  /** Takes a frame from the guest. Whatever is wrong with it is counted. */
  receive(frame: Uint8Array): void {
    const ethernet = parseEthernet(frame)
    if (isMalformed(ethernet)) return this.#counters.add(ethernet)
    if (frame.length > ETHERNET_HEADER_BYTES + this.#mtuBytes)
      return this.#counters.add('ethernet: beyond the MTU')
    if (ethernet.destination !== plan.mac && !isGroupMac(ethernet.destination))
      return this.#counters.add('ethernet: not for us')
    if (ethernet.type === ETHERTYPE_ARP) this.#receiveArp(ethernet.payload, frame)
    else if (ethernet.type === ETHERTYPE_IPV4) this.#receiveIpv4(ethernet.payload, ethernet.source, frame)
    else this.#counters.add('ethernet: unknown type')
  }

  /** Sends a datagram to the guest. `mac` is given when its address is not known to ARP yet (DHCP). */
  send(packet: Ipv4Packet, mac?: Mac): void {
    this.#identification = (this.#identification + 1) & 0xffff
    const pieces = fragment({ ...packet, identification: this.#identification }, this.#mtuBytes)
    const broadcast = packet.destination === IPV4_BROADCAST
    const target = mac ?? (broadcast ? MAC_BROADCAST : this.#neighbours.find(packet.destination))
    const payloads = pieces.map(emitIpv4)
    if (target !== null) for (const payload of payloads) this.#sendFrame(target, ETHERTYPE_IPV4, payload)
    else if (!this.#neighbours.wait(packet.destination, payloads)) this.#counters.add('arp: queue full')
  }

  /** Sends an ICMP message to the guest from `source`. */
  sendIcmp(message: IcmpMessage, source: Ipv4, destination: Ipv4): void {
    this.send(datagram(source, destination, PROTOCOL_ICMP, emitIcmp(message)))
  }

  /**
   * Tells the guest that its packet got nowhere. The error quotes the packet's head, so that the guest finds the
   * socket it belongs to. Never about broadcasts or ICMP errors (RFC 1122 §3.2.2).
   */
  refuse(packet: Ipv4Packet, code: number): void {
    if (packet.destination === IPV4_BROADCAST || packet.fragmentOffset !== 0) return
    const head = quote(emitIpv4({ ...packet, moreFragments: false }))
    const source = code === 3 ? packet.destination : plan.gateway
    this.sendIcmp({ kind: 'unreachable', code, mtu: 0, packet: head }, source, packet.source)
  }

  close(): void {
    this.#reassembly.clear()
    this.#neighbours.clear()
  }

  #receiveArp(payload: Uint8Array, frame: Uint8Array): void {
    const arp = parseArp(payload)
    if (isMalformed(arp)) return this.#counters.add(arp)
    this.#learn(arp.senderAddress, arp.senderMac)
    if (arp.operation === 'reply') return this.onArpReply?.(frame)
    if (!isOurs(arp.targetAddress)) return
    const reply = emitArp({
      operation: 'reply',
      senderMac: plan.mac,
      senderAddress: arp.targetAddress,
      targetMac: arp.senderMac,
      targetAddress: arp.senderAddress,
    })
    this.#sendFrame(arp.senderMac, ETHERTYPE_ARP, reply)
  }

  #receiveIpv4(payload: Uint8Array, mac: Mac, frame: Uint8Array): void {
    const piece = parseIpv4(payload)
    if (isMalformed(piece)) return this.#counters.add(piece)
    if (piece.source !== IPV4_ANY && !isGuest(piece.source))
      return this.#counters.add('ipv4: source not on this network')
    const packet = this.#reassembly.add(piece)
    if (packet === null) return
    if (isMalformed(packet)) return this.#counters.add(packet)
    this.#learn(packet.source, mac)
    const handler = this.handlers.get(packet.protocol)
    if (handler) handler(packet, packet === piece ? frame : this.#whole(packet, mac))
    else this.#counters.add('ipv4: unknown protocol')
  }

  #whole(packet: Ipv4Packet, source: Mac): Uint8Array {
    return emitEthernet({ destination: plan.mac, source, type: ETHERTYPE_IPV4, payload: emitIpv4(packet) })
  }

  #learn(address: Ipv4, mac: Mac): void {
    if (!isGuest(address) || isGroupMac(mac) || mac === plan.mac) return
    for (const payload of this.#neighbours.learn(address, mac)) this.#sendFrame(mac, ETHERTYPE_IPV4, payload)
  }

  #ask(address: Ipv4): void {
    const request = emitArp({
      operation: 'request',
      senderMac: plan.mac,
      senderAddress: plan.gateway,
      targetMac: 0,
      targetAddress: address,
    })
    this.#sendFrame(MAC_BROADCAST, ETHERTYPE_ARP, request)
  }

  #sendFrame(destination: Mac, type: number, payload: Uint8Array): void {
    this.#transmit(emitEthernet({ destination, source: plan.mac, type, payload }))
  }
}

/** An address that a guest may have: of the network, neither ours nor its first or last. */
function isGuest(address: Ipv4): boolean {
  const host = address & 255
  return inNetwork(address, plan.network, plan.prefixLength) && !isOurs(address) && host !== 0 && host !== 255
}
