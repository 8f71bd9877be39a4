/**
 * All tests: `vitest` for host code, then `tap` for the guests that print TAP on their serial port.
 * Ends with what failed, and why, and one line of totals; exits non-zero when anything failed.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { inspect, stripVTControlCharacters } from 'node:util'
import { Parser, type Result } from 'tap-parser'

interface Totals {
  passed: number
  failed: number
  skipped: number
  /** What failed, with the first lines of the reason. */
  failures: string[]
}

/** The part of Jest's report format, which vitest writes, that is read here. */
interface VitestReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  testResults: {
    name: string
    status: string
    message: string
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[]
  }[]
}

const REASON_LINES = 12

function describe(title: string, reason: string): string {
  const lines = stripVTControlCharacters(reason).trimEnd().split('\n')
  return [title, ...lines.slice(0, REASON_LINES).map((line) => `    ${line}`)].join('\n')
}

function listFailures(report: VitestReport): string[] {
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(process.cwd(), name)
    const failed = assertionResults.filter((test) => test.status === 'failed')
    if (failed.length === 0 && status === 'failed') return [describe(file, message)]
    return failed.map((test) => describe(`${file}: ${test.fullName}`, test.failureMessages.join('\n')))
  })
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
  const json = JSON.parse(readFileSync(report, 'utf8')) as VitestReport
  const failures = listFailures(json)
  if (failures.length === 0 && status !== 0)
    failures.push(`vitest ended with status ${status}: see its output`)
  return { passed: json.numPassedTests, failed: failures.length, skipped: json.numPendingTests, failures }
}

/** Counts the assertions that stand for themselves, not those that sum up a subtest, which follow it. */
function countAsserts(tap: string): Totals {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0, failures: [] }
  const listen = (parser: Parser, path: string): void => {
    let isSum = false
    parser.on('child', (child: Parser) => {
      isSum = true
      listen(child, `${path}${child.name}: `)
    })
    parser.on('assert', ({ ok, skip, name, diag }: Result) => {
      if (!isSum) totals[skip ? 'skipped' : ok ? 'passed' : 'failed']++
      if (!isSum && !ok && !skip) totals.failures.push(describe(`${path}${name}`, inspect(diag ?? '')))
      isSum = false
    })
  }
  const parser = new Parser()
  listen(parser, '')
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
  if (status !== 0 && totals.failed === 0) {
    totals.failed = 1
    totals.failures.push(`tap ended with status ${status}: see its output`)
  }
  return totals
}

const folder = mkdtempSync(join(tmpdir(), 'onering-test-'))
const parts = [runVitest(folder, process.argv.slice(2)), runTap()]
rmSync(folder, { recursive: true })
for (const failure of parts.flatMap((part) => part.failures)) console.log(`FAILED ${failure}`)
const sum = (key: 'passed' | 'failed' | 'skipped'): number =>
  parts.reduce((total, part) => total + part[key], 0)
console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`)
process.exitCode = sum('failed') > 0 ? 1 : 0
