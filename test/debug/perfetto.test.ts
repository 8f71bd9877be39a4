import { execFileSync } from 'node:child_process'
import { beforeAll, describe, expect, test } from 'vitest'
import { Symbols } from '../../src/debug/symbols/symbols.ts'
import { PerfettoLanes } from '../../src/debug/trace/perfetto/lanes.ts'
import { TrackEventWriter } from '../../src/debug/trace/perfetto/track-events.ts'
import { hasProgram } from '../support/programs.ts'
import { echoOf, MESSAGE, type Traced, traceEcho } from './echo-trace.ts'
import { checkRules, type PerfettoEvent, readPerfetto, type Track } from './perfetto-file.ts'

function fileOf(traced: readonly Traced[], symbols: Symbols): Uint8Array {
  const packets: Uint8Array[] = []
  const lanes = new PerfettoLanes(new TrackEventWriter((packet) => packets.push(packet), 'onering'), symbols)
  for (const each of traced) {
    if (each.kind === 'transition') lanes.transition(each.transition, { transition: 42, since: 0 })
    else if (each.kind === 'call') lanes.call(each.call)
    else lanes.frame(each.frame)
  }
  lanes.finish()
  return Buffer.concat(packets)
}

describe.each(['trap', 'trap:fred', 'direct'])('one echo as a trace for Perfetto, linked %s', (link) => {
  let file: Uint8Array
  let tracks: Track[]
  let events: PerfettoEvent[]
  let echo: Traced[]
  let all: Uint8Array
  beforeAll(async () => {
    const trace = await traceEcho(link, { calls: true })
    const symbols = Symbols.fromImage(trace.image)
    echo = echoOf(trace)
    file = fileOf(echo, symbols)
    all = fileOf(trace.traced, symbols)
    ;({ tracks, events } = readPerfetto(file))
  }, 120_000)

  const on = (name: string): PerfettoEvent[] => {
    const { uuid } = tracks.find((track) => track.name === name)!
    return events.filter(({ track }) => track === uuid)
  }

  test('keeps the rules of the format, from boot to the end too', () => {
    checkRules({ events })
    checkRules(readPerfetto(all))
  })

  test.skipIf(!hasProgram('protoc'))('is a protocol buffer for protoc', () => {
    const text = execFileSync('protoc', ['--decode_raw'], { input: file, encoding: 'utf8' })
    expect(text.split('\n').filter((line) => line === '1 {').length).toBe(events.length + tracks.length)
  })

  test('has a ring lane whose slices are the rings of the transitions', () => {
    const rings = echo.flatMap((each) => (each.kind === 'transition' ? [each.transition] : []))
    const expected = [rings[0]!.before.ring]
    for (const { after } of rings) if (after.ring !== expected.at(-1)) expected.push(after.ring)
    const slices = on('ring').filter(({ type }) => type === 'begin')
    expect(slices.map(({ name }) => name)).toEqual(expected.map((ring) => `ring ${ring}`))
    expect(on('transitions').length).toBe(rings.length)
  })

  test('has the functions of kernel and application', () => {
    const names = new Set(events.filter(({ type }) => type === 'begin').map(({ name }) => name))
    expect(names).toContain('segmentArrives')
    expect(names).toContain('tcpOutput')
  })

  test('follows the packet from the frame through the application to the answer', () => {
    const received = on('received').find(({ name }) => name.endsWith(`${MESSAGE.length} bytes`))!
    const [flow] = received.flows
    const sent = on('sent').filter(({ endingFlows }) => endingFlows.includes(flow!))
    expect(sent.map(({ name }) => name.replace(/.*\]/, ''))).toEqual([` ${MESSAGE.length} bytes`])
    expect(sent[0]!.timeNs).toBeGreaterThan(received.timeNs)
    const between = events.filter((each) => each !== received && each.flows.includes(flow!))
    expect(between.length).toBeGreaterThan(0)
    for (const { timeNs } of between) {
      expect(timeNs).toBeGreaterThanOrEqual(received.timeNs)
      expect(timeNs).toBeLessThanOrEqual(sent[0]!.timeNs)
    }
  })
})
