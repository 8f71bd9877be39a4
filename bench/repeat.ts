/**
 * `npm run bench:check -- [options of onering bench]`: the whole suite twice on each engine. Instructions, events and modelled cycles must be the same to the
 * last digit; otherwise the first difference is printed, and the status is 1.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Results } from '../src/bench/results.ts'

const RUNS = ['auto', 'auto', 'interpreter', 'interpreter', 'jit', 'jit'] as const
const folder = mkdtempSync(join(tmpdir(), 'onering-bench-check-'))
const file = join(folder, 'figures.json')

/** One line for each figure that has to be the same. */
function exactFigures(engine: string): string[] {
  const options = ['--quiet', '--samples', '1', '--engine', engine, '--json', file]
  execFileSync(process.execPath, ['dist/cli/main.js', 'bench', ...options, ...process.argv.slice(2)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const { modes } = JSON.parse(readFileSync(file, 'utf8')) as Results
  return modes.flatMap(({ link, figures }) =>
    figures.map(({ case: name, instructions, events, cycles }) =>
      JSON.stringify({ link, case: name, instructions, events, cycles }),
    ),
  )
}

try {
  let first: string[] = []
  for (const engine of RUNS) {
    const started = performance.now()
    const figures = exactFigures(engine)
    if (first.length === 0) first = figures
    const seconds = ((performance.now() - started) / 1000).toFixed(0)
    const different = figures.findIndex((line, index) => line !== first[index])
    if (figures.length !== first.length || different >= 0) {
      console.log(`${engine}: not as in the first run:\n${first[different]}\n${figures[different]}`)
      process.exitCode = 1
      break
    }
    console.log(`${engine}: ${figures.length} figures in ${seconds} s, the same`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
