/** `onering run --stats`, as a user gives it: modelled cycles on both engines, and where the instructions were executed. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Exit } from '../../src/index.ts'
import type { Modelled } from '../../src/bench/modelled.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const folder = mkdtempSync(join(tmpdir(), 'onering-stats-'))
const image = join(folder, 'hello.elf')
const cli = 'dist/cli/main.js'
beforeAll(() => {
  const options = ['--link', 'trap', '-o', image, '--quiet']
  execFileSync(process.execPath, [cli, 'build', 'src/app/hello.ts', ...options])
})
afterAll(() => rmSync(folder, { recursive: true }))

function stats(...options: string[]): Exit & { modelled: Modelled } {
  const file = join(folder, 'stats.json')
  const fixed = ['--net', 'none', '--seed', '1', '--idle', 'leap', '--quiet', '--stats', file]
  execFileSync(process.execPath, [cli, 'run', image, ...fixed, ...options])
  return JSON.parse(readFileSync(file, 'utf8')) as Exit & { modelled: Modelled }
}

test('counts and modelled cycles are the same whatever executes the guest', () => {
  const [interpreted, translated] = [stats('--engine', 'interpreter'), stats('--engine', 'jit')]
  for (const { rings, events, modelled, instructions } of [interpreted, translated]) {
    expect({ rings, events, modelled, instructions }).toEqual({
      rings: interpreted.rings,
      events: interpreted.events,
      modelled: interpreted.modelled,
      instructions: interpreted.instructions,
    })
    const { cycles, items } = modelled
    expect(items.reduce((sum, each) => sum + each.cycles, 0)).toBeCloseTo(cycles.total, 3)
    expect(items.find(({ name }) => name === 'syscall')).toMatchObject({ part: 'transition' })
    expect(rings.reduce((sum, each) => sum + each, 0)).toBe(instructions)
  }
  const { tiers, exits } = interpreted.engine!
  expect(tiers).toEqual({ interpreted: interpreted.instructions, translated: 0 })
  expect(Object.keys(exits).length).toBeGreaterThan(1)
  expect(interpreted.tlbMisses).toBeGreaterThan(0)
  const after = translated.engine!
  expect(after.tiers.interpreted + after.tiers.translated).toBe(translated.instructions)
  expect(after.compiled).toBeGreaterThan(0)
})

test('another profile and another cost change the cycles and nothing else', () => {
  const [skylake, zen3] = [stats(), stats('--profile', 'zen3', '--cost', 'sysret=0')]
  expect(zen3.events).toEqual(skylake.events)
  const { syscall } = skylake.events
  const transition = (name: string, of: Modelled): number =>
    of.items.find((item) => item.name === name)!.cycles
  expect(transition('syscall', skylake.modelled)).toBe(42 * syscall!)
  expect(transition('syscall', zen3.modelled)).toBe(83 * syscall!)
  expect(transition('sysret', zen3.modelled)).toBe(0)
})

test('a cost that there is not is one line and status 2', () => {
  const { status, stderr } = spawnSync(process.execPath, [cli, 'run', image, '--cost', 'magic=1'], {
    encoding: 'utf8',
  })
  expect(status).toBe(2)
  expect(stderr).toMatch(/^onering: --cost magic=1: names no cost/)
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
})
