import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { Guest } from './support/guest.ts'
import * as frames from './support/frames.ts'
import { World } from './support/world.ts'

/** Every codec against another one that shares no code with it, and parse against emit. */
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const u16 = fc.integer({ min: 0, max: 0xffff })
const port = fc.integer({ min: 1, max: 0xffff })
const mac = fc.integer({ min: 0, max: 0xffffffffffff })
const bytes = (max: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength: max })

let guest: Guest
let at: number
let out: number

beforeAll(async () => {
  guest = (await World.create(1)).guest
  at = guest.call.alloc!(70000)
  out = guest.call.alloc!(256)
}, 120_000)

const word = (index: number): number => guest.view().getUint32(out + 4 * index, true)

/** Bytes at any alignment, at the end of their block, so that reading too far would be noticed by what stands there. */
function put(data: Uint8Array, shift = 0): number {
  guest.write(at + shift, data)
  return at + shift
}

describe('codecs', () => {
  test('checksum equals the slow one at any length and alignment', () => {
    fc.assert(
      fc.property(bytes(300), fc.integer({ min: 0, max: 7 }), (data, shift) => {
        const sum = guest.call.codecChecksum!(put(data, shift), data.length)
        const folded = ((sum & 0xff) << 8) | (sum >> 8)
        return folded === frames.checksum(data) || (folded ^ frames.checksum(data)) === 0xffff
      }),
    )
  })

  test('Ethernet', () => {
    fc.assert(
      fc.property(mac, mac, u16, bytes(60), (destination, source, type, payload) => {
        const theirs = frames.ethernet(destination, source, type, payload)
        const isGroup = Math.floor(source / 2 ** 40) & 1
        expect(guest.call.codecEthernet!(put(theirs), theirs.length, out)).toBe(isGroup ? 0 : 1)
        expect(Number(guest.view().getBigUint64(out, true))).toBe(destination)
        expect(Number(guest.view().getBigUint64(out + 8, true))).toBe(source)
        expect(word(4)).toBe(type)
        guest.call.codecEmitEthernet!(at, destination, source, type)
        expect(guest.read(at, 14)).toEqual(Uint8Array.from(theirs.subarray(0, 14)))
      }),
    )
    expect(guest.call.codecEthernet!(at, 13, out)).toBe(0)
  })

  test('ARP', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 }), mac, u32, mac, u32, (op, sm, sa, tm, ta) => {
        const theirs = frames.arp(op, sm, sa, tm, ta)
        expect(guest.call.codecArp!(put(theirs), 28, out)).toBe(1)
        expect([word(0), word(1), word(2)]).toEqual([op, sa, ta])
        expect(Number(guest.view().getBigUint64(out + 16, true))).toBe(sm)
        expect(Number(guest.view().getBigUint64(out + 24, true))).toBe(tm)
        guest.call.codecEmitArp!(at, op, sm, sa, tm, ta)
        expect(guest.read(at, 28)).toEqual(Uint8Array.from(theirs))
        expect(guest.call.codecArp!(at, 27, out)).toBe(0)
      }),
    )
  })

  test('IPv4', () => {
    const options = fc.integer({ min: 0, max: 10 }).map((n) => Array.from({ length: n * 4 }, () => 1))
    fc.assert(
      fc.property(
        u32,
        u32,
        fc.nat(255),
        bytes(100),
        u16,
        fc.nat(0x3f),
        options,
        (from, to, protocol, payload, id, fragment, opts) => {
          const flags = (fragment & 3) << 13
          const theirs = frames.ipv4(from, to, protocol, payload, {
            id,
            fragment: flags | (fragment >> 2),
            options: opts,
          })
          expect(guest.call.codecIpv4!(put(theirs), theirs.length + 5, 0, out)).toBe(1)
          expect([word(0), word(1), word(2), word(3)]).toEqual([
            20 + opts.length,
            theirs.length,
            id,
            (fragment >> 2) * 8,
          ])
          expect([word(6), word(7), word(8)]).toEqual([protocol, from, to])
          expect(word(4)).toBe((fragment & 2 ? 2 : 0) | (fragment & 1))
          expect(guest.call.codecIpv4!(at, theirs.length - 1, 0, out), 'cut short').toBe(0)
          const bad = theirs.slice()
          bad[12] = bad[12]! ^ 1
          expect(guest.call.codecIpv4!(put(bad), bad.length, 0, out), 'damaged').toBe(0)
          guest.call.codecEmitIpv4!(
            at,
            20 + payload.length,
            0,
            id,
            flags | (fragment >> 2),
            64,
            protocol,
            from,
            to,
          )
          const plain = frames.ipv4(from, to, protocol, payload, { id, fragment: flags | (fragment >> 2) })
          expect(guest.read(at, 20)).toEqual(Uint8Array.from(plain.subarray(0, 20)))
        },
      ),
    )
  })

  test('ICMP', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), u32, bytes(100), (type, code, rest, body) => {
        guest.write(at + 8, body)
        guest.call.codecEmitIcmp!(at, type, code, rest, body.length)
        const message = guest.read(at, 8 + body.length)
        expect(frames.checksum(message)).toBe(0)
        expect(guest.call.codecIcmp!(at, message.length)).toBe((type << 8) | code)
        message[message.length - 1]! ^= 1
        expect(guest.call.codecIcmp!(put(message), message.length)).toBe(-1)
      }),
    )
  })

  test('UDP', () => {
    fc.assert(
      fc.property(u32, port, u32, port, bytes(200), (from, sport, to, dport, data) => {
        const theirs = frames.udp(from, sport, to, dport, data)
        expect(guest.call.codecUdp!(put(theirs), theirs.length, from, to, out)).toBe(1)
        expect([word(0), word(1), word(2)]).toEqual([sport, dport, data.length])
        guest.write(at + 8, data)
        guest.call.codecEmitUdp!(at, from, sport, to, dport, data.length)
        expect(guest.read(at, theirs.length)).toEqual(Uint8Array.from(theirs))
        expect(guest.call.codecUdp!(at, theirs.length - 1, from, to, out)).toBe(0)
      }),
    )
  })

  test('TCP, with any options in any order', () => {
    const option = fc.oneof(
      fc.constant([1]),
      u16.map((mss) => [2, 4, mss >> 8, mss & 255]),
      fc.nat(20).map((shift) => [3, 3, shift]),
      fc.constant([4, 2]),
      fc.tuple(u32, u32).map(([a, b]) => [8, 10, ...be32(a), ...be32(b)]),
      fc.nat(12).map((n) => [254, n + 2, ...Array.from({ length: n }, () => 7)]),
    )
    const options = fc.array(option, { maxLength: 6 }).map((list) => {
      const flat: number[] = []
      for (const one of list) if (flat.length + one.length <= 40) flat.push(...one)
      while (flat.length & 3) flat.push(0)
      return flat
    })
    fc.assert(
      fc.property(
        u32,
        port,
        u32,
        port,
        u32,
        u32,
        fc.nat(63),
        u16,
        options,
        bytes(100),
        (from, sport, to, dport, seq, ack, flags, window, opts, data) => {
          const theirs = frames.tcp({ from, to, sport, dport, seq, ack, flags, window, options: opts, data })
          expect(guest.call.codecTcp!(put(theirs), theirs.length, from, to, out)).toBe(1)
          expect([word(0), word(1), word(2), word(3), word(4), word(5), word(6)]).toEqual([
            sport,
            dport,
            seq,
            ack,
            flags,
            window,
            data.length,
          ])
          const seen = frames.seeTcp(frames.ethernet(1, 2, 0x0800, frames.ipv4(from, to, 6, theirs)))!
          expect(word(7)).toBe(seen.mss ?? 0)
          expect(word(8) | 0).toBe(seen.scale === null ? -1 : Math.min(seen.scale, 14))
          expect(word(9)).toBe((seen.sackPermitted ? 1 : 0) | (seen.timestamps ? 2 : 0))
          if (seen.timestamps) expect([word(10), word(11)]).toEqual(seen.timestamps)
          guest.write(at + 20, data)
          guest.call.codecEmitTcp!(at, from, sport, to, dport, seq, ack, 20, flags, window, 20 + data.length)
          const plain = frames.tcp({ from, to, sport, dport, seq, ack, flags, window, data })
          expect(guest.read(at, plain.length)).toEqual(Uint8Array.from(plain))
        },
      ),
    )
  })

  test('SipHash-2-4: the vector of its authors for sixteen bytes', () => {
    guest.write(
      at,
      Uint8Array.from({ length: 32 }, (_, i) => i & 15),
    )
    guest.call.sipHash!(at, at + 16, out)
    expect(guest.view().getBigUint64(out, true)).toBe(0x3f2acc7f57c29bdbn)
  })

  test('DNS names and dotted quads', () => {
    const encode = (name: string): Uint8Array | null => {
      const raw = new TextEncoder().encode(name)
      const length = guest.call.codecEncodeName!(out, put(raw), raw.length)
      return length ? guest.read(out, length) : null
    }
    expect(encode('Example.COM')).toEqual(new TextEncoder().encode('\u0007example\u0003com\u0000'))
    expect(encode('example.com.')).toEqual(encode('example.com'))
    for (const bad of ['', '.', 'a..b', '.a', 'a b', 'é', 'x'.repeat(64), 'abc.'.repeat(64)])
      expect(encode(bad), bad).toBeNull()
    expect(encode('x'.repeat(63))).not.toBeNull()
    const quad = (text: string): number | null => {
      const raw = new TextEncoder().encode(text)
      return guest.call.codecAddress!(put(raw), raw.length, out) ? word(0) : null
    }
    expect(quad('10.0.2.15')).toBe(0x0a00020f)
    expect(quad('255.255.255.255')).toBe(0xffffffff)
    for (const bad of ['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.', 'a.b.c.d', '1..2.3'])
      expect(quad(bad), bad).toBeNull()
  })

  test('ranges behave like a set of numbers', () => {
    const step = fc.tuple(fc.nat(200), fc.nat(30), fc.nat(4))
    fc.assert(
      fc.property(u32, fc.array(step, { maxLength: 60 }), (base, steps) => {
        const ranges = guest.call.rangesNew!()
        const set = new Set<number>()
        for (const [start, length, kind] of steps) {
          if (kind === 0) {
            guest.call.rangesTrim!(ranges, base + start)
            for (const n of set) if (n < start) set.delete(n)
          } else if (length) {
            guest.call.rangesAdd!(ranges, base + start, base + start + length)
            for (let n = start; n < start + length; n++) set.add(n)
          }
          expect(guest.call.rangesBytes!(ranges)).toBe(set.size)
          const inside = [...set].filter((n) => n >= 50 && n < 120).length
          expect(guest.call.rangesWithin!(ranges, base + 50, base + 120)).toBe(inside)
        }
        let runs = 0
        for (const n of set) if (!set.has(n - 1)) runs++
        expect(guest.call.rangesCount!(ranges)).toBe(runs)
        guest.call.rangesFree!(ranges)
      }),
    )
  })
})

function be32(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
}
