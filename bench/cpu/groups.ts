/** Groups of programs: what is built once, and the runs of one round, machine after machine. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasProgram } from '../../test/support/programs.ts'
import { barePrograms, buildBare, withCode } from './bare.ts'
import { echoGroup } from './echo.ts'
import { compileGuest, compileNative, CODE } from './gcc.ts'
import { buildImage32 } from './image32.ts'
import { linuxGroup } from './linux.ts'
import { type MachineName, onering, qemu, v86 } from './machines.ts'
import { time, type Timing } from './timing.ts'

/** One start of one machine; sections by name. */
export interface Run {
  readonly machine: MachineName
  start(): Promise<Map<string, Timing>>
}

export interface Group {
  /** What the group shows, for people. */
  readonly title: string
  /** Whether its rows enter the geometric means. */
  readonly isCompute: boolean
  readonly runs: readonly Run[]
}

export interface GroupOptions {
  /** For what is built; removed at the end. */
  readonly folder: string
  /** 1: what figures are quoted for; less shows that everything runs. */
  readonly scale: number
}

/** Each may be left out where a program that it needs is missing: then it says which. */
export type Prepared = Group | { readonly missing: string }

const run = (machine: MachineName, start: Run['start']): Run => ({ machine, start })

function buildApp(source: string, out: string): string {
  execFileSync(process.execPath, ['dist/cli/main.js', 'build', source, '-o', out, '--quiet'], {
    stdio: 'inherit',
  })
  return out
}

function ownToolchain({ folder }: GroupOptions): Group {
  const image = buildApp('bench/guest/cpu.ts', join(folder, 'cpu.elf'))
  return {
    title: 'compiled by our own toolchain, 64-bit',
    isCompute: true,
    runs: [run('onering', () => time(onering(image))), run('QEMU', () => time(qemu(image)))],
  }
}

function gcc64({ folder, scale }: GroupOptions): Prepared {
  if (!hasProgram('gcc')) return { missing: 'gcc' }
  const native = compileNative(folder, { scale })
  const code = readFileSync(compileGuest(folder, 64, { scale }))
  const image = join(folder, 'programs64.img')
  writeFileSync(image, buildBare(withCode(CODE, code)))
  return {
    title: 'compiled by gcc -O2, 64-bit, the same source natively',
    isCompute: true,
    runs: [
      run('onering', () => time(onering(image))),
      run('QEMU', () => time(qemu(image))),
      run('native', () => time({ program: native, args: [] })),
    ],
  }
}

function gcc32({ folder, scale }: GroupOptions): Prepared {
  if (!hasProgram('gcc')) return { missing: 'gcc' }
  const image = join(folder, 'programs32.img')
  writeFileSync(image, buildImage32(readFileSync(compileGuest(folder, 32, { scale }))))
  return {
    title: 'compiled by gcc -O2, 32-bit with x87',
    isCompute: true,
    runs: [
      run('onering', () => time(onering(image))),
      run('QEMU', () => time(qemu(image))),
      run('v86', () => time(v86(image))),
    ],
  }
}

/** A bare program prints sections without a name. */
function named(name: string, timings: Map<string, Timing>): Map<string, Timing> {
  const timing = timings.get('')
  return new Map(timing ? [[name, timing]] : [])
}

function transitions({ folder, scale }: GroupOptions): Group {
  const runs = Object.entries(barePrograms).flatMap(([name, program], n) => {
    const image = join(folder, `bare-${n}.img`)
    writeFileSync(image, buildBare({ ...program, rounds: Math.ceil(program.rounds * scale) }))
    return [
      run('onering', async () => named(name, await time(onering(image)))),
      run('QEMU', async () => named(name, await time(qemu(image)))),
    ]
  })
  return { title: 'bare loops: calls, rings, page tables', isCompute: false, runs }
}

/** In the order of the report. */
export const groups: Readonly<Record<string, (options: GroupOptions) => Prepared>> = {
  own: ownToolchain,
  gcc64,
  gcc32,
  bare: transitions,
  linux: linuxGroup,
  echo: (options) => echoGroup(buildApp('src/app/echo-tcp.ts', join(options.folder, 'echo.elf')), options),
}
