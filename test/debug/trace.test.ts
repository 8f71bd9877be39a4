import { beforeAll, describe, expect, test } from 'vitest'
import { missing } from '../../src/debug/trace/summary.ts'
import { causeNames, type Transition } from '../../src/debug/trace/transition.ts'
import { echoOf, type EchoTrace, traceEcho, type Traced } from './echo-trace.ts'

function byCause(traced: readonly Traced[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const each of traced)
    if (each.kind === 'transition') {
      const { name } = each.transition.cause
      counts[name] = (counts[name] ?? 0) + 1
    }
  return counts
}

const transitionsOf = (traced: readonly Traced[]): Transition[] =>
  traced.flatMap((each) => (each.kind === 'transition' ? [each.transition] : []))

describe.each([
  ['trap', 'interpreter'],
  ['trap', 'auto'],
  ['trap:fred', 'auto'],
  ['trap:int80', 'auto'],
  ['trap+kpti', 'auto'],
  ['direct', 'auto'],
] as const)('a trace of one echo, linked %s, engine %s', (link, engine) => {
  let trace: EchoTrace
  let echo: Traced[]
  beforeAll(async () => {
    trace = await traceEcho(link, { engine })
    echo = echoOf(trace)
  }, 120_000)

  test('has every transition between the frame and the reply that the processor has counted', () => {
    const [first, last] = [echo[0], echo.at(-1)]
    if (first?.kind !== 'frame' || last?.kind !== 'frame')
      throw new Error('an echo begins and ends with a frame')
    const counted: Record<string, number> = {}
    for (const name of causeNames)
      counted[name] = (last.frame.counted[name] ?? 0) - (first.frame.counted[name] ?? 0)
    expect(missing(byCause(echo), counted, causeNames)).toEqual([])
    expect(transitionsOf(echo).length).toBeGreaterThan(0)
  })

  test('has every transition of the whole run', () => {
    expect(missing(byCause(trace.traced), trace.exit.events, causeNames)).toEqual([])
  })

  test('gives each ring the instructions that the processor gives it', () => {
    expect(trace.reader.rings(trace.exit.instructions)).toEqual(trace.exit.rings)
  })

  test('is a chain: each transition begins in the ring in which the last one ended, and later', () => {
    const all = transitionsOf(trace.traced)
    for (const [index, { before, timeNs, number }] of all.entries()) {
      expect(number).toBe(index + 1)
      if (index === 0) continue
      const last = all[index - 1]!
      expect(before.ring).toBe(last.after.ring)
      expect(timeNs).toBeGreaterThanOrEqual(last.timeNs)
    }
  })

  test('leaves ring 3 by what the link mode says', () => {
    const entries = new Set(
      transitionsOf(echo)
        .filter(({ before }) => before.ring === 3)
        .map(({ cause }) => cause.label),
    )
    if (link === 'direct') expect([...entries]).toEqual([])
    else expect(entries).toContain(link === 'trap:int80' ? 'int 0x80' : 'syscall')
  })
})
