/** What `bench:cpu` makes of timings. */
import { expect, test } from 'vitest'
import { formatPage } from '../../bench/cpu/page.ts'
import { formatReport, Samples } from '../../bench/cpu/report.ts'
import { time, type Timing } from '../../bench/cpu/timing.ts'

const timing = (wallSeconds: number, checksum = '7'): Map<string, Timing> =>
  new Map([['sieve', { wallSeconds, checksum }]])
const start = async (): Promise<Map<string, Timing>> => timing(1)
const group = { title: 'some programs', isCompute: true, runs: [{ machine: 'QEMU', start }] } as const

test('medians, ratios and their mean', () => {
  const samples = new Samples()
  for (const seconds of [1, 9, 2]) samples.add('onering', timing(seconds))
  for (const seconds of [5, 6, 70]) samples.add('QEMU', timing(seconds))
  const report = samples.report(group)
  expect(report.rows[0]).toMatchObject({
    name: 'sieve',
    on: { onering: { seconds: 2 } },
    faster: { QEMU: 3 },
  })
  expect(report.means.QEMU).toBeCloseTo(3, 9)
  const whole = { made: ['Node'], repeat: 3, scale: 1, groups: [report], missing: ['linux: no <kernel>'] }
  expect(formatReport(whole)).toContain('3.00×')
  expect(formatPage(whole)).toContain('no &lt;kernel&gt;')
})

test('machines that have not done the same work are no row', () => {
  const samples = new Samples()
  samples.add('onering', timing(1))
  expect(() => samples.add('QEMU', timing(1, '8'))).toThrow(/sieve: 8 on QEMU, 7 before/)
  expect(() => samples.add('QEMU', new Map())).toThrow(/ended without a figure/)
})

test('sections of a process are timed by what it prints', async () => {
  const lines = 'echo begin a; sleep 0.2; echo end a 5; echo end b; echo noise'
  const timings = await time({ program: 'sh', args: ['-c', lines] }, { fromStart: 'b' })
  expect([...timings.keys()]).toEqual(['a', 'b'])
  expect(timings.get('a')!.checksum).toBe('5')
  expect(timings.get('a')!.wallSeconds).toBeGreaterThan(0.15)
  expect(timings.get('b')!.wallSeconds).toBeGreaterThanOrEqual(timings.get('a')!.wallSeconds)
})

test('a process that ends within a section has no figures', async () => {
  const lines = 'echo begin a; echo end a 5; echo begin b; kill -SEGV $$'
  await expect(time({ program: 'sh', args: ['-c', lines] })).rejects.toThrow(
    /"b" has begun and not ended \(SIGSEGV\)/,
  )
})
