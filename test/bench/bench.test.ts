/** The command, as a user gives it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'

vi.setConfig({ testTimeout: 180_000 })

const folder = mkdtempSync(join(tmpdir(), 'onering-bench-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Row {
  link: string
  figures: { case: string; cycles: { total: number } }[]
}

function bench(...args: string[]): string {
  return execFileSync(process.execPath, ['dist/cli/main.js', 'bench', '--quiet', ...args], {
    encoding: 'utf8',
  })
}

test('the same to the last digit twice, and in the order that the studies have', () => {
  const json = join(folder, 'figures.json')
  const csv = join(folder, 'figures.csv')
  const modes = ['--link', 'direct,bypass,base,trap']
  const first = bench(...modes, '--json', json, '--csv', csv)
  expect(bench(...modes)).toBe(first)
  for (const line of first.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  const { results } = JSON.parse(readFileSync(json, 'utf8')) as { results: Row[] }
  const getppid = results.map(({ figures }) => figures.find((each) => each.case === 'getppid')!.cycles.total)
  expect(results.map(({ link }) => link)).toEqual(['direct', 'bypass', 'base', 'trap'])
  expect(getppid).toEqual(getppid.toSorted((a, b) => a - b))
  const rows = readFileSync(csv, 'utf8').trimEnd().split('\r\n')
  expect(rows.length).toBe(1 + results.length * results[0]!.figures.length)
})

test.each([
  [['--profile', 'pentium'], /--profile pentium/],
  [['--link', 'trap,smoke'], /--link smoke/],
  [['--link', 'direct', '--json', '/nowhere/x.json'], /cannot be written/],
])('bad use is one line and status 2: %j', (args, message) => {
  const { status, stderr } = spawnSync(process.execPath, ['dist/cli/main.js', 'bench', '--quiet', ...args], {
    encoding: 'utf8',
  })
  expect(status).toBe(2)
  expect(stderr).toMatch(message)
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
})
