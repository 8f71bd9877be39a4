/** What a board is made of, and the wires between it and the processor. */
import type { PageKind } from '../cpu/page-flags.ts'
import type { RamRange } from '../devices/guest-memory.ts'
import type { FileTree } from '../devices/virtio/ninep/file-tree.ts'
import type { FramePort } from '../devices/virtio/net/net.ts'
import type { BiosOptions } from './bios.ts'
import type { Clock } from './clock.ts'
import type { AttachedDrive } from './drive.ts'
import type { OptionalDevice } from './optional-devices.ts'

/** The processor, as far as the board pulls at it. */
export interface ProcessorWires {
  /** Whether an interrupt waits (INTR). May be called from within a bus access. */
  setInterrupt(pending: boolean): void
  nmi(): void
  /** Something happened after which the run should end soon: the machine stops, or a timer was set. */
  interruptRun(): void
  /** A device is about to change RAM. */
  ramWritten(gpa: number, length: number): void
  /** Guest time-stamp counter minus virtual nanoseconds. */
  tscOffset(): bigint
  /** What CR8 reads. */
  setTaskPriority(value: number): void
  /** What answers at whole pages below the end of RAM. */
  setPages(gpa: number, length: number, kind: PageKind): void
  /** Whether bit 20 of physical addresses passes. */
  setA20(isOpen: boolean): void
  /** Whole pages outside RAM that never change. */
  addRom(gpa: number, bytes: Uint8Array): void
}

export interface BoardOptions {
  readonly clock: Clock
  readonly ram: ArrayBufferLike
  readonly ramRanges: readonly RamRange[]
  readonly processor: ProcessorWires
  /** 32 bytes from which everything random on the board follows. */
  readonly seed: Uint8Array
  /** Calendar time at power-on, ms since 1970. */
  readonly epochMs: number
  readonly serial: (byte: number) => void
  readonly net?: { readonly port: FramePort; readonly mac: Uint8Array; readonly queuePairs?: number }
  /** Devices that a PC does not have by itself. */
  readonly devices?: readonly OptionalDevice[]
  /** The guest marks a place where it is measured. */
  readonly onMark?: (id: number) => void
  /** Given what the guest prints on a virtio console; without it there is none. */
  readonly console?: (bytes: Uint8Array) => void
  readonly drives?: readonly AttachedDrive[]
  /** A machine with a BIOS starts again when it is reset; otherwise, and without one, that ends it. Default true. */
  readonly reboots?: boolean
  /** Folders that the guest may mount (9P). */
  readonly shares?: readonly { readonly tag: string; readonly tree: FileTree }[]
  /** The machine starts with a BIOS, which finds everything as it is after power-on. */
  readonly bios?: BiosOptions
  /** What firmware writes to its debug ports. */
  readonly firmwareLog?: (byte: number) => void
  readonly onWarning?: (text: string) => void
}
