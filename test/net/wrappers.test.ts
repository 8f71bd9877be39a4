import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  faultLink,
  NetError,
  parseFaults,
  pcapLink,
  type FaultOptions,
  type Link,
  type PcapOptions,
} from '../../src/net/index.ts'
import { hasProgram } from '../support/programs.ts'
import { eventually } from './support/eventually.ts'
import { tshark } from './support/tshark.ts'

const folder = mkdtempSync(join(tmpdir(), 'onering-wrap-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A wire that remembers what was sent and can be told what to receive. */
class TestWire implements Link {
  onFrame: ((frame: Uint8Array) => void) | null = null
  readonly sent: Uint8Array[] = []
  closed = false

  send(frame: Uint8Array): void {
    this.sent.push(frame)
  }

  close(): void {
    this.closed = true
  }
}

function numbered(number: number, length = 60): Uint8Array {
  const frame = new Uint8Array(length)
  new DataView(frame.buffer).setUint32(20, number)
  return frame
}

function numberOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(20)
}

describe('faults', () => {
  /** What arrives of frames 0 … 9999, sent 1 ms apart on a clock of the test's own. */
  function run(options: Partial<FaultOptions>): { arrived: number[]; counts: object; frames: Uint8Array[] } {
    const wire = new TestWire()
    const later: { at: number; action: () => void }[] = []
    let now = 0
    const link = faultLink(wire, {
      seed: 7,
      schedule: (action, delayMs) => {
        const entry = { at: now + delayMs, action }
        later.push(entry)
        return () => later.splice(later.indexOf(entry), 1)
      },
      ...options,
    })
    const runUntil = (time: number): void => {
      for (;;) {
        const next = later.filter((entry) => entry.at <= time).toSorted((a, b) => a.at - b.at)[0]
        if (next === undefined) break
        later.splice(later.indexOf(next), 1)
        now = next.at
        next.action()
      }
      now = time
    }
    for (let i = 0; i < 10_000; i++) {
      runUntil(i)
      link.send(numbered(i))
    }
    runUntil(20_000)
    return { arrived: wire.sent.map(numberOf), counts: link.counts.toNetwork, frames: wire.sent }
  }

  test('none: every frame passes, at once and in order', () => {
    expect(run({}).arrived).toEqual(Array.from({ length: 10_000 }, (_, i) => i))
  })

  test('each happens as often as asked, and the same seed repeats it', () => {
    const toNetwork = { loss: 0.05, duplicate: 0.02, corrupt: 0.03, reorder: 0.1, reorderMs: 5.5 }
    const first = run({ toNetwork })
    const counts = first.counts as Record<string, number>
    const near = (count: number, share: number): void => {
      expect(Math.abs(count / 10_000 - share)).toBeLessThan(0.01)
    }
    near(counts.lost!, 0.05)
    near(counts.duplicated!, 0.02)
    near(counts.corrupted!, 0.03)
    near(counts.reordered!, 0.1)
    expect(first.arrived).toHaveLength(10_000 - counts.lost! + counts.duplicated!)
    const overtaken = first.arrived.filter((n, i) => i > 0 && n < first.arrived[i - 1]!).length
    expect(overtaken).toBeGreaterThan(500)
    expect(run({ toNetwork }).arrived).toEqual(first.arrived)
    expect(run({ toNetwork, seed: 8 }).arrived).not.toEqual(first.arrived)
  })

  test('switching one on leaves the others where they were', () => {
    const lost = (arrived: number[]): Set<number> => new Set(arrived)
    expect(lost(run({ toNetwork: { loss: 0.05 } }).arrived)).toEqual(
      lost(run({ toNetwork: { loss: 0.05, duplicate: 0.5, jitterMs: 3, delayMs: 3 } }).arrived),
    )
  })

  test('a corrupt frame differs in one bit', () => {
    const { frames } = run({ toNetwork: { corrupt: 1 } })
    const ones = (bytes: Uint8Array): number =>
      bytes.reduce((n, byte) => n + byte.toString(2).replaceAll('0', '').length, 0)
    for (const [i, frame] of frames.slice(0, 500).entries())
      expect(ones(frame.map((byte, at) => byte ^ numbered(i)[at]!))).toBe(1)
  })

  test('a constant delay keeps the order; what is held back is bounded', () => {
    const { arrived } = run({ toNetwork: { delayMs: 40 } })
    expect(arrived).toEqual(Array.from({ length: 10_000 }, (_, i) => i))
    const { counts } = run({ toNetwork: { delayMs: 40 }, capacity: 10 })
    expect((counts as Record<string, number>).overflowed).toBeGreaterThan(7000)
  })

  test('directions are apart, and closing stops what is under way', async () => {
    const wire = new TestWire()
    const link = faultLink(wire, { seed: 1, toGuest: { loss: 1 }, toNetwork: { delayMs: 10 } })
    let received = 0
    link.onFrame = () => received++
    wire.onFrame!(numbered(1))
    link.send(numbered(2))
    expect([received, link.counts.toGuest.lost]).toEqual([0, 1])
    link.close()
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect([wire.sent.length, wire.closed]).toEqual([0, true])
  })

  test('on the command line', () => {
    expect(parseFaults('loss=5%, delay=2ms,jitter=0.5ms,reorder=10%,reorder-delay=4ms')).toEqual({
      loss: 0.05,
      delayMs: 2,
      jitterMs: 0.5,
      reorder: 0.1,
      reorderMs: 4,
    })
    for (const wrong of [
      '',
      'loss',
      'loss=5',
      'loss=5ms',
      'loss=101%',
      'delay=2%',
      'toString=1%',
      'loss=-1%',
    ])
      expect(() => parseFaults(wrong)).toThrow(NetError)
  })
})

describe('pcap', () => {
  function record(name: string, options: PcapOptions): string {
    const file = join(folder, name)
    const wire = new TestWire()
    const link = pcapLink(wire, file, options)
    const received: Uint8Array[] = []
    link.onFrame = (frame) => received.push(frame)
    link.send(numbered(1))
    wire.onFrame!(numbered(2, 1514))
    link.close()
    link.close()
    expect([wire.sent.map(numberOf), received.map(numberOf), wire.closed]).toEqual([[1], [2], true])
    return file
  }
  const now = (): bigint => 1_700_000_000_123_456_789n

  test('the file holds what the format says, in both precisions', () => {
    const ns = readFileSync(record('ns.pcap', { now }))
    expect(ns.subarray(0, 24).toString('hex')).toBe('4d3cb2a1020004000000000000000000f0ff030001000000')
    expect([24, 28, 32, 36].map((at) => ns.readUInt32LE(at))).toEqual([1_700_000_000, 123_456_789, 60, 60])
    expect(ns.length).toBe(24 + 16 + 60 + 16 + 1514)
    const us = readFileSync(record('us.pcap', { now, precision: 'us', snapLength: 100 }))
    expect(us.readUInt32LE(0)).toBe(0xa1b2_c3d4)
    expect([100, 104, 108, 112].map((at) => us.readUInt32LE(at))).toEqual([1_700_000_000, 123_456, 100, 1514])
  })

  test.skipIf(!hasProgram('tshark'))('Wireshark reads the same times and lengths', () => {
    const fields = ['-T', 'fields', '-e', 'frame.time_epoch', '-e', 'frame.len']
    expect(tshark(record('ns2.pcap', { now }), ...fields)).toBe(
      '1700000000.123456789\t60\n1700000000.123456789\t1514\n',
    )
    expect(tshark(record('us2.pcap', { now, precision: 'us' }), ...fields)).toContain(
      '1700000000.123456000\t60\n',
    )
  })

  test('frames reach the file while the link lives, and a large capture is complete', async () => {
    const file = join(folder, 'live.pcap')
    const link = pcapLink(new TestWire(), file)
    link.send(numbered(1))
    await eventually(() => readFileSync(file).length).toBe(24 + 16 + 60)
    for (let i = 0; i < 5000; i++) link.send(numbered(i, 1514))
    link.close()
    expect(readFileSync(file).length).toBe(24 + 16 + 60 + 5000 * (16 + 1514))
  })

  test('a file that cannot be made is an error; a disk that fills up is told once', () => {
    expect(() => pcapLink(new TestWire(), '/nowhere/at/all.pcap')).toThrow(NetError)
    const wire = new TestWire()
    const errors: NetError[] = []
    const link = pcapLink(wire, '/dev/full', { onError: (error) => errors.push(error) })
    for (let i = 0; i < 1000; i++) link.send(numbered(i, 1514))
    link.close()
    expect(errors.map((error) => error.message)).toEqual([
      expect.stringMatching(/^the packet capture \/dev\/full ends here: ENOSPC/),
    ])
    expect(wire.sent).toHaveLength(1000)
  })
})
