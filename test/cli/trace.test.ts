import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { checkRules, readPerfetto } from '../debug/perfetto-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'onering-trace-'))
afterAll(() => rmSync(folder, { recursive: true }))

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname
const hello = new URL('../../src/app/hello.ts', import.meta.url).pathname
/** So that two runs are equal. */
const fixed = ['--link', 'trap', '--seed', '1', '--net', 'none', '--idle', 'leap', '--quiet']

function trace(...args: string[]): { status: number | null; out: string[]; error: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'trace', ...args], {
    encoding: 'utf8',
    timeout: 100_000,
  })
  return { status, out: stdout.trimEnd().split('\n'), error: stderr.trim() }
}

describe('onering trace', () => {
  test(
    'is the same on each engine, to the last character, and 100 columns wide',
    { timeout: 120_000 },
    () => {
      const [interpreter, auto, jit] = ['interpreter', 'auto', 'jit'].map((engine) =>
        trace(hello, ...fixed, '--engine', engine),
      )
      expect(auto!.out).toEqual(interpreter!.out)
      expect(jit!.out).toEqual(interpreter!.out)
      expect(auto!.status).toBe(0)
      expect(auto!.error).toBe('Hello from onering!')
      expect(Math.max(...auto!.out.map((line) => [...line].length))).toBeLessThanOrEqual(100)
      expect(auto!.out.some((line) => /3→0 +syscall .*kernel\.write/.test(line))).toBe(true)
      expect(auto!.out.some((line) => /RCX=0x[0-9a-f]+ R11=/.test(line))).toBe(true)
    },
  )

  test('as JSON: one object a line, the summary last', { timeout: 60_000 }, () => {
    const lines = trace(hello, ...fixed, '--json').out.map(
      (line) => JSON.parse(line) as Record<string, unknown>,
    )
    const { summary } = lines.pop() as { summary: { transitions: number } }
    expect(lines.filter(({ cause }) => cause !== undefined).length).toBe(summary.transitions)
    const syscall = lines.find(({ cause }) => cause === 'syscall')!
    expect(syscall).toMatchObject({
      instruction: 'syscall',
      before: { ring: 3 },
      after: { ring: 0 },
      cycles: 42,
    })
  })

  test('chooses by cause, ring, function, time and count', { timeout: 120_000 }, () => {
    const lines = (...args: string[]): number =>
      trace(hello, ...fixed, '--brief', ...args).out.indexOf('') - 1
    const all = lines()
    const syscalls = lines('--cause', 'syscall')
    expect(syscalls).toBeGreaterThan(0)
    expect(lines('--ring', '3-0')).toBe(syscalls)
    expect(lines('--ring', 'changes')).toBeLessThan(all)
    expect(lines('--in', 'kernel.write')).toBe(2)
    expect(lines('--count', '2')).toBe(2)
    expect(lines('--from', 'kernel.write', '--to', 'kernel.exit')).toBe(2)
    expect(lines('--from', '999s')).toBe(0)
  })

  test('--perfetto writes a file that keeps the rules', { timeout: 60_000 }, () => {
    const path = join(folder, 'hello.pftrace')
    trace(hello, ...fixed, '--perfetto', path, '--summary')
    checkRules(readPerfetto(readFileSync(path)))
  })

  const text = join(folder, 'notes.txt')
  writeFileSync(text, 'nothing to see')
  test.each([
    [[], /name one thing to start/],
    [[hello, '--cause', 'nonsense'], /--cause nonsense: unknown; choose/],
    [[hello, '--ring', '4-0'], /--ring 4-0: write 3-0/],
    [[hello, '--from', 'nosuch'], /--from nosuch: no such function/],
    [[hello, '--in', 'nosuch'], /--in nosuch: no such function/],
    [[hello, '--count', '0'], /--count 0: not a number from 1/],
    [[hello, '--profile', 'z80'], /--profile z80: unknown; choose/],
    [[hello, '--symbols', '/nowhere'], /--symbols \/nowhere: cannot be read/],
    [[hello, '--symbols', text], /no symbols in it/],
    [[hello, '--perfetto', '/nowhere/trace'], /--perfetto \/nowhere\/trace: cannot be written/],
    [[hello, '--side-by-side', 'trap'], /name two link modes/],
    [[hello, '--side-by-side', 'trap,nonsense'], /nonsense: unknown; choose/],
    [
      [hello, '--side-by-side', 'trap,direct', '--call', 'nosuch'],
      /--call nosuch, linked trap: there is no kernel.nosuch/,
    ],
  ])('%j is refused in one line, with status 2', { timeout: 60_000 }, (args, message) => {
    const { status, error } = trace(...args, '--quiet')
    expect(error).toMatch(message)
    expect([status, error.split('\n').length]).toEqual([2, 1])
  })
})
