/** `onering step` by a script: the machine at every step, forwards and backwards, by instruction, by ring change and by micro-step. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = new URL('../..', import.meta.url).pathname

function step(commands: string, input?: string): { status: number | null; blocks: string[]; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(root, 'dist/cli/main.js'),
      'step',
      'test/debug/guest/sum.ts',
      '--link',
      'trap',
      '--net',
      'none',
      '--seed',
      '1',
      '--idle',
      'leap',
      '--memory',
      '64M',
      ...(input === undefined ? ['--commands', commands] : []),
    ],
    { cwd: root, encoding: 'utf8', timeout: 110_000, ...(input === undefined ? {} : { input }) },
  )
  return { status, blocks: stdout.split(/^> /m).slice(1), stderr }
}

/** The line of a block that says where the machine stands. */
const place = (block: string): string => block.split('\n')[1]!

test('n and b, r and R, m and M meet the same places again', () => {
  const { status, blocks, stderr } = step('B sum.ts:10 c n n n b b b r R r m m M b')
  expect([status, stderr.includes('Error')]).toEqual([0, false])
  const [, at, one, two, three, backTwo, backOne, back, ring, ringBack, ringAgain] = blocks.map(place)
  expect(at).toMatch(/^\d+\.\d+ ring 3 [0-9a-f]+ main.* sum\.ts:10: /)
  expect([backTwo, backOne, back]).toEqual([two, one, at])
  expect(three).not.toBe(two)
  expect(ring).toMatch(/ ring 0 /)
  expect(ringBack).toMatch(/ ring 3 /)
  expect(ringAgain).toBe(ring)
}, 120_000)

test('a system call is taken apart as the manual does', () => {
  const { blocks } = step('B kernel.write c n m m m M')
  const micro = blocks.find((block) => block.includes('SYSCALL: ring 3 → ring 0'))!
  expect(micro).toMatch(/✓ RCX ← RIP/)
  expect(micro).toMatch(/R11 ← RFLAGS/)
  const steps = blocks.map((block) => (block.match(/✓/g) ?? []).length)
  expect(steps.slice(-4)).toEqual([1, 2, 3, 2])
}, 120_000)

test('commands come from a pipe too; what is no command is said so', () => {
  const { blocks, status } = step('', 'n x\np 0x100000 g 1000\nB nowhere')
  expect(status).toBe(0)
  expect(blocks[1]).toContain('x: no such command; h lists them')
  expect(blocks[2]).toMatch(/→ 0x100000/)
  expect(place(blocks[3]!)).toMatch(/^1000\.0 /)
  expect(blocks[4]).toContain('nowhere: no such address, function, or line that has code')
}, 120_000)
