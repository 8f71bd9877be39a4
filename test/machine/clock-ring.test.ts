import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { Clock } from '../../src/machine/clock.ts'
import { createRing, RingReader, RingWriter } from '../../src/machine/ring.ts'
import { createRandom } from '../devices/support/random.ts'

describe('clock', () => {
  test('instructions and halted time add up; timers fire in order and may arm others', () => {
    let retired = 0
    const clock = new Clock(() => retired)
    const log: string[] = []
    const second = clock.createTimer((at) => log.push(`second ${at}`))
    const first = clock.createTimer((at) => {
      log.push(`first ${at}`)
      second.arm(at + 5)
    })
    const dropped = clock.createTimer(() => log.push('dropped'))
    first.arm(100)
    dropped.arm(50)
    dropped.disarm()
    retired = 90
    clock.runDue()
    expect([log, clock.nextDeadlineNs]).toEqual([[], 100])
    clock.skipToDeadline()
    expect(clock.nowNs()).toBe(100)
    clock.runDue()
    expect(log).toEqual(['first 100'])
    retired = 100
    clock.runDue()
    expect([log, clock.nextDeadlineNs, clock.haltedNs]).toEqual([['first 100', 'second 105'], Infinity, 10])
  })

  test('a timer that arms itself for the past fires once a turn', () => {
    const clock = new Clock(() => 10)
    let fired = 0
    const timer = clock.createTimer(() => {
      fired++
      timer.arm(0)
    })
    timer.arm(5)
    clock.runDue()
    expect(fired).toBe(1)
  })

  test('tells of a deadline before all others, and only of such', () => {
    const clock = new Clock(() => 0)
    const earlier: number[] = []
    clock.onEarlier = (at) => earlier.push(at)
    const [a, b] = [clock.createTimer(() => {}), clock.createTimer(() => {})]
    a.arm(100)
    b.arm(200)
    b.arm(50)
    b.disarm()
    expect(earlier).toEqual([100, 50])
  })
})

describe('ring', () => {
  test('records come out as they went in, through many turns', () => {
    const buffer = createRing(1024)
    const [writer, reader] = [new RingWriter(buffer), new RingReader(buffer)]
    const random = createRandom(11)
    const sent: Uint8Array[] = []
    let received = 0
    for (let i = 0; i < 8_000; i++) {
      const record = Uint8Array.from({ length: random(257) }, () => random(256))
      if (writer.write(record)) sent.push(record)
      else expect(reader.isEmpty).toBe(false)
      if (random(2))
        for (let got = reader.read(); got !== null; got = reader.read())
          expect(Buffer.compare(got, sent[received++]!)).toBe(0)
    }
    expect(received).toBeGreaterThan(2000)
    expect(() => writer.write(new Uint8Array(257))).toThrow(RangeError)
  })

  test('a full ring refuses, and takes again when there is room; positions pass 2^32', () => {
    const buffer = createRing(64)
    // Nearly at the end of the numbers: -16 as i32.
    new Int32Array(buffer, 0, 2).fill(-16)
    const [writer, reader] = [new RingWriter(buffer), new RingReader(buffer)]
    for (let turn = 0; turn < 10; turn++) {
      let count = 0
      while (writer.write(Uint8Array.of(turn, count))) count++
      expect(count).toBe(8)
      for (let i = 0; i < count; i++) expect([...reader.read()!]).toEqual([turn, i])
      expect(reader.read()).toBeNull()
    }
  })

  test('two threads', async () => {
    const buffer = createRing(4096)
    const reader = new RingReader(buffer)
    const total = 20_000
    const worker = new Worker(
      `const { workerData } = require('node:worker_threads')
       import(workerData.url).then(({ RingWriter }) => {
         const writer = new RingWriter(workerData.buffer)
         for (let i = 0; i < ${total}; i++) {
           const record = new Uint8Array(4 + (i % 60)).fill(i)
           new DataView(record.buffer).setUint32(0, i)
           while (!writer.write(record));
         }
       })`,
      {
        eval: true,
        workerData: { buffer, url: new URL('../../dist/machine/ring.js', import.meta.url).href },
      },
    )
    let next = 0
    while (next < total) {
      const record = reader.read()
      if (record === null) {
        await new Promise((resolve) => setImmediate(resolve))
        continue
      }
      if (new DataView(record.buffer).getUint32(0) !== next || record.length !== 4 + (next % 60))
        throw new Error(`record ${next} is damaged`)
      if (record.length > 4 && record.at(-1) !== (next & 0xff)) throw new Error(`record ${next} is damaged`)
      next++
    }
    await worker.terminate()
    expect(next).toBe(total)
  })
})
