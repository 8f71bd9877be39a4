/**
 * The first baseline: our machine beside QEMU's emulator, the same image, in turn, in one run.
 * `npm run bench:qemu -- [--repeat N] [--json FILE]`
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { hasProgram } from '../test/support/programs.ts'
import { benchCompute, guestMemory } from './compute.ts'
import { benchEcho } from './echo.ts'
import { formatFigures } from './results.ts'

const { values } = parseArgs({
  options: { repeat: { type: 'string', default: '3' }, json: { type: 'string' } },
})
const repetitions = Number(values.repeat)

if (!hasProgram('qemu-system-x86_64')) {
  process.stderr.write(
    'bench: qemu-system-x86_64 is missing; install it (Debian: apt-get install qemu-system-x86)\n',
  )
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'onering-bench-'))
const build = (source: string, name: string): string => {
  const image = join(folder, name)
  execFileSync(process.execPath, ['dist/cli/main.js', 'build', source, '-o', image, '--quiet'], {
    stdio: 'inherit',
  })
  return image
}
const echo = build('src/app/echo-tcp.ts', 'echo-tcp.elf')
const compute = build('bench/guest/compute.ts', 'compute.elf')

const qemuVersion = execFileSync('qemu-system-x86_64', ['--version'], { encoding: 'utf8' }).split('\n')[0]
console.log(`Node ${process.version}; ${qemuVersion}; ${cpus()[0]?.model}; medians of ${repetitions}\n`)
const figures = [...(await benchCompute(compute, repetitions)), ...(await benchEcho(echo, repetitions))]
console.log(formatFigures(figures))
const memory = await guestMemory(compute)
console.log(
  `\nimage ${statSync(echo).size >> 10} KiB (echo-tcp, direct); guest memory ${memory >> 10} KiB at start`,
)
if (values.json)
  writeFileSync(values.json, JSON.stringify({ node: process.version, qemu: qemuVersion, figures }, null, 1))
rmSync(folder, { recursive: true })
