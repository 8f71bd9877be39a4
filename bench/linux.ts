/**
 * Debian's kernel from its first instruction to a shell script that switches off: our machine, by each engine, beside QEMU's emulator, in turn.
 * `npm run bench:linux -- [--repeat N] [--unpacked]`; `--unpacked` boots vmlinux by PVH and so leaves the unpacking of the kernel out.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { hasDebian, missingDebian, openDebian } from '../test/linux/support/debian.ts'
import { buildInitramfs } from '../test/linux/support/initramfs.ts'
import { extractVmlinux } from '../test/linux/support/vmlinux.ts'
import { median } from './statistics.ts'
import { formatTable, short } from './table.ts'

const { values } = parseArgs({
  options: { repeat: { type: 'string', default: '3' }, unpacked: { type: 'boolean', default: false } },
})
if (!hasDebian) {
  process.stderr.write(`bench: ${missingDebian}\n`)
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'onering-bench-'))
const file = (name: string): string => join(folder, name)
const debian = openDebian()
writeFileSync(file('kernel'), values.unpacked ? extractVmlinux(debian.kernel) : debian.kernel)
writeFileSync(file('initrd'), buildInitramfs(debian, { script: 'poweroff -f' }))

const common = ['--initrd', file('initrd'), '--append', 'console=ttyS0', '--memory', '512M', '--net', 'none']
const onering = (engine: string): string[] => {
  const run = [process.execPath, 'dist/cli/main.js', 'run', file('kernel'), '--engine', engine]
  return run.concat(common, ['--stats', file('stats'), '--quiet'])
}
const machine = '-M q35 -cpu max -m 512 -nographic -no-reboot -net none'.split(' ')
const boot = ['-kernel', file('kernel'), '-initrd', file('initrd'), '-append', 'console=ttyS0']
const machines: Readonly<Record<string, readonly string[]>> = {
  'QEMU TCG': ['qemu-system-x86_64'].concat(machine, boot),
  'onering, interpreter': onering('interpreter'),
  'onering, auto': onering('auto'),
}

interface Figure {
  readonly wallSeconds: number
  readonly processorSeconds: number
  readonly instructions: number
}

/** The shell's `times` tells the processor time of what it has run: that is what a busy host does not change. */
function measure(command: readonly string[]): Figure {
  writeFileSync(file('stats'), '{"instructions": 0}')
  const start = performance.now()
  const { stdout, status, stderr } = spawnSync(
    'bash',
    ['-c', '"$@" </dev/null >"$0"; times', file('log'), ...command],
    {
      encoding: 'utf8',
    },
  )
  const wallSeconds = (performance.now() - start) / 1000
  const log = readFileSync(file('log'), 'utf8')
  if (status !== 0 || !log.includes('Power down')) throw new Error(`no boot: ${stderr}${log.slice(-500)}`)
  const children = stdout.trim().split('\n')[1]!
  const processorSeconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
    0,
  )
  const { instructions } = JSON.parse(readFileSync(file('stats'), 'utf8')) as { instructions: number }
  return { wallSeconds, processorSeconds, instructions }
}

const figures = new Map<string, Figure[]>(Object.keys(machines).map((name) => [name, []]))
for (let round = 0; round < Number(values.repeat); round++)
  for (const [name, command] of Object.entries(machines)) figures.get(name)!.push(measure(command))
rmSync(folder, { recursive: true })

const qemu = execFileSync('qemu-system-x86_64', ['--version'], { encoding: 'utf8' }).split('\n')[0]
console.log(
  `Linux ${debian.release}${values.unpacked ? ', unpacked' : ''}; Node ${process.version}; ${qemu}; ${cpus()[0]?.model}`,
)
console.log(`medians of ${values.repeat}, to a shell and off\n`)
const of = (name: string, field: keyof Figure): number =>
  median(figures.get(name)!.map((figure) => figure[field]))
const rows = [...figures.keys()].map((name) => [
  name,
  of(name, 'wallSeconds').toFixed(1),
  of(name, 'processorSeconds').toFixed(1),
  (of(name, 'processorSeconds') / of('QEMU TCG', 'processorSeconds')).toFixed(2),
  of(name, 'instructions') === 0 ? '' : short(of(name, 'instructions')),
])
console.log(formatTable(['', 'seconds', 'processor s', '× QEMU', 'instructions'], rows))
