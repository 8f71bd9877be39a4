/** `npx tsx scripts/renew-docs.ts [PAGE…]`: runs the commands in the `console` blocks of the pages and writes what they print below them. Look at the difference. */
import { readFileSync, writeFileSync } from 'node:fs'
import { examplesOf, renew } from './console-blocks.ts'
import { documentationPages } from './pages.ts'

const named = process.argv.slice(2)
for (const path of named.length > 0 ? named : documentationPages()) {
  const page = readFileSync(path, 'utf8')
  if (examplesOf(page).length > 0) writeFileSync(path, renew(page))
}
