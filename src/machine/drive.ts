/** What a machine may have for a disk. */
import type { BlockBackend } from '../devices/storage/block-backend.ts'

interface DriveOptions {
  readonly readonly?: boolean
  /** What the guest sees as the serial number: at most 20 ASCII characters. */
  readonly serial?: string
  /** How the guest sees it: as a virtio disk (default), a disk at IDE, or a CD in a drive at IDE. */
  readonly bus?: DriveBus
}

export type DriveBus = 'virtio' | 'ide' | 'cdrom'

/** A file of the host, byte for byte. Needs a host with files. */
export interface FileDrive extends DriveOptions {
  readonly path: string
  /** `raw`: the image is taken as it is, even when it looks like another format. */
  readonly format?: 'raw'
}

/** A disk in memory, which the guest changes for the length of the run. */
export interface MemoryDrive extends DriveOptions {
  /** Whole sectors of 512 bytes. */
  readonly data: Uint8Array
}

/** A drive that is open. */
export interface AttachedDrive {
  readonly disk: BlockBackend
  readonly serial: string
  readonly bus: DriveBus
}

export type Drive = FileDrive | MemoryDrive
