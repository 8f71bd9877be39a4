/** What the two threads of a machine tell each other: the start in one message, then rings and words of shared memory. */
import type { Engine } from '../cpu/run-loop.ts'
import type { CpuModel } from '../cpu/cpuid/features.ts'
import type { BiosOptions } from './bios.ts'
import type { BootModule } from './boot/boot.ts'
import type { LinuxEntry } from './boot/linux/linux.ts'
import type { ComputerState } from './computer.ts'
import type { DebugConfig } from './debug-channel.ts'
import type { Drive } from './drive.ts'
import type { Exit } from './exit.ts'
import type { Share } from './share.ts'
import type { OptionalDevice } from './optional-devices.ts'

/** Everything a run depends on, beside what arrives from outside while it runs. */
export interface WorkerConfig extends HardwareConfig, Boot {
  readonly maxInstructions: number
  readonly idle: 'wait' | 'leap'
  readonly engine?: Engine | undefined
  /** After so many instructions the machine is saved, and stops. */
  readonly saveAt: number
  /** The state to start from, instead of booting. */
  readonly restore: ComputerState | null
  /** The exit tells the hash of the final state. */
  readonly wantsHash: boolean
  /** Null: nothing is traced. */
  readonly trace: TraceConfig | null
  /** Null: nobody debugs. */
  readonly debug: DebugConfig | null
  readonly shared: SharedMemory
}

export interface TraceConfig {
  /** Bit n: EVENT_ n of `cpu/probe.ts` is recorded. */
  readonly kinds: number
  readonly ring: SharedArrayBuffer
}

/** What to start. */
export interface Boot {
  /** Null: the BIOS boots. */
  readonly image: Uint8Array | null
  readonly cmdline: string
  readonly modules: readonly BootModule[]
  readonly linuxEntry?: LinuxEntry | undefined
}

/** What the machine is made of. Part of a snapshot: plain data. */
export interface HardwareConfig {
  readonly cpu?: CpuModel | undefined
  readonly bios: BiosOptions | null
  readonly reboots: boolean
  /** Whether somebody hears what firmware says on its debug ports. */
  readonly firmwareLog: boolean
  readonly memoryBytes: number
  readonly seed: Uint8Array
  readonly epochMs: number
  readonly devices: readonly OptionalDevice[]
  /** Null: no network card. */
  readonly net: { readonly mac: Uint8Array; readonly queuePairs: number } | null
  readonly drives: readonly Drive[]
  readonly shares: readonly Share[]
  /** What the terminal is attached to; the serial port is there in any case, and heard. */
  readonly console: 'serial' | 'virtio'
}

/** One ring for each direction of each stream, and the control words. */
export interface SharedMemory {
  readonly control: SharedArrayBuffer
  readonly serialOut: SharedArrayBuffer
  readonly serialIn: SharedArrayBuffer
  /** For the keyboard; see `keys.ts`. */
  readonly keys: SharedArrayBuffer
  /** Guest → host. */
  readonly transmit: SharedArrayBuffer
  /** Host → guest. */
  readonly receive: SharedArrayBuffer
  /** What the video card shows. */
  readonly screen: SharedArrayBuffer
}

/** Host → worker. */
export type HostMessage =
  | { readonly kind: 'create'; readonly config: WorkerConfig }
  | { readonly kind: 'run' }
  /** To a machine that does not run; one that does is asked through the control words. */
  | { readonly kind: 'save' }

/** Worker → host. */
export type WorkerMessage =
  /** The image is loaded; `run` may follow. */
  | { readonly kind: 'ready' }
  /** It could not be; `isImage`: the image is at fault, and the message says what to do. */
  | { readonly kind: 'failed'; readonly message: string; readonly isImage: boolean }
  /** There is output in a ring. */
  | { readonly kind: 'bell' }
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'saved'; readonly state: ComputerState }
  /** A line of firmware's own log. */
  | { readonly kind: 'firmware'; readonly line: string }
  | { readonly kind: 'exit'; readonly exit: Exit }

/** The worker as the host's side starts it; Node and browsers each have their own way. */
export interface WorkerHandle {
  post(message: HostMessage): void
  onMessage(listener: (message: WorkerMessage) => void): void
  /** The worker died without having said why. */
  onError(listener: (error: Error) => void): void
  terminate(): void
}
