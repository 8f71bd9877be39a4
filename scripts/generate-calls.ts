/** Writes the guest sources that derive from the table of the kernel's calls. Run it after changing the table. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateCalls } from '../src/toolchain/calls/generate.ts'

const folder = new URL('../src/kernel/api/gen/', import.meta.url).pathname
for (const [name, text] of generateCalls()) writeFileSync(join(folder, name), text)
