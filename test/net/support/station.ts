import type { Link } from '../../../src/net/link.ts'
import {
  IPV4_ANY,
  IPV4_BROADCAST,
  MAC_BROADCAST,
  type Ipv4,
  type Mac,
} from '../../../src/net/wire/address.ts'
import { emitArp, parseArp, type ArpPacket } from '../../../src/net/wire/arp.ts'
import { emitDhcp, parseDhcp, type DhcpMessage, type DhcpMessageType } from '../../../src/net/wire/dhcp.ts'
import {
  emitEthernet,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  parseEthernet,
  type EthernetFrame,
} from '../../../src/net/wire/ethernet.ts'
import { emitIcmp, parseIcmp, type IcmpMessage } from '../../../src/net/wire/icmp.ts'
import {
  datagram,
  emitIpv4,
  fragment,
  parseIpv4,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  type Ipv4Packet,
} from '../../../src/net/wire/ipv4.ts'
import { isMalformed, type Parsed } from '../../../src/net/wire/parsed.ts'
import { Reassembly } from '../../../src/net/wire/reassembly.ts'
import { emitUdp, parseUdp, type UdpDatagram } from '../../../src/net/wire/udp.ts'

/** What a station has received and nobody has asked for yet. */
export type Received =
  | { kind: 'arp'; arp: ArpPacket }
  | { kind: 'icmp'; packet: Ipv4Packet; icmp: IcmpMessage }
  | { kind: 'udp'; packet: Ipv4Packet; udp: UdpDatagram }
type Of<K extends Received['kind']> = Extract<Received, { kind: K }>

/** A small guest: answers ARP, and sends and expects what a test tells it. Throws when it is sent anything malformed. */
export class Station {
  address: Ipv4 = IPV4_ANY
  router: Mac = MAC_BROADCAST
  readonly mac: Mac = 0x5254_0012_3456
  readonly #link: Link
  readonly #inbox: Received[] = []
  readonly #reassembly = new Reassembly()
  #wake: (() => void) | null = null
  #identification = 1

  constructor(link: Link) {
    this.#link = link
    link.onFrame = (frame) => this.#receive(frame)
  }

  /** Takes the next received thing of a kind that passes; waits at most `ms` for it. */
  async next<K extends Received['kind']>(
    kind: K,
    passes: (r: Of<K>) => boolean = () => true,
    ms = 3000,
  ): Promise<Of<K>> {
    const deadline = performance.now() + ms
    for (;;) {
      const index = this.#inbox.findIndex((r) => r.kind === kind && passes(r as Of<K>))
      if (index >= 0) return this.#inbox.splice(index, 1)[0] as Of<K>
      const left = deadline - performance.now()
      if (left <= 0)
        throw new Error(`no ${kind} within ${ms} ms; there is ${JSON.stringify(this.#inbox).slice(0, 400)}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** Whether nothing of a kind arrives for a while. */
  async hearsNo(kind: Received['kind'], ms = 100): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, ms))
    return !this.#inbox.some((r) => r.kind === kind)
  }

  /** Gets an address by DHCP and the router's MAC by ARP; gives the server's last word. */
  async configure(): Promise<DhcpMessage> {
    const offer = await this.dhcp('discover', {})
    const { serverIdentifier } = offer.options
    const ack = await this.dhcp('request', { requestedAddress: offer.yourAddress, serverIdentifier })
    this.address = ack.yourAddress
    this.router = await this.resolve(ack.options.routers![0]!)
    return ack
  }

  /** Sends a DHCP message and gives the answer. */
  async dhcp(type: DhcpMessageType, options: DhcpMessage['options'], broadcast = true): Promise<DhcpMessage> {
    const transaction = 0x1234_0000 + this.#identification
    const message = emitDhcp({
      type,
      fromServer: false,
      transaction,
      secondsElapsed: 0,
      broadcast,
      clientAddress: this.address,
      yourAddress: 0,
      serverAddress: 0,
      relayAddress: 0,
      clientMac: this.mac,
      options,
    })
    const udp = { sourcePort: 68, destinationPort: 67, payload: message }
    const bytes = emitUdp(udp, this.address, IPV4_BROADCAST)
    this.sendIpv4(datagram(this.address, IPV4_BROADCAST, PROTOCOL_UDP, bytes), MAC_BROADCAST)
    const answer = await this.next('udp', (r) => r.udp.destinationPort === 68)
    const reply = sound(parseDhcp(answer.udp.payload))
    if (reply.transaction !== transaction) throw new Error('an answer to another transaction')
    return reply
  }

  async resolve(address: Ipv4, ms = 3000): Promise<Mac> {
    this.sendArp({
      operation: 'request',
      senderMac: this.mac,
      senderAddress: this.address,
      targetMac: 0,
      targetAddress: address,
    })
    const isAnswer = (arp: ArpPacket): boolean => arp.operation === 'reply' && arp.senderAddress === address
    const { arp } = await this.next('arp', (r) => isAnswer(r.arp), ms)
    return arp.senderMac
  }

  sendArp(arp: ArpPacket): void {
    this.#send({ destination: MAC_BROADCAST, source: this.mac, type: ETHERTYPE_ARP, payload: emitArp(arp) })
  }

  sendUdp(to: Ipv4, destinationPort: number, sourcePort: number, payload: Uint8Array): void {
    const bytes = emitUdp({ sourcePort, destinationPort, payload }, this.address, to)
    this.sendIpv4(datagram(this.address, to, PROTOCOL_UDP, bytes))
  }

  sendIcmp(to: Ipv4, message: IcmpMessage): void {
    this.sendIpv4(datagram(this.address, to, PROTOCOL_ICMP, emitIcmp(message)))
  }

  sendIpv4(packet: Ipv4Packet, mac: Mac = this.router): void {
    const identification = this.#identification++
    for (const piece of fragment({ ...packet, identification }, 1500))
      this.#send({ destination: mac, source: this.mac, type: ETHERTYPE_IPV4, payload: emitIpv4(piece) })
  }

  /** Sends any bytes at all. */
  sendRaw(frame: Uint8Array): void {
    this.#link.send(frame)
  }

  #send(frame: EthernetFrame): void {
    this.#link.send(emitEthernet(frame))
  }

  #receive(bytes: Uint8Array): void {
    const frame = sound(parseEthernet(bytes))
    if (bytes.length > 1514) throw new Error('a frame longer than the MTU allows')
    if (frame.type === ETHERTYPE_ARP) this.#receiveArp(sound(parseArp(frame.payload)))
    else if (frame.type === ETHERTYPE_IPV4) this.#receiveIpv4(sound(parseIpv4(frame.payload)))
  }

  #receiveArp(arp: ArpPacket): void {
    this.#keep({ kind: 'arp', arp })
    if (arp.operation !== 'request' || arp.targetAddress !== this.address || this.address === IPV4_ANY) return
    this.sendArp({
      operation: 'reply',
      senderMac: this.mac,
      senderAddress: this.address,
      targetMac: arp.senderMac,
      targetAddress: arp.senderAddress,
    })
  }

  #receiveIpv4(piece: Ipv4Packet): void {
    const packet = this.#reassembly.add(piece)
    if (packet === null) return
    const whole = sound(packet)
    const { protocol, payload, source, destination } = whole
    if (protocol === PROTOCOL_UDP)
      this.#keep({ kind: 'udp', packet: whole, udp: sound(parseUdp(payload, source, destination)) })
    if (protocol === PROTOCOL_ICMP)
      this.#keep({ kind: 'icmp', packet: whole, icmp: sound(parseIcmp(payload)) })
  }

  #keep(received: Received): void {
    this.#inbox.push(received)
    this.#wake?.()
  }
}

function sound<T extends object>(parsed: Parsed<T>): T {
  if (isMalformed(parsed)) throw new Error(`malformed: ${parsed}`)
  return parsed
}
