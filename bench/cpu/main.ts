/**
 * `npm run bench:cpu -- [--repeat N] [--only GROUP,…] [--scale X] [--json FILE] [--html FILE]`: our machine beside QEMU's emulator, v86 and the processor itself,
 * the same images, in turn, several times. On a busy host the ratio by processor time is the steadier one.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createProgress } from '../../src/cli/progress.ts'
import { hasProgram } from '../../test/support/programs.ts'
import { type Group, groups } from './groups.ts'
import { formatPage } from './page.ts'
import { formatReport, type Report, Samples } from './report.ts'

function refuse(message: string): never {
  process.stderr.write(`bench:cpu: ${message}\n`)
  process.exit(2)
}

const { values } = parseArgs({
  options: {
    repeat: { type: 'string', default: '3' },
    only: { type: 'string', default: Object.keys(groups).join(',') },
    scale: { type: 'string', default: '1' },
    json: { type: 'string' },
    html: { type: 'string' },
  },
})
const [repeat, scale] = [Number(values.repeat), Number(values.scale)]
const chosen = values.only.split(',')
const unknown = chosen.find((name) => !(name in groups))
if (unknown !== undefined) refuse(`--only ${unknown}: there are ${Object.keys(groups).join(', ')}`)
if (!(Number.isInteger(repeat) && repeat > 0)) refuse(`--repeat ${values.repeat}: wants a number from 1 on`)
if (!(scale > 0 && scale <= 1)) refuse(`--scale ${values.scale}: wants a number above 0, at most 1`)
if (!hasProgram('qemu-system-x86_64'))
  refuse('qemu-system-x86_64 is missing; install it (Debian: apt-get install qemu-system-x86)')

const progress = createProgress(process.stderr, false)
const folder = mkdtempSync(join(tmpdir(), 'onering-bench-cpu-'))
const missing: string[] = []
const taken: { group: Group; samples: Samples }[] = []
try {
  for (const name of chosen) {
    const prepared = groups[name]!({ folder, scale })
    if ('missing' in prepared) missing.push(`${name}: ${prepared.missing}`)
    else taken.push({ group: prepared, samples: new Samples() })
  }
  for (let round = 0; round < repeat; round++)
    for (const { group, samples } of taken)
      for (const { machine, start } of group.runs) {
        progress.step(`round ${round + 1} of ${repeat}: ${group.title}, ${machine}`)
        samples.add(machine, await start())
      }
  progress.clear()
} finally {
  rmSync(folder, { recursive: true })
}

const versionOf = (program: string): string =>
  execFileSync(program, ['--version'], { encoding: 'utf8' }).split('\n')[0]!
const { version } = createRequire(import.meta.url)('v86/package.json') as { version: string }
const report: Report = {
  made: [
    `Node ${process.version}`,
    versionOf('qemu-system-x86_64'),
    `v86 ${version}`,
    ...(hasProgram('gcc') ? [versionOf('gcc')] : []),
    cpus()[0]?.model ?? 'an unknown processor',
    `load ${loadavg()[0]!.toFixed(1)}`,
  ],
  repeat,
  scale,
  groups: taken.map(({ group, samples }) => samples.report(group)),
  missing,
}
console.log(formatReport(report))
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 1)}\n`)
if (values.html !== undefined) writeFileSync(values.html, formatPage(report))
