/** A machine as a program sees it: asynchronous, with the processor in a worker of its own. */
import type { Engine } from '../cpu/run-loop.ts'
import type { CpuModel } from '../cpu/cpuid/features.ts'
import type { Link, Network } from '../net/link.ts'
import { type BiosOptions, checkBios } from './bios.ts'
import { encodeKeys, type KeyEvent } from './keys.ts'
import { ImageError } from './boot/image-error.ts'
import type { BootModule } from './boot/boot.ts'
import type { LinuxEntry } from './boot/linux/linux.ts'
import type { ComputerState } from './computer.ts'
import { Control, createControl, STOP_REQUESTED, STOP_TIMEOUT } from './control.ts'
import { describeDebug, type DebugFront } from './debug-channel.ts'
import type { Drive } from './drive.ts'
import type { Exit } from './exit.ts'
import { MAX_RAM_BYTES, MIB, MIN_RAM_BYTES } from './memory-map.ts'
import type { OptionalDevice } from './optional-devices.ts'
import type {
  Boot,
  HardwareConfig,
  TraceConfig,
  WorkerConfig,
  WorkerHandle,
  WorkerMessage,
} from './protocol.ts'
import type { Share } from './share.ts'
import { packMachine, unpackMachine } from './snapshot/machine-snapshot.ts'
import { createRing, RingReader, RingWriter } from './ring.ts'
import { CALL_KINDS, TRACE_RING_BYTES, TRANSITION_KINDS } from './trace-port.ts'
import { createScreenBuffer, ScreenBuffer } from './screen-buffer.ts'
import type { Screen } from '../devices/vga/screen.ts'

/** How a machine runs, whether it boots or goes on from a snapshot. */
export interface RunOptions {
  /** A network to plug the card into. It is closed when the machine ends. None: the machine has no card. */
  readonly net?: Network | Link | null
  /** `wait` (default): a halted guest sleeps until its next event is due. `leap`: virtual time goes there at once. */
  readonly idle?: 'wait' | 'leap'
  /** How instructions are executed: `auto` (default) translates what runs often; `jit` everything; the guest cannot tell. */
  readonly engine?: Engine
  /** Ends the run after so many instructions, counted from power-on, with reason `instruction-limit`. */
  readonly maxInstructions?: number
  /** Ends the run after so many seconds of host time, with reason `timeout`. */
  readonly timeoutSeconds?: number
  /** Saves the machine and ends the run before the instruction after so many, with reason `saved`; `Machine.save` gives the snapshot. */
  readonly saveAt?: number
  /** The exit tells a hash of the final state, by which two runs can be compared. */
  readonly stateHash?: boolean
  /** The `trace` event is wanted; with `calls` it also tells of calls and returns, for which all code is interpreted. */
  readonly trace?: { readonly calls: boolean }
  /** The machine does what a debugger says, which `Machine.debug` and the `debug` event connect to the outside; needs a worker that has one. */
  readonly debug?: { readonly front: DebugFront; readonly historyBytes: number }
}

/** A machine that goes on from a snapshot: it is made of what it was made of. */
export interface RestoreOptions extends RunOptions {
  /** What `Machine.save` gave. */
  readonly snapshot: Uint8Array
  /** In place of the files and memory that the machine had for disks, in the same order and with the same contents. */
  readonly drives?: readonly Drive[]
}

export interface MachineOptions extends RunOptions {
  /** An ELF file with a PVH note, a multiboot image, or a Linux kernel (bzImage). Without one there must be a BIOS. */
  readonly image?: Uint8Array
  /** The machine starts at its reset vector, with this BIOS, and boots from its drives. */
  readonly bios?: BiosOptions
  /** Whether a machine with a BIOS starts again when the guest resets it. Default true. */
  readonly reboots?: boolean
  /** Whether the `firmware` event is wanted. Default false. */
  readonly firmwareLog?: boolean
  /** Bytes of RAM, in whole pages. Default 256 MiB. */
  readonly memory?: number
  /** The processor: `x86-64-v2`, `x86-64-v3` or `max`, all that there is. Default `max`. */
  readonly cpu?: CpuModel
  /** What the kernel finds as its command line. */
  readonly cmdline?: string
  /** Files that the kernel finds in memory, such as an initial RAM disk. */
  readonly modules?: readonly BootModule[]
  /** The entry of a Linux kernel to take: 16-, 32- or 64-bit. Default: the widest that it has, but not the 16-bit one. */
  readonly linuxEntry?: LinuxEntry
  /** Devices that a PC does not have by itself: `pc-testdev`. Default: none. */
  readonly devices?: readonly OptionalDevice[]
  /** Address of the network card, six bytes. Default 52:54:00:12:34:56. */
  readonly mac?: Uint8Array
  /** Queue pairs of the network card, 1 … 8. Default 4. */
  readonly queuePairs?: number
  /** Disks and CDs, in this order. At most 16; at most four at IDE. */
  readonly drives?: readonly Drive[]
  /** Folders of the host that the guest may mount by 9P, read-only unless they say otherwise. At most 4. */
  readonly shares?: readonly Share[]
  /** What `write` types on: the serial port (default), or a virtio console, which is plugged in then. The `serial` event hears both. */
  readonly console?: 'serial' | 'virtio'
  /** From which everything random in the guest follows. Default: a random one. */
  readonly seed?: number
  /** Calendar time at power-on, ms since 1970. Default: now; with a seed, always the same day. */
  readonly epochMs?: number
}

/** What a machine reports. */
export interface MachineEvents {
  /** The guest has written to its serial port. The bytes are the listener's. */
  serial: (bytes: Uint8Array) => void
  /** A line that firmware has written to its debug ports (0x402, 0xe9). */
  firmware: (line: string) => void
  /** Records of `src/cpu/trace-record.ts` and `trace-port.ts`, in order; a record may be in two pieces. */
  trace: (bytes: Uint8Array) => void
  /** The debugger in the machine has something for its other half. */
  debug: (bytes: Uint8Array) => void
  /** The guest uses something that is not there; each kind is reported once. */
  warning: (text: string) => void
}

const DEFAULT_MEMORY: number = 256 * MIB
const DEFAULT_MAC: Uint8Array = Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, 0x56)
const DEFAULT_PAIRS = 4
const PAGE = 4096
/** Where the calendar of a machine with a seed starts, so that its runs are equal: 1 January 2026. */
const SEEDED_EPOCH_MS: number = Date.UTC(2026, 0, 1)
const MAX_DRIVES = 16
const MAX_SHARES = 4
const SERIAL_OUT_BYTES: number = 256 * 1024
const SERIAL_IN_BYTES: number = 64 * 1024
const KEYS_BYTES: number = 128 * 1024
/** Room for a full TCP window from each of some hundred connections; pages that are never used cost nothing. */
const TRANSMIT_BYTES: number = 4 * MIB
const RECEIVE_BYTES: number = 32 * MIB
const MAX_RECORDS_AT_ONCE = 2048

export class Machine {
  readonly #worker: WorkerHandle
  readonly #control: Control
  readonly #serialOut: RingReader
  readonly #serialIn: RingWriter
  readonly #keys: RingWriter
  readonly #transmit: RingReader
  readonly #receive: RingWriter
  readonly #screen: ScreenBuffer
  readonly #trace: RingReader | null
  readonly #debugOut: RingReader | null
  readonly #debugIn: RingWriter | null
  #lastScreen: Screen = { kind: 'off' }
  readonly #link: Link | null
  readonly #timeoutSeconds: number | undefined
  readonly #hardware: HardwareConfig
  /** Those who wait for a state of the machine. */
  readonly #savers = new Set<{ resolve(state: ComputerState): void; reject(error: Error): void }>()
  /** The state in which the run ended. */
  #saved: ComputerState | null = null
  #hasEnded = false
  readonly #listeners: { [Name in keyof MachineEvents]: Set<MachineEvents[Name]> } = {
    serial: new Set(),
    warning: new Set(),
    firmware: new Set(),
    trace: new Set(),
    debug: new Set(),
  }
  #exit: Promise<Exit> | null = null
  #droppedFrames = 0

  private constructor(
    worker: WorkerHandle,
    config: WorkerConfig,
    link: Link | null,
    timeoutSeconds?: number,
  ) {
    this.#worker = worker
    const { shared } = config
    this.#hardware = hardwareOf(config)
    this.#control = new Control(shared.control)
    this.#serialOut = new RingReader(shared.serialOut)
    this.#serialIn = new RingWriter(shared.serialIn)
    this.#keys = new RingWriter(shared.keys)
    this.#transmit = new RingReader(shared.transmit)
    this.#receive = new RingWriter(shared.receive)
    this.#screen = new ScreenBuffer(shared.screen)
    this.#trace = config.trace === null ? null : new RingReader(config.trace.ring)
    this.#debugOut = config.debug === null ? null : new RingReader(config.debug.toHost)
    this.#debugIn = config.debug === null ? null : new RingWriter(config.debug.toMachine)
    this.#link = link
    this.#timeoutSeconds = timeoutSeconds
    if (link !== null) link.onFrame = (frame) => this.#frameArrived(frame)
  }

  /**
   * Puts a machine together and loads the image. Rejects with an ImageError when the image cannot be booted, a RangeError when
   * an option is out of range, a NetError when the network cannot be opened; nothing stays behind then.
   */
  static async start(options: MachineOptions, startWorker: () => WorkerHandle): Promise<Machine> {
    const config = describe(options)
    return Machine.#open(options.net == null ? { ...config, net: null } : config, options, startWorker)
  }

  /**
   * Puts a machine together that goes on from a snapshot. Connections of the guest through a user network are gone: its packets to them are
   * answered with resets. Rejects with an ImageError when the snapshot cannot be taken up.
   */
  static async resume(options: RestoreOptions, startWorker: () => WorkerHandle): Promise<Machine> {
    const { hardware, state } = await unpackMachine(options.snapshot, options.drives)
    const boot = { image: new Uint8Array(0), cmdline: '', modules: [] }
    const config = { ...boot, ...hardware, ...describeRun(options), restore: state }
    return Machine.#open(config, options, startWorker)
  }

  static async #open(
    config: WorkerConfig,
    { net, timeoutSeconds }: RunOptions,
    startWorker: () => WorkerHandle,
  ): Promise<Machine> {
    const link = await openLink(net ?? null)
    const worker = startWorker()
    try {
      const machine = new Machine(worker, config, link, timeoutSeconds)
      await machine.#load(config)
      return machine
    } catch (error) {
      worker.terminate()
      link?.close()
      throw error
    }
  }

  on<Name extends keyof MachineEvents>(name: Name, listener: MachineEvents[Name]): this {
    this.#listeners[name].add(listener)
    return this
  }

  off<Name extends keyof MachineEvents>(name: Name, listener: MachineEvents[Name]): this {
    this.#listeners[name].delete(listener)
    return this
  }

  /** The network that the machine is plugged into, opened. */
  get link(): Link | null {
    return this.#link
  }

  /** Runs the guest until it ends or is stopped. A second call gives the same promise. */
  run(): Promise<Exit> {
    this.#exit ??= this.#run()
    return this.#exit
  }

  /** Ends the run soon, whatever the guest is doing; `run` resolves with reason `stopped`. */
  stop(): void {
    this.#control.requestStop(STOP_REQUESTED)
    if (this.#exit === null) this.#close()
  }

  /** Presses the power button: an operating system that listens to ACPI shuts down, one that sleeps wakes, others do not notice. */
  pressPowerButton(): void {
    this.#control.pressPowerButton()
  }

  /** What the video card shows, some thirty times a second at most. */
  screen(): Screen {
    this.#lastScreen = this.#screen.read() ?? this.#lastScreen
    return this.#lastScreen
  }

  /** Types on the serial line. False when the guest has not read what was typed before: nothing is taken then. */
  write(input: string | Uint8Array): boolean {
    return this.#hand(this.#serialIn, typeof input === 'string' ? new TextEncoder().encode(input) : input)
  }

  /** Keys of the PS/2 keyboard go down and up. False when the guest has not read those before: none is taken then. */
  key(events: readonly KeyEvent[]): boolean {
    return this.#hand(this.#keys, encodeKeys(events))
  }

  /** A message for the debugger in the machine, its kind and at most 32 KiB. False when there is no room: try again. */
  debug(kind: number, bytes: Uint8Array = new Uint8Array(0)): boolean {
    const message = new Uint8Array(1 + bytes.length)
    message[0] = kind
    message.set(bytes, 1)
    const isTaken = this.#debugIn?.write(message) ?? false
    if (isTaken) this.#control.wake()
    return isTaken
  }

  /**
   * A snapshot of the machine as it is: before the run, at some moment in it, or where `saveAt` ended it. What was typed and not yet read, and
   * frames on their way, are not part of it. Rejects when the machine has ended otherwise.
   */
  async save(): Promise<Uint8Array> {
    const state = this.#hasEnded ? this.#saved : await this.#requestState()
    if (state === null) throw new Error('the machine has ended')
    return packMachine({ hardware: this.#hardware, state })
  }

  #hand(ring: RingWriter, bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true
    const taken = bytes.length <= ring.maxRecordBytes && ring.write(bytes)
    if (taken) this.#control.wake()
    return taken
  }

  #requestState(): Promise<ComputerState> {
    return new Promise((resolve, reject) => {
      this.#savers.add({ resolve, reject })
      if (this.#exit === null) this.#worker.post({ kind: 'save' })
      else this.#control.requestSave()
    })
  }

  #load(config: WorkerConfig): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#worker.onError(reject)
      this.#worker.onMessage((message) => {
        if (message.kind === 'ready') resolve()
        else if (message.kind === 'failed')
          reject(message.isImage ? new ImageError(message.message) : new Error(message.message))
        else this.#handle(message)
      })
      this.#worker.post({ kind: 'create', config })
    })
  }

  async #run(): Promise<Exit> {
    const timer =
      this.#timeoutSeconds === undefined
        ? undefined
        : setTimeout(() => this.#control.requestStop(STOP_TIMEOUT), this.#timeoutSeconds * 1000)
    try {
      return await new Promise((resolve, reject) => {
        this.#worker.onError(reject)
        this.#worker.onMessage((message) => {
          if (message.kind === 'exit') resolve(this.#finish(message.exit))
          else if (message.kind === 'failed') reject(new Error(message.message))
          else this.#handle(message)
        })
        this.#control.armBell()
        this.#worker.post({ kind: 'run' })
        // What came in between loading and running.
        this.#drain()
      })
    } finally {
      clearTimeout(timer)
      this.#close()
    }
  }

  #handle(message: WorkerMessage): void {
    if (message.kind === 'bell') this.#drain()
    else if (message.kind === 'saved') this.#wasSaved(message.state)
    else if (message.kind === 'warning')
      for (const listener of this.#listeners.warning) listener(message.text)
    else if (message.kind === 'firmware')
      for (const listener of this.#listeners.firmware) listener(message.line)
  }

  #wasSaved(state: ComputerState): void {
    this.#saved = state
    for (const { resolve } of this.#savers) resolve(state)
    this.#savers.clear()
  }

  #finish(exit: Exit): Exit {
    if (exit.reason !== 'saved') this.#saved = null
    while (this.#takeRecord());
    if (this.#droppedFrames === 0) return exit
    return { ...exit, counters: { ...exit.counters, 'host.rx-dropped': this.#droppedFrames } }
  }

  /**
   * Takes out what the guest has produced, then asks for the next bell. A guest that produces without end gets its turn
   * between the host's other work.
   */
  #drain(): void {
    for (let records = 0; records < MAX_RECORDS_AT_ONCE; records++) {
      if (this.#takeRecord()) continue
      this.#control.unblock()
      this.#control.armBell()
      if (this.#outputs.every((ring) => ring.isEmpty)) return
    }
    this.#control.unblock()
    setTimeout(() => this.#drain(), 0)
  }

  get #outputs(): RingReader[] {
    return [this.#serialOut, this.#transmit, this.#trace, this.#debugOut].filter((ring) => ring !== null)
  }

  /** Hands one record on; false when there is none. */
  #takeRecord(): boolean {
    const frame = this.#transmit.read()
    if (frame !== null) this.#link?.send(frame)
    const bytes = this.#serialOut.read()
    if (bytes !== null) for (const listener of this.#listeners.serial) listener(bytes)
    const records = this.#trace?.read() ?? null
    if (records !== null) for (const listener of this.#listeners.trace) listener(records)
    const news = this.#debugOut?.read() ?? null
    if (news !== null) for (const listener of this.#listeners.debug) listener(news)
    return frame !== null || bytes !== null || records !== null || news !== null
  }

  #frameArrived(frame: Uint8Array): void {
    if (this.#receive.write(frame)) this.#control.wake()
    else this.#droppedFrames++
  }

  #close(): void {
    this.#hasEnded = true
    for (const { reject } of this.#savers) reject(new Error('the machine has ended'))
    this.#savers.clear()
    this.#worker.terminate()
    if (this.#link !== null) {
      this.#link.onFrame = null
      this.#link.close()
    }
  }
}

function describe(options: MachineOptions): WorkerConfig {
  const memoryBytes = options.memory ?? DEFAULT_MEMORY
  if (!(memoryBytes >= MIN_RAM_BYTES && memoryBytes <= MAX_RAM_BYTES))
    throw new RangeError(
      `memory of ${memoryBytes} bytes: choose between ${MIN_RAM_BYTES / MIB} MiB and ${MAX_RAM_BYTES / MIB} MiB`,
    )
  const queuePairs = options.queuePairs ?? DEFAULT_PAIRS
  if (!(queuePairs >= 1 && queuePairs <= 8)) throw new RangeError(`queuePairs: ${queuePairs} is not 1 … 8`)
  const mac = options.mac ?? DEFAULT_MAC
  if (mac.length !== 6 || mac[0]! & 1) throw new RangeError('mac: six bytes, not a multicast address')
  const drives = options.drives ?? []
  const shares = options.shares ?? []
  if (shares.length > MAX_SHARES) throw new RangeError(`${shares.length} shares: at most ${MAX_SHARES}`)
  if (shares.some(({ tag }) => !/^[^\s,]{1,31}$/.test(tag)))
    throw new RangeError('a tag has 1 to 31 characters, no spaces')
  if (new Set(shares.map(({ tag }) => tag)).size < shares.length)
    throw new RangeError('shares need different tags')
  if (drives.length > MAX_DRIVES) throw new RangeError(`${drives.length} drives: at most ${MAX_DRIVES}`)
  const { image = null, bios = null } = options
  if ((image === null) === (bios === null))
    throw new ImageError('a machine boots an image or starts with a BIOS: give one of the two')
  if (bios !== null) checkBios(bios)
  return {
    image,
    bios,
    reboots: options.reboots ?? true,
    firmwareLog: options.firmwareLog ?? false,
    memoryBytes: Math.floor(memoryBytes / PAGE) * PAGE,
    cmdline: options.cmdline ?? '',
    modules: options.modules ?? [],
    linuxEntry: options.linuxEntry,
    cpu: options.cpu,
    seed: createSeed(options.seed),
    epochMs: options.epochMs ?? (options.seed === undefined ? Date.now() : SEEDED_EPOCH_MS),
    ...describeRun(options),
    devices: options.devices ?? [],
    net: { mac, queuePairs },
    drives,
    shares,
    console: options.console ?? 'serial',
  }
}

function describeRun(options: RunOptions): Omit<WorkerConfig, keyof HardwareConfig | keyof Boot> {
  return {
    maxInstructions: options.maxInstructions ?? Infinity,
    idle: options.idle ?? 'wait',
    engine: options.engine,
    saveAt: options.saveAt ?? Infinity,
    restore: null,
    wantsHash: options.stateHash ?? false,
    trace: options.trace === undefined ? null : describeTrace(options.trace.calls),
    debug:
      options.debug === undefined ? null : describeDebug(options.debug.front, options.debug.historyBytes),
    shared: {
      control: createControl(),
      serialOut: createRing(SERIAL_OUT_BYTES),
      serialIn: createRing(SERIAL_IN_BYTES),
      keys: createRing(KEYS_BYTES),
      transmit: createRing(TRANSMIT_BYTES),
      receive: createRing(RECEIVE_BYTES),
      screen: createScreenBuffer(),
    },
  }
}

function describeTrace(calls: boolean): TraceConfig {
  return { kinds: TRANSITION_KINDS | (calls ? CALL_KINDS : 0), ring: createRing(TRACE_RING_BYTES) }
}

/** What does not go into a snapshot: what is booted, and how it runs. */
const NOT_HARDWARE: ReadonlySet<string> = new Set<Exclude<keyof WorkerConfig, keyof HardwareConfig>>([
  'image',
  'cmdline',
  'modules',
  'linuxEntry',
  'maxInstructions',
  'idle',
  'engine',
  'saveAt',
  'restore',
  'wantsHash',
  'trace',
  'debug',
  'shared',
])

function hardwareOf(config: WorkerConfig): HardwareConfig {
  const entries = Object.entries(config).filter(([name]) => !NOT_HARDWARE.has(name))
  return Object.fromEntries(entries) as unknown as HardwareConfig
}

function createSeed(seed: number | undefined): Uint8Array {
  const bytes = new Uint8Array(32)
  if (seed === undefined) return crypto.getRandomValues(bytes)
  new DataView(bytes.buffer).setFloat64(0, seed, true)
  return bytes
}

async function openLink(net: Network | Link | null): Promise<Link | null> {
  return net !== null && 'open' in net ? await net.open() : net
}
