import { expect } from 'vitest'
import { type Segment, type SeenSegment, arp, ethernet, ipv4, seeTcp, tcp } from './frames.ts'
import { type Nic, World, ip } from './world.ts'

export const OUR_MAC = 0x020000000001
export const PEER_MAC = 0x020000000002
export const OURS: number = ip(10, 0, 0, 1)
export const PEER: number = ip(10, 0, 0, 2)
export const PEER_ISN = 1000

/** One stack alone on a wire, whose every segment we see and answer by hand. */
export class Bench {
  readonly world: World
  readonly stack: number
  readonly nic: Nic
  readonly raw: Uint8Array[] = []
  /** Where the next hand-made segment comes from and goes to. */
  sport = 5000
  dport = 7

  private constructor(world: World) {
    this.world = world
    this.stack = world.addStack()
    this.nic = world.addNic(this.stack, OUR_MAC, OURS)
    world.outputs[this.nic.index] = (frame) => {
      this.raw.push(frame)
      const asked = Buffer.from(frame)
      if (
        asked.readUInt16BE(12) === 0x0806 &&
        asked.readUInt16BE(20) === 1 &&
        asked.readUInt32BE(38) === PEER
      ) {
        world.after(0, () => this.arp(2))
      }
      return true
    }
    // The stack knows us, so that no ARP gets in the way.
    this.arp(1)
    this.raw.length = 0
  }

  /** Tells the stack who we are, by request (1) or reply (2). */
  arp(operation: number): void {
    this.world.deliver(
      this.nic,
      ethernet(OUR_MAC, PEER_MAC, 0x0806, arp(operation, PEER_MAC, PEER, OUR_MAC, OURS)),
    )
  }

  static async create(seed = 1): Promise<Bench> {
    return new Bench(await World.create(seed))
  }

  get call(): World['guest']['call'] {
    return this.world.guest.call
  }

  /** Segments sent since the last look. */
  seen(): SeenSegment[] {
    return this.raw.splice(0).flatMap((frame) => seeTcp(frame) ?? [])
  }

  /** The only segment sent since the last look. */
  one(): SeenSegment {
    const all = this.seen()
    expect(all.length, JSON.stringify(all)).toBe(1)
    return all[0]!
  }

  none(): void {
    expect(this.seen()).toEqual([])
  }

  inject(segment: Partial<Segment> & { seq: number; flags: number }): void {
    this.packet(6, tcp({ from: PEER, to: OURS, sport: this.sport, dport: this.dport, ...segment }))
  }

  packet(protocol: number, payload: Uint8Array, extra: Parameters<typeof ipv4>[4] = {}): void {
    this.world.deliver(
      this.nic,
      ethernet(OUR_MAC, PEER_MAC, 0x0800, ipv4(PEER, OURS, protocol, payload, extra)),
    )
  }

  listen(port = 7, backlog = 8): number {
    const listener = this.call.tcpOpen!(this.stack)
    expect(this.call.tcpBind!(listener, 0, port)).toBe(0)
    expect(this.call.tcpListen!(listener, backlog)).toBe(0)
    return listener
  }

  /** A connection that the hand-made peer opened; nothing but MSS is agreed on unless `options` say so. */
  accepted(
    options: number[] = [],
    prepare: (listener: number) => void = () => {},
  ): { socket: number; iss: number; listener: number } {
    const listener = this.listen()
    prepare(listener)
    this.inject({ seq: PEER_ISN, flags: 2, options: [2, 4, 5, 0xb4, ...options] })
    const synAck = this.one()
    expect(synAck.flags).toBe(18)
    expect(synAck.ack).toBe(PEER_ISN + 1)
    return { socket: 0, iss: synAck.seq, listener }
  }

  /** `accepted`, with the third segment too. */
  established(): { socket: number; iss: number; listener: number } {
    const { iss, listener } = this.accepted()
    this.inject({ seq: PEER_ISN + 1, ack: iss + 1, flags: 16 })
    this.none()
    const socket = this.call.tcpAccept!(listener)
    expect(socket).not.toBe(0)
    return { socket, iss, listener }
  }

  send(socket: number, data: Uint8Array): number {
    return this.call.tcpSend!(socket, this.world.guest.stage(data), data.length)
  }

  recv(socket: number, length = 65536): Uint8Array | number {
    const count = this.call.tcpRecv!(socket, this.world.guest.staging, length, 0)
    return count > 0 ? this.world.guest.read(this.world.guest.staging, count) : count
  }

  state(socket: number): string {
    return STATES[this.call.tcpState!(socket)]!
  }
}

const STATES = [
  'CLOSED',
  'LISTEN',
  'SYN-SENT',
  'SYN-RECEIVED',
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
]
