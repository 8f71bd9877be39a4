/** From what one says of a machine to all that its worker must know: checked, with every default filled in, and the memory that both sides share. */
import { checkBios } from './bios.ts'
import { ImageError } from './boot/image-error.ts'
import { createControl } from './control.ts'
import { describeDebug } from './debug-channel.ts'
import { MAX_RAM_BYTES, MIB, MIN_RAM_BYTES } from './memory-map.ts'
import type { Boot, HardwareConfig, TraceConfig, WorkerConfig } from './protocol.ts'
import { createRing } from './ring.ts'
import { CALL_KINDS, TRACE_RING_BYTES, TRANSITION_KINDS } from './trace-port.ts'
import { createScreenBuffer } from './screen-buffer.ts'
import type { MachineOptions, RunOptions } from './machine-options.ts'

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

/** Throws an ImageError unless there is one thing to start, a RangeError when an option is out of range. */
export function describeMachine(options: MachineOptions): WorkerConfig {
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

export function describeRun(options: RunOptions): Omit<WorkerConfig, keyof HardwareConfig | keyof Boot> {
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

/** What of a machine goes into a snapshot. */
export function hardwareOf(config: WorkerConfig): HardwareConfig {
  const entries = Object.entries(config).filter(([name]) => !NOT_HARDWARE.has(name))
  return Object.fromEntries(entries) as unknown as HardwareConfig
}

function createSeed(seed: number | undefined): Uint8Array {
  const bytes = new Uint8Array(32)
  if (seed === undefined) return crypto.getRandomValues(bytes)
  new DataView(bytes.buffer).setFloat64(0, seed, true)
  return bytes
}
