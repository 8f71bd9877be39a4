import { describe, expect, test } from 'vitest'
import { Bench, PEER, PEER_ISN } from './support/bench.ts'
import { ACK, FIN, PSH, RST, SYN } from './support/frames.ts'
import { MS, S } from './support/world.ts'

/** Segments by hand against one stack; section numbers are those of RFC 9293. */
const text = (s: string): Uint8Array => new TextEncoder().encode(s)
const P = PEER_ISN + 1

describe('opening', () => {
  test('3.5 figure 6: the basic handshake, passive', async () => {
    const b = await Bench.create()
    const { socket } = b.established()
    expect(b.state(socket)).toBe('ESTABLISHED')
    expect(b.call.tcpField!(socket, 2)! >>> 0).toBe(PEER)
  })

  test('3.5 figure 6, active; MSS, scale, SACK and timestamps are offered', async () => {
    const b = await Bench.create()
    const s = b.call.tcpOpen!(b.stack)
    expect(b.call.tcpConnect!(s, PEER, 80)).toBe(-115)
    const syn = b.one()
    expect(syn).toMatchObject({ flags: SYN, dport: 80, mss: 1460, sackPermitted: true, scale: 3 })
    expect(syn.timestamps?.[1]).toBe(0)
    expect(syn.sport).toBeGreaterThanOrEqual(49152)
    b.sport = 80
    b.dport = syn.sport
    b.inject({ seq: 300, ack: syn.seq + 1, flags: SYN | ACK })
    expect(b.one()).toMatchObject({ flags: ACK, seq: syn.seq + 1, ack: 301, timestamps: null })
    expect(b.state(s)).toBe('ESTABLISHED')
    expect(b.call.tcpField!(s, 11), 'no MSS option: 536').toBe(536)
  })

  test('3.5 figure 7: simultaneous open', async () => {
    const b = await Bench.create()
    const s = b.call.tcpOpen!(b.stack)
    b.call.tcpConnect!(s, PEER, 80)
    const syn = b.one()
    b.sport = 80
    b.dport = syn.sport
    b.inject({ seq: 300, flags: SYN })
    expect(b.one()).toMatchObject({ flags: SYN | ACK, seq: syn.seq, ack: 301 })
    expect(b.state(s)).toBe('SYN-RECEIVED')
    b.inject({ seq: 300, ack: syn.seq + 1, flags: SYN | ACK })
    expect(b.state(s)).toBe('ESTABLISHED')
    expect(b.one()).toMatchObject({ flags: ACK, seq: syn.seq + 1, ack: 301 })
  })

  test('3.5 figure 8: an old duplicate SYN is reset by the peer, the new one gets through', async () => {
    const b = await Bench.create()
    const listener = b.listen()
    b.inject({ seq: 90, flags: SYN })
    const answer = b.one()
    expect(answer.ack).toBe(91)
    b.inject({ seq: 91, flags: RST })
    b.inject({ seq: 100, flags: SYN })
    const second = b.one()
    expect(second.ack).toBe(101)
    b.inject({ seq: 101, ack: second.seq + 1, flags: ACK })
    expect(b.call.tcpAccept!(listener)).not.toBe(0)
  })

  test('3.5.1 figures 9 and 10: a peer that has crashed opens anew: it is questioned, resets, and gets through', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.inject({ seq: 400, flags: SYN })
    expect(b.one()).toMatchObject({ flags: ACK, seq: iss + 1, ack: P })
    b.inject({ seq: P, flags: RST })
    expect(b.call.tcpReadiness!(socket) & 0x18).toBe(0x18)
    expect(b.call.tcpError!(socket)).toBe(-104)
    b.call.tcpClose!(socket)
    b.inject({ seq: 400, flags: SYN })
    expect(b.one()).toMatchObject({ flags: SYN | ACK, ack: 401 })
  })

  test('3.5.1 figure 11: we write to a peer that has forgotten us', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.send(socket, text('hello?'))
    expect(b.one().data.length).toBe(6)
    b.inject({ seq: iss + 1, flags: RST })
    expect(b.state(socket), 'not at RCV.NXT').toBe('ESTABLISHED')
    b.inject({ seq: P, flags: RST })
    expect(b.send(socket, text('x'))).toBe(-104)
    expect(b.send(socket, text('x'))).toBe(-32)
    b.call.tcpClose!(socket)
  })

  test('3.5.1: resets for segments that belong to nobody', async () => {
    const b = await Bench.create()
    b.inject({ seq: 5, flags: SYN })
    expect(b.one()).toMatchObject({ flags: RST | ACK, seq: 0, ack: 6 })
    b.inject({ seq: 5, ack: 77, flags: ACK, data: text('x') })
    expect(b.one()).toMatchObject({ flags: RST, seq: 77 })
    b.inject({ seq: 5, flags: RST })
    b.inject({ seq: 5, ack: 1, flags: RST | ACK })
    b.none()
  })

  test('a refused connection; an unacceptable ACK in SYN-SENT', async () => {
    const b = await Bench.create()
    const s = b.call.tcpOpen!(b.stack)
    b.call.tcpConnect!(s, PEER, 80)
    const syn = b.one()
    b.sport = 80
    b.dport = syn.sport
    b.inject({ seq: 300, ack: syn.seq + 9, flags: SYN | ACK })
    expect(b.one()).toMatchObject({ flags: RST, seq: (syn.seq + 9) >>> 0 })
    expect(b.state(s)).toBe('SYN-SENT')
    b.inject({ seq: 0, ack: syn.seq + 1, flags: RST | ACK })
    expect(b.call.tcpReadiness!(s) & 8).toBe(8)
    expect(b.call.tcpError!(s)).toBe(-111)
    b.call.tcpClose!(s)
  })

  test('SYN is repeated with back-off and given up', async () => {
    const b = await Bench.create()
    const s = b.call.tcpOpen!(b.stack)
    b.call.tcpConnect!(s, PEER, 80)
    const start = b.world.nowNs
    const times: number[] = []
    b.world.outputs[b.nic.index] = () => {
      times.push(Math.round((b.world.nowNs - start) / S))
      return true
    }
    b.world.pass(300 * S)
    expect(times.slice(0, 6)).toEqual([1, 3, 7, 15, 31, 63])
    expect(b.call.tcpError!(s)).toBe(-110)
    b.call.tcpClose!(s)
  })

  test('SYN-ACK is repeated and forgotten; the backlog bounds what waits', async () => {
    const b = await Bench.create()
    const listener = b.listen(7, 2)
    for (let i = 0; i < 500; i++) {
      b.sport = 1000 + i
      b.inject({ seq: i, flags: SYN })
    }
    expect(b.seen().length).toBe(128)
    expect(b.call.stackCount!(b.stack, 0)).toBe(128)
    b.world.pass(200 * S)
    expect(b.seen().length).toBe(128 * 5)
    expect(b.call.stackCount!(b.stack, 0)).toBe(0)
    for (let i = 0; i < 4; i++) {
      b.sport = 3000 + i
      b.inject({ seq: 0, flags: SYN })
      const answer = b.seen()[0]
      if (answer) b.inject({ seq: 1, ack: answer.seq + 1, flags: ACK })
    }
    let accepted = 0
    while (b.call.tcpAccept!(listener)) accepted++
    expect(accepted).toBe(2)
  })
})

describe('closing', () => {
  test('3.6 figure 12: normal close, and what TIME-WAIT answers', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.call.tcpClose!(socket)
    expect(b.one()).toMatchObject({ flags: FIN | ACK, seq: iss + 1, ack: P })
    b.inject({ seq: P, ack: iss + 2, flags: ACK })
    b.none()
    b.inject({ seq: P, ack: iss + 2, flags: FIN | ACK })
    expect(b.one()).toMatchObject({ flags: ACK, seq: iss + 2, ack: P + 1 })
    expect(b.call.stackCount!(b.stack, 1)).toBe(1)
    b.inject({ seq: P, ack: iss + 2, flags: FIN | ACK })
    expect(b.one()).toMatchObject({ flags: ACK, seq: iss + 2, ack: P + 1 })
    b.inject({ seq: P + 1, flags: RST })
    expect(b.call.stackCount!(b.stack, 1), 'RFC 1337').toBe(1)
    b.world.pass(61 * S)
    expect(b.call.stackCount!(b.stack, 1)).toBe(0)
    expect(b.call.stackCount!(b.stack, 0)).toBe(0)
  })

  test('TIME-WAIT gives way to a newer SYN, not to an older', async () => {
    const b = await Bench.create()
    const { socket, iss, listener } = b.established()
    b.call.tcpClose!(socket)
    b.inject({ seq: P, ack: iss + 2, flags: FIN | ACK })
    b.seen()
    b.inject({ seq: P - 100, flags: SYN })
    expect(b.one().flags).toBe(ACK)
    b.world.pass(S)
    b.inject({ seq: P + 100, flags: SYN })
    const answer = b.one()
    expect(answer.flags).toBe(SYN | ACK)
    expect((answer.seq - iss) | 0, 'the new numbers are above the old').toBeGreaterThan(0)
    b.inject({ seq: P + 101, ack: answer.seq + 1, flags: ACK })
    expect(b.call.tcpAccept!(listener)).not.toBe(0)
  })

  test('3.6 figure 13: simultaneous close', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.call.tcpShutdown!(socket, 1)
    expect(b.one().flags).toBe(FIN | ACK)
    b.inject({ seq: P, ack: iss + 1, flags: FIN | ACK })
    expect(b.state(socket)).toBe('CLOSING')
    expect(b.one()).toMatchObject({ flags: ACK, seq: iss + 2, ack: P + 1 })
    b.inject({ seq: P + 1, ack: iss + 2, flags: ACK })
    expect(b.state(socket)).toBe('TIME-WAIT')
    b.call.tcpClose!(socket)
  })

  test('half-close: the peer finishes first and still receives', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.inject({ seq: P, ack: iss + 1, flags: FIN | ACK })
    expect(b.one()).toMatchObject({ flags: ACK, ack: P + 1 })
    expect(b.state(socket)).toBe('CLOSE-WAIT')
    expect(b.call.tcpReadiness!(socket) & 0x2001).toBe(0x2001)
    expect(b.recv(socket)).toBe(0)
    expect(b.send(socket, text('late'))).toBe(4)
    expect(b.one()).toMatchObject({ flags: PSH | ACK, seq: iss + 1 })
    b.inject({ seq: P + 1, ack: iss + 5, flags: ACK })
    b.call.tcpClose!(socket)
    expect(b.one()).toMatchObject({ flags: FIN | ACK, seq: iss + 5 })
    b.inject({ seq: P + 1, ack: iss + 6, flags: ACK })
    expect(b.call.stackCount!(b.stack, 0)).toBe(0)
  })

  test('half-close: we finish first and still receive', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.call.tcpShutdown!(socket, 1)
    b.inject({ seq: P, ack: iss + 2, flags: ACK })
    expect(b.state(socket)).toBe('FIN-WAIT-2')
    expect(b.send(socket, text('x'))).toBe(-32)
    b.inject({ seq: P, ack: iss + 2, flags: ACK, data: text('still here') })
    expect(new TextDecoder().decode(b.recv(socket) as Uint8Array)).toBe('still here')
    b.inject({ seq: P + 10, ack: iss + 2, flags: FIN | ACK })
    expect(b.recv(socket)).toBe(0)
    b.call.tcpClose!(socket)
  })

  test('a closed socket waits for the peer a minute only; data for it is reset', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.call.tcpClose!(socket)
    b.inject({ seq: P, ack: iss + 2, flags: ACK })
    b.seen()
    expect(b.call.stackCount!(b.stack, 0)).toBe(1)
    b.world.pass(61 * S)
    expect(b.call.stackCount!(b.stack, 0)).toBe(0)
    const second = await Bench.create()
    const e = second.established()
    second.call.tcpClose!(e.socket)
    second.seen()
    second.inject({ seq: P, ack: e.iss + 2, flags: ACK, data: text('x') })
    expect(second.one().flags & RST).toBe(RST)
    expect(second.call.stackCount!(second.stack, 0)).toBe(0)
  })

  test('closing with unread bytes, abort, and linger 0 reset', async () => {
    for (const way of ['unread', 'abort', 'linger']) {
      const b = await Bench.create()
      const { socket, iss } = b.established()
      if (way === 'unread') b.inject({ seq: P, ack: iss + 1, flags: ACK, data: text('x') })
      if (way === 'linger') b.call.tcpLinger!(socket, 1, 0)
      if (way === 'abort') b.call.tcpAbort!(socket)
      else b.call.tcpClose!(socket)
      expect(b.one().flags, way).toBe(RST | ACK)
      expect(b.call.stackCount!(b.stack, 0)).toBe(0)
    }
  })
})

describe('resets and forgeries (RFC 5961)', () => {
  test('a reset at RCV.NXT ends the connection; data received before it can be read', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.inject({ seq: P, ack: iss + 1, flags: ACK, data: text('last words') })
    b.inject({ seq: P + 10, flags: RST })
    expect(b.state(socket)).toBe('CLOSED')
    expect((b.recv(socket) as Uint8Array).length).toBe(10)
    expect(b.recv(socket)).toBe(-104)
    expect(b.recv(socket)).toBe(0)
    b.call.tcpClose!(socket)
  })

  test('a reset elsewhere in the window is challenged, outside it is ignored', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.inject({ seq: P + 100, flags: RST })
    expect(b.one()).toMatchObject({ flags: ACK, seq: iss + 1, ack: P })
    b.inject({ seq: P - 1, flags: RST })
    b.inject({ seq: P + 1_000_000, flags: RST })
    b.none()
    expect(b.state(socket)).toBe('ESTABLISHED')
  })

  test('a SYN in the window is challenged', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.inject({ seq: P + 5, flags: SYN })
    expect(b.one()).toMatchObject({ flags: ACK, seq: iss + 1, ack: P })
    expect(b.state(socket)).toBe('ESTABLISHED')
  })

  test('an ACK for what was never sent is challenged, and its data dropped; challenges are limited', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.inject({ seq: P, ack: iss + 1000, flags: ACK, data: text('evil') })
    expect(b.one()).toMatchObject({ flags: ACK, ack: P })
    expect(b.recv(socket)).toBe(-11)
    for (let i = 0; i < 100; i++) b.inject({ seq: P, ack: iss + 1000, flags: ACK })
    expect(b.seen().length).toBeLessThan(12)
  })
})

describe('data', () => {
  test('delayed ACK: the second full segment at once, a single one after 40 ms', async () => {
    const b = await Bench.create()
    const { iss } = b.established()
    b.inject({ seq: P, ack: iss + 1, flags: ACK, data: new Uint8Array(1000) })
    b.none()
    b.world.pass(41 * MS)
    expect(b.one()).toMatchObject({ flags: ACK, ack: P + 1000 })
    b.inject({ seq: P + 1000, ack: iss + 1, flags: ACK, data: new Uint8Array(1000) })
    b.none()
    b.inject({ seq: P + 2000, ack: iss + 1, flags: ACK, data: new Uint8Array(1000) })
    expect(b.one().ack).toBe(P + 3000)
  })

  test('out of order: duplicate ACKs with SACK, the newest block first, then everything at once', async () => {
    const b = await Bench.create()
    const { iss, listener } = b.accepted([1, 1, 4, 2])
    b.inject({ seq: P, ack: iss + 1, flags: ACK })
    const socket = b.call.tcpAccept!(listener)
    b.inject({ seq: P + 100, ack: iss + 1, flags: ACK, data: new Uint8Array(100).fill(2) })
    expect(b.one()).toMatchObject({ ack: P, sacks: [[P + 100, P + 200]] })
    b.inject({ seq: P + 300, ack: iss + 1, flags: ACK, data: new Uint8Array(100).fill(4) })
    expect(b.one().sacks).toEqual([
      [P + 300, P + 400],
      [P + 100, P + 200],
    ])
    b.inject({ seq: P + 150, ack: iss + 1, flags: ACK, data: new Uint8Array(150).fill(3) })
    expect(b.one().sacks).toEqual([[P + 100, P + 400]])
    b.inject({ seq: P, ack: iss + 1, flags: ACK, data: new Uint8Array(120).fill(1) })
    expect(b.one()).toMatchObject({ ack: P + 400, sacks: [] })
    const got = b.recv(socket) as Uint8Array
    expect(got.length).toBe(400)
    expect(got[0]).toBe(1)
    expect(got[399]).toBe(4)
  })

  test('segments that overlap what has come, on either side and out of order, leave every byte in its place', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    const stream = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7 + (i >> 8)) & 255)
    const piece = (from: number, to: number): void =>
      b.inject({ seq: P + from, ack: iss + 1, flags: ACK, data: stream.subarray(from, to) })
    piece(0, 100)
    piece(50, 200)
    piece(400, 500)
    piece(300, 450)
    piece(480, 600)
    piece(700, 800)
    piece(0, 310)
    expect((b.recv(socket, 250) as Uint8Array).length).toBe(250)
    piece(590, 900)
    piece(100, 1000)
    expect(Buffer.compare(b.recv(socket) as Uint8Array, stream.subarray(250))).toBe(0)
  })

  test('one port, one listener', async () => {
    const b = await Bench.create()
    b.listen(7)
    const again = b.call.tcpOpen!(b.stack)
    expect(b.call.tcpBind!(again, 0, 7), 'EADDRINUSE').toBe(-98)
    const other = b.call.tcpOpen!(b.stack)
    b.call.tcpReuse!(other, 1)
    expect(b.call.tcpBind!(other, 0, 8)).toBe(0)
    const third = b.call.tcpOpen!(b.stack)
    b.call.tcpReuse!(third, 1)
    expect(b.call.tcpBind!(third, 0, 8)).toBe(0)
    expect(b.call.tcpListen!(other, 1)).toBe(0)
    expect(b.call.tcpListen!(third, 1)).toBe(-98)
  })

  test('Nagle holds a small segment back; TCP_NODELAY does not', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.send(socket, text('one'))
    expect(b.one().data.length).toBe(3)
    b.send(socket, text('two'))
    b.send(socket, text('three'))
    b.none()
    b.inject({ seq: P, ack: iss + 4, flags: ACK })
    expect(new TextDecoder().decode(b.one().data)).toBe('twothree')
    b.call.tcpNoDelay!(socket, 1)
    b.send(socket, text('four'))
    expect(b.one().data.length).toBe(4)
  })

  test('sequence numbers wrap', async () => {
    const b = await Bench.create()
    const listener = b.listen()
    b.inject({ seq: 0xffffff00, flags: SYN })
    const { seq: iss } = b.one()
    b.inject({ seq: 0xffffff01, ack: iss + 1, flags: ACK })
    const socket = b.call.tcpAccept!(listener)
    b.inject({ seq: 0x100, ack: iss + 1, flags: ACK, data: new Uint8Array(255).fill(2) })
    b.inject({ seq: 0xffffff01, ack: iss + 1, flags: ACK, data: new Uint8Array(511).fill(1) })
    expect((b.recv(socket) as Uint8Array).length).toBe(766)
  })

  test('the window closes, is probed, and opens again', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.inject({ seq: P, ack: iss + 1, flags: ACK, window: 100 })
    expect(b.send(socket, new Uint8Array(1000))).toBe(1000)
    expect(b.seen()).toEqual([])
    b.world.pass(3 * S)
    const [first] = b.seen()
    expect(first!.data.length, 'the window is small, but it is all there is').toBe(100)
    b.inject({ seq: P, ack: iss + 101, flags: ACK, window: 0 })
    b.seen()
    b.world.pass(60 * S)
    const probes = b.seen()
    expect(probes.length).toBeGreaterThan(2)
    for (const probe of probes) {
      expect(probe).toMatchObject({ seq: iss + 101 })
      expect(probe.data.length).toBe(1)
    }
    b.inject({ seq: P, ack: iss + 101, flags: ACK, window: 0 })
    b.inject({ seq: P, ack: iss + 101, flags: ACK, window: 5000 })
    const rest = b.seen().reduce((sum, s) => sum + s.data.length, 0)
    expect(rest).toBe(900)
  })

  test('a peer that keeps its window closed but answers is not given up', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.inject({ seq: P, ack: iss + 1, flags: ACK, window: 0 })
    b.send(socket, text('waiting'))
    for (let i = 0; i < 400; i++) {
      b.world.pass(10 * S)
      if (b.seen().length) b.inject({ seq: P, ack: iss + 1, flags: ACK, window: 0 })
    }
    expect(b.state(socket)).toBe('ESTABLISHED')
  })

  test('our own window closes when nobody reads, and a read opens it', async () => {
    const b = await Bench.create()
    const { iss, listener } = b.accepted([], (l) => b.call.tcpBuffers!(l, 8192, 8192))
    b.inject({ seq: P, ack: iss + 1, flags: ACK })
    const socket = b.call.tcpAccept!(listener)
    for (let at = 0; at < 8192; at += 1024) {
      b.inject({ seq: P + at, ack: iss + 1, flags: ACK, data: new Uint8Array(1024) })
    }
    expect(b.seen().at(-1)).toMatchObject({ ack: P + 8192, window: 0 })
    b.inject({ seq: P + 8192, ack: iss + 1, flags: ACK, data: new Uint8Array(1) })
    expect(b.one()).toMatchObject({ ack: P + 8192, window: 0 })
    expect((b.recv(socket, 512) as Uint8Array).length).toBe(512)
    b.none()
    expect((b.recv(socket, 8192) as Uint8Array).length).toBe(7680)
    expect(b.one()).toMatchObject({ ack: P + 8192, window: 8192 })
  })

  test('a closed window lets acknowledgments in, also those of a peer that counts its probe', async () => {
    const b = await Bench.create()
    const { iss, listener } = b.accepted([], (l) => b.call.tcpBuffers!(l, 8192, 8192))
    b.inject({ seq: P, ack: iss + 1, flags: ACK })
    const socket = b.call.tcpAccept!(listener)
    for (let at = 0; at < 8192; at += 1024)
      b.inject({ seq: P + at, ack: iss + 1, flags: ACK, data: new Uint8Array(1024) })
    expect(b.seen().at(-1)).toMatchObject({ window: 0 })
    b.send(socket, new Uint8Array(500))
    b.inject({ seq: P + 8192, ack: iss + 1, flags: ACK, data: new Uint8Array(1) })
    b.inject({ seq: P + 8193, ack: iss + 501, flags: ACK })
    b.seen()
    b.world.pass(10 * S)
    expect(b.seen().filter((segment) => segment.data.length > 0)).toEqual([])
  })

  test('an overtaken acknowledgment does not move the edge of the window', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.inject({ seq: P, ack: iss + 1, flags: ACK, window: 4000 })
    b.send(socket, new Uint8Array(20_000))
    const sent = b.seen().reduce((sum, segment) => sum + segment.data.length, 0)
    expect(sent).toBeGreaterThan(0)
    // All was taken and the window is closed. Then comes an older segment with a wider window and a newer sequence number.
    b.inject({ seq: P, ack: iss + 1 + sent, flags: ACK, window: 0 })
    b.inject({ seq: P + 1, ack: iss + 1, flags: ACK, window: 4000 })
    expect(b.seen().filter((segment) => segment.data.length > 0)).toEqual([])
  })

  test('an acknowledgment beside a probe stays inside the closed window', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.inject({ seq: P, ack: iss + 1, flags: ACK, window: 0 })
    b.send(socket, text('waiting'))
    b.world.pass(10 * S)
    expect(b.seen().at(-1)!.data.length).toBe(1)
    b.inject({ seq: P, ack: iss + 1, flags: ACK, window: 0, data: new Uint8Array(1000) })
    b.inject({ seq: P + 1000, ack: iss + 1, flags: ACK, window: 0, data: new Uint8Array(1000) })
    expect(b.seen().at(-1)).toMatchObject({ seq: iss + 1, ack: P + 2000 })
  })

  test('fast retransmit after three duplicate ACKs, NewReno on a partial one', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.send(socket, new Uint8Array(14600))
    expect(b.seen().length).toBe(10)
    for (let i = 0; i < 2; i++) b.inject({ seq: P, ack: iss + 1, flags: ACK })
    b.none()
    b.inject({ seq: P, ack: iss + 1, flags: ACK })
    expect(b.one()).toMatchObject({ seq: iss + 1 })
    b.inject({ seq: P, ack: iss + 1 + 1460 * 3, flags: ACK })
    expect(b.one()).toMatchObject({ seq: iss + 1 + 1460 * 3 })
    b.inject({ seq: P, ack: iss + 14601, flags: ACK })
    expect(b.call.tcpField!(socket, 15)).toBe(0)
    expect(b.call.tcpField!(socket, 7)).toBeLessThan(14600)
  })

  test('with SACK exactly the holes are sent again', async () => {
    const b = await Bench.create()
    const { iss, listener } = b.accepted([1, 1, 4, 2])
    b.inject({ seq: P, ack: iss + 1, flags: ACK })
    const socket = b.call.tcpAccept!(listener)
    b.send(socket, new Uint8Array(14600))
    expect(b.seen().length).toBe(10)
    const at = (n: number): number => (iss + 1 + 1460 * n) >>> 0
    const block = (from: number, to: number): number[] => [...be32(at(from)), ...be32(at(to))]
    // Segments 0, 2 and 4 are lost; the rest arrives.
    b.inject({ seq: P, ack: at(0), flags: ACK, options: [1, 1, 5, 10, ...block(1, 2)] })
    b.inject({ seq: P, ack: at(0), flags: ACK, options: [1, 1, 5, 18, ...block(3, 4), ...block(1, 2)] })
    b.none()
    b.inject({
      seq: P,
      ack: at(0),
      flags: ACK,
      options: [1, 1, 5, 26, ...block(5, 6), ...block(3, 4), ...block(1, 2)],
    })
    b.inject({
      seq: P,
      ack: at(0),
      flags: ACK,
      options: [1, 1, 5, 26, ...block(5, 10), ...block(3, 4), ...block(1, 2)],
    })
    expect(b.seen().map((s) => s.seq)).toEqual([at(0), at(2), at(4)])
    b.inject({ seq: P, ack: at(10), flags: ACK })
    b.none()
    expect(b.call.tcpField!(socket, 15)).toBe(0)
  })

  test('retransmission timeout with back-off, then the error', async () => {
    const b = await Bench.create()
    const { socket } = b.established()
    b.send(socket, text('into the void'))
    b.one()
    b.world.pass(2000 * S)
    const again = b.seen()
    expect(again.length).toBe(16)
    expect(again.at(-1)!.flags & RST).toBe(RST)
    expect(b.call.tcpError!(socket)).toBe(-110)
    b.call.tcpClose!(socket)
  })

  test('keep-alive: probes, and the end of a dead connection', async () => {
    const b = await Bench.create()
    const { socket, iss } = b.established()
    b.call.tcpKeepAlive!(socket, 1, 10 * S, 2 * S, 3)
    b.world.pass(11 * S)
    expect(b.one()).toMatchObject({ seq: iss, ack: P, flags: ACK })
    b.inject({ seq: P, ack: iss + 1, flags: ACK })
    b.world.pass(9 * S)
    b.none()
    b.world.pass(20 * S)
    expect(b.seen().length).toBe(4)
    expect(b.call.tcpError!(socket)).toBe(-110)
    b.call.tcpClose!(socket)
  })

  test('PAWS: an old timestamp is acknowledged and dropped (RFC 7323)', async () => {
    const b = await Bench.create()
    const ts = (value: number, echo: number): number[] => [1, 1, 8, 10, ...be32(value), ...be32(echo)]
    const listener = b.listen()
    b.inject({ seq: PEER_ISN, flags: SYN, options: ts(5000, 0) })
    const synAck = b.one()
    expect(synAck.timestamps?.[1]).toBe(5000)
    const echo = synAck.timestamps![0]
    b.inject({ seq: P, ack: synAck.seq + 1, flags: ACK, options: ts(5001, echo) })
    const socket = b.call.tcpAccept!(listener)
    b.inject({ seq: P, ack: synAck.seq + 1, flags: ACK, options: ts(4000, echo), data: text('old') })
    expect(b.one().ack).toBe(P)
    expect(b.recv(socket)).toBe(-11)
    b.inject({ seq: P, ack: synAck.seq + 1, flags: ACK, options: ts(5002, echo), data: text('new') })
    expect((b.recv(socket) as Uint8Array).length).toBe(3)
    b.world.pass(50 * MS)
    expect(b.one().timestamps?.[1]).toBe(5002)
  })

  test('a full device holds output back until it has room', async () => {
    const b = await Bench.create()
    const { socket } = b.established()
    const take = b.world.outputs[b.nic.index]!
    let room = 2
    b.world.outputs[b.nic.index] = (frame) => room-- > 0 && take(frame)
    b.send(socket, new Uint8Array(7300))
    expect(b.seen().length).toBe(2)
    room = 100
    b.call.stackReady!(b.stack, b.nic.handle)
    expect(b.seen().length).toBe(3)
  })
})

function be32(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
}
