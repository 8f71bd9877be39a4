import type { CAC } from 'cac'
import { writeFileSync } from 'node:fs'
import type { Exit } from '../index.ts'
import { type Modelled, modelled } from '../bench/modelled.ts'
import { describeEnd } from './ending.ts'
import { exitStatus, UsageError } from './errors.ts'
import { DEFAULT_HISTORY, debugOptions, HISTORY_HELP } from './debug.ts'
import { openGdb, parseGdb } from './gdb.ts'
import { COST_HELP, DEFAULT_PROFILE, parseProfile, PROFILE_HELP } from './model.ts'
import { createProgress } from './progress.ts'
import { parseSaveAt, writeSnapshot } from './snapshot.ts'
import { attach } from './attach.ts'
import { machineOptions, type MachineFlags } from './machine-flags.ts'
import { optional } from './options.ts'
import { prepare } from './prepare.ts'

interface RunFlags extends MachineFlags {
  saveAt?: string
  gdb?: string | number
  history: string | number
  stats?: string
  profile: string
  cost?: string | string[]
}

/** `onering run`: builds what must be built, boots it, attaches the serial port to the terminal. */
export function defineRun(cli: CAC): void {
  machineOptions(
    cli.command(
      'run [image]',
      'Boot an application (.ts), an ELF image or a Linux kernel, with its serial port on this terminal',
    ),
  )
    .option(
      '--save-at <n> <file>',
      'Stop after exactly so many instructions and write a snapshot, with status 0',
    )
    .option(
      '--gdb <[host:]port>',
      'Wait for gdb before the first instruction; the run is recorded, so that it goes backwards too',
    )
    .option('--history <size>', HISTORY_HELP, { default: DEFAULT_HISTORY })
    .option('--stats <file>', 'Write exit reason, instructions, modelled cycles, tiers and times as JSON')
    .option('--profile <name>', `With --stats: ${PROFILE_HELP}`, { default: DEFAULT_PROFILE })
    .option('--cost <name=cycles>', COST_HELP)
    .example('onering run echo-tcp.ts -p 7007:7')
    .example('onering run vmlinuz --initrd initrd.img --append console=ttyS0 --memory 512M')
    .example('onering run image.elf --memory 64M --timeout 10 --stats stats.json')
    .action(run)
}

async function run(path: string | undefined, flags: RunFlags): Promise<number> {
  const profile = parseProfile(flags)
  const saveOrder = flags.saveAt === undefined ? null : parseSaveAt(flags.saveAt)
  const gdb = flags.gdb === undefined ? null : parseGdb(String(flags.gdb))
  if (gdb !== null && saveOrder !== null)
    throw new UsageError('--gdb: a run under gdb ends when gdb says so; leave out --save-at')
  const progress = createProgress(process.stderr, flags.quiet === true)
  const prepared = await prepare(path, flags, progress, process.stdout, {
    stateHash: flags.stats !== undefined,
    ...optional('saveAt', saveOrder?.instructions),
    ...(gdb === null ? {} : debugOptions('gdb', flags)),
  })
  const { machine, isRaw } = prepared
  const listener = gdb === null ? null : await openGdb(machine, gdb, isRaw ? (path ?? null) : null, progress)
  const exit = await attach(machine, prepared).finally(() => listener?.close())
  if (flags.stats !== undefined) writeStats(flags.stats, { ...exit, modelled: modelled(exit, profile) })
  if (exit.reason === 'saved') {
    await writeSnapshot(machine, saveOrder!.path)
    progress.done(`${exit.message}: onering run --restore ${saveOrder!.path}`)
    return exit.status
  }
  if (exit.reason !== 'power-off' && exit.reason !== 'debug-exit' && exit.reason !== 'stopped')
    process.stderr.write(`onering: ${describeEnd(exit, prepared.image)}\n`)
  if (saveOrder !== null)
    process.stderr.write(`onering: no snapshot: the run ended after ${exit.instructions} instructions\n`)
  return exit.reason === 'stopped' ? exitStatus.interrupted : exit.status
}

function writeStats(path: string, exit: Exit & { modelled: Modelled }): void {
  try {
    writeFileSync(path, `${JSON.stringify(exit, null, 2)}\n`)
  } catch (error) {
    throw new UsageError(
      `--stats ${path}: cannot be written (${(error as NodeJS.ErrnoException).code ?? error})`,
    )
  }
}
