import type { CAC, Command } from 'cac'
import { openSync, writeFileSync, writeSync } from 'node:fs'
import {
  CPU_MODELS,
  ImageError,
  Machine,
  modelError,
  type CpuModel,
  type Exit,
  type FileDrive,
  type LinuxEntry,
  type RunOptions,
} from '../index.ts'
import { type Modelled, modelled } from '../bench/modelled.ts'
import { OPTIONAL_DEVICES } from '../machine/optional-devices.ts'
import { parseDrive } from './drive.ts'
import { biosOptions } from './bios.ts'
import { TextDisplay } from './display.ts'
import { describeEnd } from './ending.ts'
import { exitStatus, UsageError } from './errors.ts'
import { hintFor } from './hint.ts'
import { linkHelp, isApplication, loadImage, parseLinkMode } from './image.ts'
import { DebuggedMachine } from '../debug/node/debugged-machine.ts'
import { DEFAULT_HISTORY, debugOptions, HISTORY_HELP } from './debug.ts'
import { openGdb, parseGdb } from './gdb.ts'
import { createNetwork } from './network.ts'
import { COST_HELP, DEFAULT_PROFILE, parseProfile, PROFILE_HELP } from './model.ts'
import { parseChoice, parseCount, parseForward, parseSize, type Forward } from './options.ts'
import { attachKeyboard, ESCAPE_HELP } from './keyboard.ts'
import { createProgress, type Progress } from './progress.ts'
import { readOptionalFile } from './files.ts'
import { parseShare } from './share.ts'
import { keysFor } from './terminal-keys.ts'
import { parseSaveAt, readSnapshot, writeSnapshot } from './snapshot.ts'

const MAX_COUNT: number = Number.MAX_SAFE_INTEGER
const LINUX_ENTRIES = { '16': 16, '32': 32, '64': 64 } as const

const REFRESH_MS = 40

/** The flags of `machineOptions` as the command line gives them: text, or a list where an option was repeated, or a number that looked like one. */
export interface MachineFlags {
  link: string
  memory: string | number
  cpu: string
  p?: string | number | (string | number)[]
  net: string
  hostLoopback?: boolean
  pcap?: string
  faults?: string
  initrd?: string
  append?: string
  console: string
  share?: string | string[]
  drive?: string | number | (string | number)[]
  linuxEntry?: string | number
  device?: string | string[]
  cdrom?: string | string[]
  bios?: string
  vgabios?: string
  boot?: string
  reboot?: boolean
  firmwareLog?: string
  display: string
  engine: string
  seed?: string | number
  timeout?: string | number
  maxInstructions?: string | number
  idle: string
  restore?: string
  quiet?: boolean
}

interface RunFlags extends MachineFlags {
  saveAt?: string
  gdb?: string | number
  history: string | number
  stats?: string
  profile: string
  cost?: string | string[]
}

/** A machine as the command line describes it. */
export interface Prepared extends AttachOptions {
  readonly machine: Machine
  /** What it boots; null with a BIOS or a snapshot. */
  readonly image: Uint8Array | null
}

export interface AttachOptions {
  readonly forwards: readonly Forward[]
  readonly progress: Progress
  /** On a terminal every key goes to the guest. */
  readonly isRaw: boolean
  readonly display: 'serial' | 'vga'
  /** Where the serial port's output goes. */
  readonly output: NodeJS.WriteStream
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

/** What every command that runs a machine has: what the machine is, what it boots, how long it runs. */
export function machineOptions(command: Command): Command {
  return command
    .option('--link <mode>', linkHelp, {
      default: 'direct',
    })
    .option('--memory <size>', "The machine's RAM", { default: '256M' })
    .option('--cpu <model>', `The processor: ${CPU_MODELS.join(', ')}; then ,+FEATURE and ,-FEATURE`, {
      default: 'max',
    })
    .option(
      '-p <host:guest>',
      'Forward a port of this computer: 7007:7, 5353:53/udp, 0.0.0.0:80:80; repeatable',
    )
    .option('--net <network>', 'user, none, or stream:SOCKET for QEMU and passt', { default: 'user' })
    .option('--host-loopback', "Let the guest reach this computer's own services at 10.0.2.2")
    .option('--pcap <file>', 'Capture every frame')
    .option(
      '--faults <faults>',
      'Harm frames both ways: loss=5%,duplicate=1%,reorder=2%,delay=2ms,jitter=1ms',
    )
    .option('--initrd <file>', 'A file that the guest finds in memory: the initial RAM disk of Linux')
    .option('--append <text>', "The guest's command line")
    .option('--console <console>', 'What the terminal is attached to: serial or virtio (hvc0)', {
      default: 'serial',
    })
    .option(
      '--drive <file>',
      'A disk from a raw image: FILE[,if=virtio|ide][,readonly][,format=raw][,serial=TEXT]; repeatable',
    )
    .option('--cdrom <file>', 'A CD image in a drive at IDE; repeatable')
    .option(
      '--bios <file>',
      'Start with this BIOS and boot from the drives, as in --bios /usr/share/seabios/bios-256k.bin',
    )
    .option(
      '--vgabios <file>',
      'Option ROM of the video card; vgabios-stdvga.bin beside the BIOS is found by itself',
    )
    .option('--boot <order>', 'What a BIOS boots from: c disk, d CD, a floppy disk, n network; dc,menu asks')
    .option(
      '--display <what>',
      'What this terminal shows and types on: the serial port, or vga, the text screen and the keyboard',
      {
        default: 'serial',
      },
    )
    .option('--no-reboot', 'With a BIOS, a reset ends the machine')
    .option('--firmware-log <file>', 'What firmware writes to its debug ports, 0x402 and 0xe9')
    .option('--share <dir>', 'A folder that the guest may mount (9p): DIR[:TAG][,writable]; repeatable')
    .option('--linux-entry <bits>', 'The entry of a Linux kernel to take: 16, 32 or 64')
    .option('--device <device>', 'An additional device: pc-testdev, for kvm-unit-tests')
    .option('--engine <engine>', 'auto, interpreter, or jit to translate all code at once', {
      default: 'auto',
    })
    .option('--seed <number>', 'Makes random numbers and network faults the same in each run')
    .option('--timeout <seconds>', 'Stop after so many seconds, with status 124')
    .option('--max-instructions <n>', 'Stop after exactly so many instructions, with status 124')
    .option(
      '--idle <how>',
      'wait: a halted guest sleeps until its next event; leap: virtual time goes there at once',
      {
        default: 'wait',
      },
    )
    .option('--restore <file>', 'Go on from a snapshot, instead of booting an image')
    .option('--quiet', 'Print nothing but what the guest writes')
}

function listOf<T>(value: T | T[] | undefined): T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
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

/** Puts together what the flags describe. `output`: where the serial port's output goes; `more`: what the command itself wants of the run. */
export async function prepare(
  path: string | undefined,
  flags: MachineFlags,
  progress: Progress,
  output: NodeJS.WriteStream,
  more: RunOptions,
): Promise<Prepared> {
  const display = parseChoice(flags.display, '--display', ['serial', 'vga'] as const)
  const sources = [path, flags.restore, flags.bios].filter((source) => source !== undefined)
  if (sources.length !== 1)
    throw new UsageError(
      'name one thing to start: an image or an application (.ts), --restore FILE, or --bios FILE with a --drive or --cdrom',
    )
  const forwards = listOf(flags.p).map((text) => parseForward(String(text)))
  const seed = optionalCount(flags.seed, '--seed', 2 ** 52)
  const engine = parseChoice(flags.engine, '--engine', ['auto', 'interpreter', 'jit'] as const)
  const net = createNetwork({
    net: flags.net,
    forwards,
    hostLoopback: flags.hostLoopback === true,
    ...(flags.pcap === undefined ? {} : { pcap: String(flags.pcap) }),
    ...(flags.faults === undefined ? {} : { faults: flags.faults }),
    seed: seed ?? Math.floor(Math.random() * 2 ** 32),
  })
  const options: RunOptions = {
    net,
    engine,
    idle: parseChoice(flags.idle, '--idle', ['wait', 'leap'] as const),
    ...optional('timeoutSeconds', optionalCount(flags.timeout, '--timeout', 10 ** 6)),
    ...optional('maxInstructions', optionalCount(flags.maxInstructions, '--max-instructions', MAX_COUNT)),
    ...more,
  }
  const firmwareLog = openFirmwareLog(flags.firmwareLog)
  const { machine, image } =
    flags.restore !== undefined
      ? { machine: await restore(flags, options), image: null }
      : await boot(path, flags, { ...options, ...optional('seed', seed) }, progress)
  if (firmwareLog !== null) machine.on('firmware', (line) => writeSync(firmwareLog, `${line}\n`))
  const isRaw = path === undefined || !isApplication(path)
  return { machine, image, forwards, progress, isRaw, display, output }
}

function parseDrives(flags: MachineFlags): FileDrive[] {
  return [
    ...listOf(flags.drive).map((text) => parseDrive(String(text))),
    ...listOf(flags.cdrom).map((text) => parseDrive(`${text},media=cdrom`)),
  ]
}

async function restore(flags: MachineFlags, options: RunOptions): Promise<Machine> {
  const snapshot = readSnapshot(String(flags.restore))
  const drives = parseDrives(flags)
  try {
    return await machinesFor(options).restore({
      ...options,
      snapshot,
      ...(drives.length > 0 ? { drives } : {}),
    })
  } catch (error) {
    throw error instanceof ImageError ? new UsageError(`--restore ${flags.restore}: ${error.message}`) : error
  }
}

async function boot(
  path: string | undefined,
  flags: MachineFlags,
  options: RunOptions & { seed?: number },
  progress: Progress,
): Promise<{ machine: Machine; image: Uint8Array | null }> {
  const memory = parseSize(String(flags.memory), '--memory')
  const cpu = String(flags.cpu) as CpuModel
  const fault = modelError(cpu)
  if (fault) throw new UsageError(`--cpu ${cpu}: ${fault}`)
  const link = parseLinkMode(flags.link)
  const linuxEntry = flags.linuxEntry === undefined ? undefined : parseLinuxEntry(String(flags.linuxEntry))
  const drives = parseDrives(flags)
  const bios = biosOptions(flags)
  const initrd = readOptionalFile(flags.initrd, '--initrd')
  const image = path === undefined ? null : await loadImage(path, link, progress)
  const machine = await machinesFor(options).create({
    ...options,
    ...(image === null ? {} : { image }),
    ...(bios === null ? {} : { bios }),
    reboots: flags.reboot !== false,
    firmwareLog: flags.firmwareLog !== undefined,
    memory,
    cpu,
    drives,
    shares: listOf(flags.share).map((text, i) => parseShare(String(text), i)),
    console: parseChoice(flags.console, '--console', ['serial', 'virtio'] as const),
    ...(flags.append === undefined ? {} : { cmdline: String(flags.append) }),
    devices: listOf(flags.device).map((name) => parseChoice(name, '--device', OPTIONAL_DEVICES)),
    ...(initrd ? { modules: [{ data: initrd }] } : {}),
    ...(linuxEntry === undefined ? {} : { linuxEntry }),
  })
  return { machine, image }
}

/** What makes machines: one that is debugged has a worker of its own kind. */
function machinesFor({ debug }: RunOptions): typeof Machine {
  return debug === undefined ? Machine : DebuggedMachine
}

/** An option that is left out when it was not given. */
function optional<Name extends string, T>(name: Name, value: T | undefined): { [Key in Name]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: T }
}

function parseLinuxEntry(text: string): LinuxEntry {
  return LINUX_ENTRIES[parseChoice(text, '--linux-entry', ['16', '32', '64'])]
}

function optionalCount(text: string | number | undefined, option: string, max: number): number | undefined {
  return text === undefined ? undefined : parseCount(String(text), option, 0, max)
}

/** A file that lines are added to, or null. */
function openFirmwareLog(path: string | undefined): number | null {
  if (path === undefined) return null
  try {
    return openSync(path, 'w')
  } catch (error) {
    throw new UsageError(
      `--firmware-log ${path}: cannot be written (${(error as NodeJS.ErrnoException).code ?? error})`,
    )
  }
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

/** Draws the machine's text screen until the function that it returns is called. */
function showScreen(machine: Machine): () => void {
  const textDisplay = new TextDisplay()
  const draw = (): void => {
    const text = textDisplay.draw(machine.screen())
    if (text !== '') process.stdout.write(text)
  }
  const timer = setInterval(draw, REFRESH_MS)
  return () => {
    clearInterval(timer)
    draw()
    process.stdout.write(textDisplay.end())
  }
}

/** Runs the machine with its serial port on the terminal. Ctrl-C (Ctrl-A x, where all keys go to the guest) ends it. */
export async function attach(machine: Machine, options: AttachOptions): Promise<Exit> {
  const { forwards, progress, isRaw, display, output } = options
  const endDisplay = display === 'vga' ? showScreen(machine) : null
  const decoder = new TextDecoder()
  let line = ''
  machine.on('warning', (text) => progress.done(text))
  machine.on('serial', (bytes) => {
    if (endDisplay === null) output.write(bytes)
    const lines = (line + decoder.decode(bytes, { stream: true })).split('\n')
    line = lines.pop()!.slice(-1000)
    for (const complete of lines) {
      const hint = hintFor(complete, forwards)
      if (hint) progress.done(hint)
    }
  })
  const interrupt = (): void => machine.stop()
  const keyboard = attachKeyboard(process.stdin, {
    isRaw,
    write: (bytes) => (display === 'vga' ? machine.key(keysFor(bytes)) : machine.write(bytes)),
    quit: interrupt,
    powerButton: () => machine.pressPowerButton(),
    help: () => progress.done(ESCAPE_HELP),
  })
  if (keyboard.isRaw) progress.done(ESCAPE_HELP)
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  // Whoever reads our output may stop to: `onering run … | head`.
  process.stdout.once('error', interrupt)
  try {
    return await machine.run()
  } finally {
    endDisplay?.()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    keyboard.detach()
    progress.clear()
  }
}
