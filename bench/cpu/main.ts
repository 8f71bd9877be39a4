/**
 * `npm run bench:cpu -- [--repeat N] [--json FILE]`: what one processor does, our machine beside QEMU's emulator: the same images, in turn, several times. Time is
 * taken by the host between two lines that the guest prints; on a busy host the processor time of the whole process is the steadier figure.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { hasProgram } from '../../test/support/programs.ts'
import { geometricMean, median } from '../statistics.ts'
import { formatTable } from '../table.ts'
import { barePrograms, buildBare } from './bare.ts'

const { values } = parseArgs({
  options: { repeat: { type: 'string', default: '3' }, json: { type: 'string' } },
})
if (!hasProgram('qemu-system-x86_64')) {
  process.stderr.write(
    'bench:cpu: qemu-system-x86_64 is missing; install it (Debian: apt-get install qemu-system-x86)\n',
  )
  process.exit(2)
}

/** Seconds from `begin NAME` to `end NAME`: by the clock, and of processor time of all threads. */
interface Timing {
  readonly wall: number
  readonly cpu: number
  readonly checksum: string
}

const ours = (image: string): [string, string[]] => [
  process.execPath,
  ['dist/cli/main.js', 'run', image, '--net', 'none', '--quiet'],
]
const qemu = (image: string): [string, string[]] => [
  'qemu-system-x86_64',
  [
    ...'-accel tcg -cpu max -m 256M -display none -serial stdio -monitor none -no-reboot'.split(' '),
    '-device',
    'isa-debug-exit,iobase=0xf4,iosize=4',
    '-kernel',
    image,
  ],
]

/** Processor time of a process with all its threads, in seconds; 0 where /proc does not say. */
function cpuSeconds(pid: number): number {
  try {
    let ns = 0
    for (const task of readdirSync(`/proc/${pid}/task`))
      ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
    return ns / 1e9
  } catch {
    return 0
  }
}

async function time([command, args]: [string, string[]]): Promise<Map<string, Timing>> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const timings = new Map<string, Timing>()
  let [wall, cpu] = [0, 0]
  for await (const line of createInterface(child.stdout)) {
    const [word, name = '', checksum = ''] = line.trim().split(' ')
    if (word === 'begin') [wall, cpu] = [performance.now(), cpuSeconds(child.pid!)]
    else if (word === 'end')
      timings.set(name, {
        wall: (performance.now() - wall) / 1000,
        cpu: cpuSeconds(child.pid!) - cpu,
        checksum,
      })
  }
  return timings
}

interface Samples {
  onering: Timing[]
  qemu: Timing[]
}

const folder = mkdtempSync(join(tmpdir(), 'onering-bench-cpu-'))
const compute = join(folder, 'cpu.elf')
execFileSync(
  process.execPath,
  ['dist/cli/main.js', 'build', 'bench/guest/cpu.ts', '-o', compute, '--quiet'],
  {
    stdio: 'inherit',
  },
)
const results = new Map<string, Samples>()
function note(name: string, machine: keyof Samples, timing: Timing | undefined): void {
  if (!timing) throw new Error(`${name} did not end on ${machine}`)
  const samples = results.get(name) ?? { onering: [], qemu: [] }
  samples[machine].push(timing)
  results.set(name, samples)
}

const bare = Object.entries(barePrograms).map(([name, program], n) => {
  const path = join(folder, `bare-${n}.bin`)
  writeFileSync(path, buildBare(program))
  return [name, path] as const
})
for (let round = 0; round < Number(values.repeat); round++) {
  const [a, b] = [await time(ours(compute)), await time(qemu(compute))]
  for (const [name, timing] of a) {
    if (timing.checksum !== b.get(name)?.checksum) throw new Error(`${name}: different checksums`)
    note(name, 'onering', timing)
    note(name, 'qemu', b.get(name))
  }
  for (const [name, path] of bare) {
    note(name, 'onering', (await time(ours(path))).get(''))
    note(name, 'qemu', (await time(qemu(path))).get(''))
  }
}
rmSync(folder, { recursive: true })

const rows = [...results].map(([name, { onering, qemu: theirs }]) => {
  const of = (samples: Timing[], field: 'wall' | 'cpu'): number =>
    median(samples.map((sample) => sample[field]))
  const [wall, cpu] = [of(theirs, 'wall') / of(onering, 'wall'), of(theirs, 'cpu') / of(onering, 'cpu')]
  return {
    name,
    onering: of(onering, 'wall'),
    qemu: of(theirs, 'wall'),
    wall,
    cpu,
    isBare: name in barePrograms,
  }
})
const version = execFileSync('qemu-system-x86_64', ['--version'], { encoding: 'utf8' }).split('\n')[0]
console.log(
  `Node ${process.version}; ${version}; ${cpus()[0]?.model}; load ${loadavg()[0]!.toFixed(1)}; medians of ${values.repeat}\n`,
)
const table = rows.map((row) => [
  row.name,
  `${row.onering.toFixed(2)} s`,
  `${row.qemu.toFixed(2)} s`,
  `${row.wall.toFixed(2)}×`,
  // A guest that ends with its last line may be gone before its time is read.
  row.cpu > 0 ? `${row.cpu.toFixed(2)}×` : '–',
])
const programs = rows.filter(({ isBare }) => !isBare)
const mean = (field: 'wall' | 'cpu'): string =>
  `${geometricMean(programs.map((row) => row[field])).toFixed(2)}×`
table.push(['geometric mean of the compute programs', '', '', mean('wall'), mean('cpu')])
console.log(formatTable(['', 'onering', 'QEMU TCG', 'faster', 'by processor time'], table))
if (values.json)
  writeFileSync(values.json, JSON.stringify({ node: process.version, qemu: version, rows }, null, 1))
