/** The page, from results that need no machine. */
import { expect, test } from 'vitest'
import { formatAppsPage } from '../../src/bench/html/apps-page.ts'
import { formatPage } from '../../src/bench/html/page.ts'
import { logScale, linearScale } from '../../src/bench/html/svg.ts'
import { findProfile } from '../../src/bench/profiles/index.ts'
import { resultsOf } from '../../src/bench/results.ts'
import type { ModeMeasurements } from '../../src/bench/run.ts'
import { distribution } from '../../src/bench/statistics.ts'

const operations = [
  { id: 1, name: 'getppid', operation: 'nothing', repetitions: 1 },
  {
    id: 2,
    name: 'udp 1 B',
    operation: 'nothing & <more>',
    repetitions: 1,
    payload: { series: 'udp', bytes: 1 },
  },
  { id: 3, name: 'udp 64 B', operation: 'a datagram', repetitions: 1, payload: { series: 'udp', bytes: 64 } },
]

/** As many instructions as given, and SYSCALL with SYSRET where ring 3 takes part. */
function mode(link: string, ring0: number, ring3: number): ModeMeasurements {
  const events: Record<string, number> = ring3 > 0 ? { syscall: 1, sysret: 1 } : {}
  const counts = { rings: [ring0, 0, 0, ring3], events }
  return {
    link,
    onEntry: {},
    measurements: operations.map((each) => ({ case: each, counts, hostNs: [10, 30, 20] })),
  }
}

const run = { profile: findProfile('zen3')!, engine: 'auto', samples: 3 } as const
const results = resultsOf([mode('direct', 20, 0), mode('base', 90, 0), mode('trap', 80, 8)], run)

/** Elements that are opened and not closed in their turn. */
function unbalanced(html: string): string[] {
  const open: string[] = []
  for (const [, close, name] of html.matchAll(/<(\/?)([a-z0-9]+)[^>]*>/g)) {
    if (name === 'meta') continue
    if (!close) open.push(name!)
    else if (open.pop() !== name) return [`</${name}>`, ...open]
  }
  return open
}

test('one page of its own: well-formed, nothing from elsewhere, no script', () => {
  const page = formatPage(results, 'Made by a test.')
  expect(unbalanced(page)).toEqual([])
  expect(page).not.toMatch(/<script|<link|<img|https?:|url\(|@import/)
  expect(page).not.toContain('NaN')
  expect(page).not.toContain('undefined')
  expect(page).toContain('nothing &amp; &lt;more&gt;')
  expect(page).toContain('prefers-color-scheme: dark')
  for (const link of ['direct', 'base', 'trap']) expect(page).toContain(`>${link}</text>`)
})

test('a page of applications is well-formed, too', () => {
  const cycles = { transition: 84, mitigation: 0, entry: 100, work: 900, total: 1084 }
  const instructions = { ring0: 1700, ring3: 100, total: 1800 }
  const one = { app: 'echo', operation: 'a <line>', instructions, cycles, requestsPerSecond: 12_345 }
  const figures = ['direct', 'trap'].map((link) => ({ ...one, link, p50Ns: 1500, p99Ns: 9000 }))
  const load = { clients: 16, requests: 100, warmUp: 10, wireNs: 10_000 }
  const page = formatAppsPage({ profile: run.profile, load, figures }, 'Made by a test.')
  expect(unbalanced(page)).toEqual([])
  expect(page).toContain('a &lt;line&gt;')
  expect(page).toContain('12 345')
})

test('the order is said to hold, or not to', () => {
  expect(formatPage(results, '')).toContain('The order holds: plain call &lt; base &lt; trap.')
  const wrong = resultsOf([mode('direct', 100, 0), mode('base', 90, 0)], run)
  expect(formatPage(wrong, '')).toContain('THE ORDER DOES NOT HOLD')
})

test('a published row that is far from ours is split, and the parts of the difference make up the whole', () => {
  const rows = results.studies.flatMap((study) => study.rows)
  expect(rows.some(({ isWithin }) => !isWithin)).toBe(true)
  for (const { ours, theirs, ratio } of rows) {
    for (const split of [ours, theirs])
      expect(split.transition + split.mitigation + split.entry + split.work).toBeCloseTo(split.total, 6)
    expect(ratio).toBeCloseTo(ours.total / theirs.total, 6)
  }
})

test('scales and intervals', () => {
  expect(linearScale(17, 0, 100).ticks).toEqual([0, 5, 10, 15, 20])
  expect(logScale(3, 1200, 0, 100).ticks).toEqual([1, 10, 100, 1000])
  expect(logScale(1, 8192, 0, 130, 2)(64)).toBeCloseTo(60, 6)
  // qt(0.975, 2) × 10 ÷ √3; the table of t has three decimals.
  expect(distribution([10, 30, 20]).margin).toBeCloseTo(24.8414, 2)
  expect(distribution([5]).margin).toBeUndefined()
})
