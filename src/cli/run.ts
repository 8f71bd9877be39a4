import type { CAC } from 'cac'
import { writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import { CPU_MODELS, Machine, type Exit, type LinuxEntry } from '../index.ts'
import { linkModes } from '../toolchain/index.ts'
import { OPTIONAL_DEVICES } from '../machine/optional-devices.ts'
import { parseDrive } from './drive.ts'
import { exitStatus, UsageError } from './errors.ts'
import { hintFor } from './hint.ts'
import { loadImage, parseLinkMode } from './image.ts'
import { createNetwork } from './network.ts'
import { parseChoice, parseCount, parseForward, parseSize, type Forward } from './options.ts'
import { attachKeyboard, ESCAPE_HELP } from './keyboard.ts'
import { createProgress, type Progress } from './progress.ts'
import { readOptionalFile } from './files.ts'

const LINUX_ENTRIES = { '16': 16, '32': 32, '64': 64 } as const

/** The flags as the command line gives them: text, or a list where an option was repeated, or a number that looked like one. */
interface RunFlags {
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
  drive?: string | number | (string | number)[]
  linuxEntry?: string | number
  device?: string | string[]
  engine: string
  seed?: string | number
  timeout?: string | number
  maxInstructions?: string | number
  stats?: string
  quiet?: boolean
}

interface AttachOptions {
  readonly forwards: readonly Forward[]
  readonly progress: Progress
  /** On a terminal every key goes to the guest. */
  readonly isRaw: boolean
}

/** `onering run`: builds what must be built, boots it, attaches the serial port to the terminal. */
export function defineRun(cli: CAC): void {
  cli
    .command(
      'run <image>',
      'Boot an application (.ts), an ELF image or a Linux kernel, with its serial port on this terminal',
    )
    .option('--link <mode>', `How the application reaches the kernel: ${linkModes.join(', ')}`, {
      default: 'direct',
    })
    .option('--memory <size>', "The machine's RAM", { default: '256M' })
    .option('--cpu <model>', `The processor: ${CPU_MODELS.join(', ')}`, { default: 'max' })
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
      'A disk (virtio) from a raw image: FILE[,readonly][,format=raw][,serial=TEXT]; repeatable',
    )
    .option('--linux-entry <bits>', 'The entry of a Linux kernel to take: 16, 32 or 64')
    .option('--device <device>', 'An additional device: pc-testdev, for kvm-unit-tests')
    .option('--engine <engine>', 'auto, interpreter, or jit to translate all code at once', {
      default: 'auto',
    })
    .option('--seed <number>', 'Makes random numbers and network faults the same in each run')
    .option('--timeout <seconds>', 'Stop after so many seconds, with status 124')
    .option('--max-instructions <n>', 'Stop after exactly so many instructions, with status 124')
    .option('--stats <file>', 'Write exit reason, instructions and times as JSON')
    .option('--quiet', 'Print nothing but what the guest writes')
    .example('onering run echo-tcp.ts -p 7007:7')
    .example('onering run vmlinuz --initrd initrd.img --append console=ttyS0 --memory 512M')
    .example('onering run image.elf --memory 64M --timeout 10 --stats stats.json')
    .action(run)
}

function listOf<T>(value: T | T[] | undefined): T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}

async function run(path: string, flags: RunFlags): Promise<number> {
  const forwards = listOf(flags.p).map((text) => parseForward(String(text)))
  const memory = parseSize(String(flags.memory), '--memory')
  const cpu = parseChoice(String(flags.cpu), '--cpu', CPU_MODELS)
  const seed = optionalCount(flags.seed, '--seed', 2 ** 52)
  const link = parseLinkMode(flags.link)
  const engine = parseChoice(flags.engine, '--engine', ['auto', 'interpreter', 'jit'] as const)
  const progress = createProgress(process.stderr, flags.quiet === true)
  const net = createNetwork({
    net: flags.net,
    forwards,
    hostLoopback: flags.hostLoopback === true,
    ...(flags.pcap === undefined ? {} : { pcap: String(flags.pcap) }),
    ...(flags.faults === undefined ? {} : { faults: flags.faults }),
    seed: seed ?? Math.floor(Math.random() * 2 ** 32),
  })
  const limits = {
    timeoutSeconds: optionalCount(flags.timeout, '--timeout', 10 ** 6),
    maxInstructions: optionalCount(flags.maxInstructions, '--max-instructions', Number.MAX_SAFE_INTEGER),
  }
  const linuxEntry = flags.linuxEntry === undefined ? undefined : parseLinuxEntry(String(flags.linuxEntry))
  const drives = listOf(flags.drive).map((text) => parseDrive(String(text)))
  const initrd = readOptionalFile(flags.initrd, '--initrd')
  const image = await loadImage(path, link, progress)
  const machine = await Machine.create({
    image,
    memory,
    engine,
    cpu,
    net,
    drives,
    console: parseChoice(flags.console, '--console', ['serial', 'virtio'] as const),
    ...(seed === undefined ? {} : { seed }),
    ...(flags.append === undefined ? {} : { cmdline: String(flags.append) }),
    devices: listOf(flags.device).map((name) => parseChoice(name, '--device', OPTIONAL_DEVICES)),
    ...(initrd ? { modules: [{ data: initrd }] } : {}),
    ...(linuxEntry === undefined ? {} : { linuxEntry }),
    ...(limits.timeoutSeconds === undefined ? {} : { timeoutSeconds: limits.timeoutSeconds }),
    ...(limits.maxInstructions === undefined ? {} : { maxInstructions: limits.maxInstructions }),
  })
  const isRaw = extname(path) !== '.ts'
  const exit = await attach(machine, { forwards, progress, isRaw })
  if (flags.stats !== undefined) writeStats(flags.stats, exit)
  if (exit.reason !== 'power-off' && exit.reason !== 'debug-exit' && exit.reason !== 'stopped')
    process.stderr.write(`onering: ${exit.message}\n`)
  return exit.reason === 'stopped' ? exitStatus.interrupted : exit.status
}

function parseLinuxEntry(text: string): LinuxEntry {
  return LINUX_ENTRIES[parseChoice(text, '--linux-entry', ['16', '32', '64'])]
}

function optionalCount(text: string | number | undefined, option: string, max: number): number | undefined {
  return text === undefined ? undefined : parseCount(String(text), option, 0, max)
}

function writeStats(path: string, exit: Exit): void {
  try {
    writeFileSync(path, `${JSON.stringify(exit, null, 2)}\n`)
  } catch (error) {
    throw new UsageError(
      `--stats ${path}: cannot be written (${(error as NodeJS.ErrnoException).code ?? error})`,
    )
  }
}

/** Runs the machine with its serial port on the terminal. Ctrl-C (Ctrl-A x, where all keys go to the guest) ends it. */
async function attach(machine: Machine, options: AttachOptions): Promise<Exit> {
  const { forwards, progress, isRaw } = options
  const decoder = new TextDecoder()
  let line = ''
  machine.on('warning', (text) => progress.done(text))
  machine.on('serial', (bytes) => {
    process.stdout.write(bytes)
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
    write: (bytes) => machine.write(bytes),
    quit: interrupt,
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
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    keyboard.detach()
    progress.clear()
  }
}
