/**
 * All tests: `vitest` for host code, then `tap` for the guests that print TAP on their serial port.
 * Ends with one line of totals; exits non-zero when anything failed.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Parser, type Result } from 'tap-parser'

interface Totals {
  passed: number
  failed: number
  skipped: number
}

const node = process.execPath

function runVitest(folder: string, args: string[]): Totals {
  const report = join(folder, 'vitest.json')
  const { status } = spawnSync(
    node,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...args,
    ],
    { stdio: 'inherit' },
  )
  const json = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>
  const failed = json.numFailedTests! + (json.numFailedTestSuites! > 0 || status !== 0 ? 1 : 0)
  return {
    passed: json.numPassedTests!,
    failed: json.numFailedTests! > 0 ? json.numFailedTests! : failed,
    skipped: json.numPendingTests!,
  }
}

/** Counts the assertions that stand for themselves, not those that sum up a subtest, which follow it. */
function countAsserts(tap: string): Totals {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 }
  const listen = (parser: Parser): void => {
    let isSum = false
    parser.on('child', (child: Parser) => {
      isSum = true
      listen(child)
    })
    parser.on('assert', ({ ok, skip }: Result) => {
      if (!isSum) totals[skip ? 'skipped' : ok ? 'passed' : 'failed']++
      isSum = false
    })
  }
  const parser = new Parser()
  listen(parser)
  parser.end(tap)
  return totals
}

function runTap(): Totals {
  const { status, stdout } = spawnSync(node, ['node_modules/tap/dist/esm/run.mjs', '--reporter=tap'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    // The runner loads a TypeScript of its own choice, and TypeScript 7 has not what it needs.
    env: { ...process.env, TS_NODE_COMPILER: 'typescript6', TS_NODE_SKIP_PROJECT: 'true' },
  })
  process.stdout.write(stdout)
  const totals = countAsserts(stdout)
  if (status !== 0 && totals.failed === 0) totals.failed = 1
  return totals
}

const folder = mkdtempSync(join(tmpdir(), 'onering-test-'))
const parts = [runVitest(folder, process.argv.slice(2)), runTap()]
rmSync(folder, { recursive: true })
const sum = (key: keyof Totals): number => parts.reduce((total, part) => total + part[key], 0)
console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`)
process.exitCode = sum('failed') > 0 ? 1 : 0
