/** No figure in the documentation without the command that gives it. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { figuresWithoutCommand, unnamedBlocks } from '../../scripts/figures.ts'
import { documentationPages } from '../../scripts/pages.ts'

/** Not measured but chosen: numbers of the design that have a unit of time or work. */
const chosen = new Set([
  'src/machine/README.md: 50,000 instructions',
  'src/bench/README.md: 300 cycles',
  'src/kernel/net/COVERAGE.md: 200 ms',
])

const pages = documentationPages().map((path) => ({ path, page: readFileSync(path, 'utf8') }))

test.each(pages)('$path: figures stand beside their commands', ({ path, page }) => {
  const found = figuresWithoutCommand(page).filter(({ figure }) => !chosen.has(`${path}: ${figure}`))
  expect(found.map(({ line, figure }) => `${path}:${line}: ${figure}`)).toEqual([])
})

test.each(pages)('$path: each block says what it is, and output stands behind a prompt', ({ path, page }) => {
  expect(unnamedBlocks(page).map((line) => `${path}:${line}`)).toEqual([])
})

test.each([
  ['It takes 3.5 ms.', ['3.5 ms']],
  ['It takes 3.5 ms (`npm run bench`).', []],
  ['It takes 90 to 95 %.', ['90 to 95 %']],
  ['It takes\n\n```console\n$ npx onering bench\n1 ms\n```\n\n40 cycles.\n\n50 cycles.', ['50 cycles']],
  ['```sh\nnpx onering bench\n```\n- 4 ns\n- 5 ns\n\nThen 6 ns.', ['6 ns']],
  ['| 7× | `test/x.test.ts` |\n| 8× | none |\n| `9 ns` | none |', []],
  ['| 7× | `test/x.test.ts` |\n| word | none |\n| 8× | none |', ['8×']],
  ['The 64-bit word of 16 bytes, 4 instructionsets.', []],
])('figures in %j: %j', (page, figures) => {
  expect(figuresWithoutCommand(page).map(({ figure }) => figure)).toEqual(figures)
})
