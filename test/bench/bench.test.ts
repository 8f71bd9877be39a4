/** The command, as a user gives it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import type { Results } from '../../src/bench/results.ts'

vi.setConfig({ testTimeout: 180_000 })

const folder = mkdtempSync(join(tmpdir(), 'onering-bench-'))
afterAll(() => rmSync(folder, { recursive: true }))

function bench(...args: string[]): string {
  return execFileSync(process.execPath, ['dist/cli/main.js', 'bench', '--quiet', ...args], {
    encoding: 'utf8',
  })
}

/** What must not vary. */
function exact({ modes }: Results): unknown {
  return modes.map(({ link, figures }) => ({
    link,
    figures: figures.map(({ case: name, instructions, events, cycles }) => ({
      name,
      instructions,
      events,
      cycles,
    })),
  }))
}

test('interpreted and translated the same to the last digit, and in the order that the studies have', () => {
  const json = join(folder, 'figures.json')
  const csv = join(folder, 'figures.csv')
  const html = join(folder, 'report.html')
  const modes = ['--link', 'direct,base,trap', '--samples', '1', '--json', json]
  const table = bench(...modes, '--csv', csv, '--html', html, '--engine', 'interpreter')
  for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  expect(table).toContain('The order holds: plain call < base < trap.')
  const interpreted = JSON.parse(readFileSync(json, 'utf8')) as Results
  expect(interpreted.modes.map(({ link }) => link)).toEqual(['direct', 'base', 'trap'])
  expect(interpreted.order.holds).toBe(true)
  const rows = readFileSync(csv, 'utf8').trimEnd().split('\r\n')
  expect(rows.length).toBe(1 + interpreted.modes.length * interpreted.modes[0]!.figures.length)
  expect(readFileSync(html, 'utf8')).toContain('The order holds')
  bench(...modes, '--engine', 'auto')
  const translated = JSON.parse(readFileSync(json, 'utf8')) as Results
  expect(exact(translated)).toEqual(exact(interpreted))
})

test.each([
  [['--profile', 'pentium'], /--profile pentium/],
  [['--link', 'trap,smoke'], /--link smoke/],
  [['--cost', 'fred.delivery'], /--cost fred.delivery: is not NAME=CYCLES/],
  [['--cost', 'fred.deliver=5'], /--cost fred.deliver=5: names no cost/],
  [['--cost', 'syscall=-1'], /--cost syscall=-1: wants a number of cycles/],
  [['--samples', '0'], /--samples/],
  [['--link', 'direct', '--json', '/nowhere/x.json'], /cannot be written/],
])('bad use is one line and status 2: %j', (args, message) => {
  const { status, stderr } = spawnSync(process.execPath, ['dist/cli/main.js', 'bench', '--quiet', ...args], {
    encoding: 'utf8',
  })
  expect(status).toBe(2)
  expect(stderr).toMatch(message)
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
})
