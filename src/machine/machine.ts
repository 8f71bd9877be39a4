/** A machine as a program sees it: asynchronous, with the processor in a worker of its own. */
import type { Link, Network } from '../net/link.ts'
import { encodeKeys, type KeyEvent } from './keys.ts'
import { ImageError } from './boot/image-error.ts'
import type { ComputerState } from './computer.ts'
import { Control, STOP_REQUESTED, STOP_TIMEOUT } from './control.ts'
import type { Exit } from './exit.ts'
import type { HardwareConfig, WorkerConfig, WorkerHandle, WorkerMessage } from './protocol.ts'
import { packMachine, unpackMachine } from './snapshot/machine-snapshot.ts'
import { RingReader, RingWriter } from './ring.ts'
import { ScreenBuffer } from './screen-buffer.ts'
import type { Screen } from '../devices/vga/screen.ts'
import { describeMachine, describeRun, hardwareOf } from './machine-config.ts'
import type { MachineOptions, RestoreOptions, RunOptions } from './machine-options.ts'

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
    const config = describeMachine(options)
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

async function openLink(net: Network | Link | null): Promise<Link | null> {
  return net !== null && 'open' in net ? await net.open() : net
}
