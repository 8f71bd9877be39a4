/** From flags to a machine that is ready to run. */
import { openSync, writeSync } from 'node:fs'
import {
  ImageError,
  Machine,
  modelError,
  type CpuModel,
  type FileDrive,
  type LinuxEntry,
  type RunOptions,
} from '../index.ts'
import { OPTIONAL_DEVICES } from '../machine/optional-devices.ts'
import { parseDrive } from './drive.ts'
import { biosOptions } from './bios.ts'
import { UsageError } from './errors.ts'
import { isApplication, loadImage, parseLinkMode } from './image.ts'
import { DebuggedMachine } from '../debug/node/debugged-machine.ts'
import { createNetwork } from './network.ts'
import { optional, parseChoice, parseCount, parseForward, parseSize } from './options.ts'
import type { Progress } from './progress.ts'
import { readOptionalFile } from './files.ts'
import { parseShare } from './share.ts'
import { readSnapshot } from './snapshot.ts'
import type { AttachOptions } from './attach.ts'
import type { MachineFlags } from './machine-flags.ts'

const MAX_COUNT: number = Number.MAX_SAFE_INTEGER
const LINUX_ENTRIES = { '16': 16, '32': 32, '64': 64 } as const

/** A machine as the command line describes it. */
export interface Prepared extends AttachOptions {
  readonly machine: Machine
  /** What it boots; null with a BIOS or a snapshot. */
  readonly image: Uint8Array | null
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

function listOf<T>(value: T | T[] | undefined): T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
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
