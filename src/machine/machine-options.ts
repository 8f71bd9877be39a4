/** What one says of a machine: what it is made of, what it boots, how it runs. */
import type { Engine } from '../cpu/run-loop.ts'
import type { CpuModel } from '../cpu/cpuid/features.ts'
import type { Link, Network } from '../net/link.ts'
import type { BiosOptions } from './bios.ts'
import type { BootModule } from './boot/boot.ts'
import type { LinuxEntry } from './boot/linux/linux.ts'
import type { DebugFront } from './debug-channel.ts'
import type { Drive } from './drive.ts'
import type { OptionalDevice } from './optional-devices.ts'
import type { Share } from './share.ts'

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
