/** What a machine may have for a disk. */

/** A file of the host, byte for byte. Needs a host with files. */
export interface FileDrive {
  readonly path: string
  readonly readonly?: boolean
  /** `raw`: the image is taken as it is, even when it looks like another format. */
  readonly format?: 'raw'
  /** What the guest sees as the serial number: at most 20 ASCII characters. */
  readonly serial?: string
}

/** A disk in memory, which the guest changes for the length of the run. */
export interface MemoryDrive {
  /** Whole sectors of 512 bytes. */
  readonly data: Uint8Array
  readonly readonly?: boolean
  readonly serial?: string
}

export type Drive = FileDrive | MemoryDrive
