/** The worker's side of a machine, whatever kind of worker it is. */
import type { BlockBackend } from '../devices/storage/block-backend.ts'
import { MemoryDisk } from '../devices/storage/memory-disk.ts'
import type { FileTree } from '../devices/virtio/ninep/file-tree.ts'
import type { Vga } from '../devices/vga/vga.ts'
import { ImageError } from './boot/image-error.ts'
import { Computer, type CpuModules } from './computer.ts'
import { Control } from './control.ts'
import { DebugChannel } from './debug-channel.ts'
import type { InputKind, Interposer, Loop } from './interposer.ts'
import type { AttachedDrive, Drive, FileDrive } from './drive.ts'
import type { Exit } from './exit.ts'
import { FirmwareLog } from './firmware-log.ts'
import { RingFramePort } from './frame-port.ts'
import type { HostMessage, WorkerConfig, WorkerMessage } from './protocol.ts'
import { InputPort } from './input-port.ts'
import { KeyReceiver } from './keys.ts'
import { type RecordSink, type RecordSource, RingReader, RingWriter } from './ring.ts'
import { Runner, type RunnerOptions } from './runner.ts'
import type { Share } from './share.ts'
import { ScreenBuffer } from './screen-buffer.ts'
import { SerialPort } from './serial-port.ts'
import { TracePort } from './trace-port.ts'
import { hashState } from './snapshot/state-hash.ts'

const FRAME_MS = 33
/** Longest wait for the host to make room. */
const ROOM_MS = 100

/** The way to the host, as the worker's kind has it. */
export interface HostPort {
  post(message: WorkerMessage): void
  onMessage(listener: (message: HostMessage) => void): void
}

/** What the kind of worker has to offer. */
export interface Platform {
  loadCpuModules(): CpuModules
  /** Rejects with an ImageError when the file cannot be a disk. */
  openDrive(drive: FileDrive): Promise<BlockBackend>
  /** Throws an ImageError when the folder cannot be shared. */
  openShare(share: Share): FileTree
  /** What stands between the machine and its host, when the configuration asks for a debugger. */
  interpose?(config: WorkerConfig, channel: DebugChannel): Interposer
}

/** A machine that is put together. */
interface Served {
  run(): Promise<Exit>
  save(): void
}

/** Answers the host: puts a machine together, says whether that worked, runs it. */
export function serve(host: HostPort, platform: Platform): void {
  let machine: Served | null = null
  const answer = async (message: HostMessage): Promise<void> => {
    try {
      if (message.kind === 'create') {
        machine = await create(message.config, platform, host)
        host.post({ kind: 'ready' })
      } else if (machine !== null) {
        if (message.kind === 'save') machine.save()
        else host.post({ kind: 'exit', exit: await machine.run() })
      }
    } catch (error) {
      host.post({ kind: 'failed', message: describe(error), isImage: error instanceof ImageError })
    }
  }
  host.onMessage((message) => void answer(message))
}

function interpose(
  config: WorkerConfig,
  platform: Platform,
  control: Control,
  ringBell: () => void,
): Interposer | null {
  const { debug } = config
  if (debug === null) return null
  if (platform.interpose === undefined) throw new Error('this kind of worker has no debugger')
  const channel = new DebugChannel(
    new RingReader(debug.toMachine),
    new RingWriter(debug.toHost),
    control,
    ringBell,
  )
  return platform.interpose(config, channel)
}

/** A ring to the host is full. */
function waitForRoom(control: Control, ringBell: () => void): void {
  const { wakeCount } = control
  control.setBlocked()
  ringBell()
  control.sleep(wakeCount, ROOM_MS)
}

async function attachDrive(drive: Drive, platform: Platform): Promise<AttachedDrive> {
  const disk: BlockBackend =
    'data' in drive
      ? new MemoryDisk(drive.data, { isReadOnly: drive.readonly ?? false })
      : await platform.openDrive(drive)
  return { disk, serial: drive.serial ?? '', bus: drive.bus ?? 'virtio' }
}

async function create(config: WorkerConfig, platform: Platform, host: HostPort): Promise<Served> {
  const { shared } = config
  const control = new Control(shared.control)
  const ringBell = (): void => {
    if (control.takeBell()) host.post({ kind: 'bell' })
  }
  const interposer = interpose(config, platform, control, ringBell)
  const input = (kind: InputKind, buffer: SharedArrayBuffer): RecordSource => {
    const ring = new RingReader(buffer)
    return interposer?.input(kind, ring) ?? ring
  }
  const output = (buffer: SharedArrayBuffer): RecordSink => {
    const ring = new RingWriter(buffer)
    return interposer?.output(ring, () => waitForRoom(control, ringBell)) ?? ring
  }
  const serial = new SerialPort(output(shared.serialOut), control, ringBell)
  const typed = new InputPort(input('serial', shared.serialIn))
  const keys = new InputPort(input('keys', shared.keys))
  const port = new RingFramePort(output(shared.transmit), input('frames', shared.receive), control, ringBell)
  const trace =
    config.trace === null ? null : new TracePort(new RingWriter(config.trace.ring), control, ringBell)
  const opened = await Promise.all(config.drives.map((drive) => attachDrive(drive, platform)))
  const drives = opened.map((drive) => ({ ...drive, disk: interposer?.disk(drive.disk) ?? drive.disk }))
  const log = new FirmwareLog((line) => host.post({ kind: 'firmware', line }))
  const computer = new Computer({
    modules: platform.loadCpuModules(),
    memoryBytes: config.memoryBytes,
    engine: config.engine,
    cpu: config.cpu,
    seed: config.seed,
    epochMs: config.epochMs,
    devices: config.devices,
    serial: (byte) => serial.transmit(byte),
    ...(config.net === null ? {} : { net: { ...config.net, port: trace?.watch(port) ?? port } }),
    onMark: (id) => runner.mark(id),
    drives,
    reboots: config.reboots,
    ...(config.bios === null ? {} : { bios: config.bios }),
    ...(config.firmwareLog ? { firmwareLog: (byte) => log.write(byte) } : {}),
    shares: config.shares.map((share) => {
      const tree = platform.openShare(share)
      return { tag: share.tag, tree: interposer?.tree(tree) ?? tree }
    }),
    ...(config.console === 'serial' ? {} : { console: (bytes) => serial.print(bytes) }),
    onWarning: (text) => host.post({ kind: 'warning', text }),
  })
  if (config.restore !== null) computer.restore(config.restore)
  else if (config.image !== null) computer.load({ ...config, image: config.image })
  trace?.attach(computer.cpu, config.trace!.kinds)
  const save = (): void => host.post({ kind: 'saved', state: computer.save() })
  const { board, clock, cpu } = computer
  typed.attach(board.console ?? board.uart)
  keys.attach(new KeyReceiver(board.keyboard, () => board.keyboardController.fill()))
  const show = showScreen(board.vga, new ScreenBuffer(shared.screen))
  const options: RunnerOptions = {
    board,
    clock,
    processor: cpu,
    control,
    maxInstructions: config.maxInstructions,
    saveAt: config.saveAt,
    isRestored: config.restore !== null,
    save,
    idle: config.idle,
    reset: () => computer.reset(),
    resume: () => computer.resume(),
    poll: () => {
      typed.feed()
      keys.feed()
      serial.flush()
      show(false)
      if (board.net !== null && (port.hasReceived || board.net.isBlocked)) board.net.resume()
      port.flush()
    },
    flush: () => {
      serial.flush()
      show(true)
      port.flush()
    },
  }
  const runner: Loop = interposer?.loop(options, computer) ?? new Runner(options)
  const run = async (): Promise<Exit> => {
    const exit = runner.run()
    return config.wantsHash ? { ...exit, stateHash: await hashState(computer) } : exit
  }
  return { run, save }
}

/** Copies the picture when it has changed: at once, or when the last time was long enough ago. */
function showScreen(vga: Vga, buffer: ScreenBuffer): (atOnce: boolean) => void {
  let shown = -1
  let shownAtMs = 0
  return (atOnce) => {
    if (vga.changes === shown) return
    const nowMs = performance.now()
    if (!atOnce && nowMs - shownAtMs < FRAME_MS) return
    shown = vga.changes
    shownAtMs = nowMs
    buffer.write(vga.screen)
  }
}

function describe(error: unknown): string {
  if (error instanceof ImageError) return error.message
  // What V8 says when it cannot reserve the memory.
  if (error instanceof RangeError && /memory/i.test(error.message))
    return `the host has no room for that much RAM (${error.message}): choose less`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
