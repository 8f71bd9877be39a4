/** `npx tsx scripts/renew-docs.ts PAGE…`: runs the commands in the `console` blocks of the pages and writes what they print below them. Look at the difference. */
import { readFileSync, writeFileSync } from 'node:fs'
import { renew } from './console-blocks.ts'

for (const path of process.argv.slice(2)) writeFileSync(path, renew(readFileSync(path, 'utf8')))
