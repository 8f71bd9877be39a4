/** What a file server serves. Paths are names from the root down; calls are synchronous, as those of a disk. */
import { ERRNO, type ErrorName } from './messages.ts'

export type Path = readonly string[]

export interface FileStat {
  /** File type and permissions, as `st_mode` of Linux. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly links: bigint
  readonly device: bigint
  readonly sizeBytes: bigint
  readonly blockBytes: bigint
  /** In units of 512 bytes. */
  readonly blocks: bigint
  readonly inode: bigint
  readonly accessedNs: bigint
  readonly modifiedNs: bigint
  readonly changedNs: bigint
}

export interface FileSystemStat {
  readonly blockBytes: number
  readonly blocks: bigint
  readonly freeBlocks: bigint
  readonly availableBlocks: bigint
  readonly files: bigint
  readonly freeFiles: bigint
}

export interface DirectoryEntry {
  readonly name: string
  readonly inode: bigint
  /** File type, as in FileStat. */
  readonly mode: number
}

export interface OpenMode {
  readonly read: boolean
  readonly write: boolean
  readonly append: boolean
  readonly truncate: boolean
}

/** What is to be changed. Times in ns since 1970; `now` is the host's clock. */
export interface AttributeChanges {
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly sizeBytes?: number
  readonly accessedNs?: bigint | 'now'
  readonly modifiedNs?: bigint | 'now'
}

/** Every call throws a FileError when it cannot be done. No call follows a symbolic link. */
export interface FileTree {
  readonly isReadOnly: boolean
  stat(path: Path): FileStat
  statHandle(handle: number): FileStat
  statFileSystem(): FileSystemStat
  /** Without `.` and `..`, sorted. */
  list(path: Path): DirectoryEntry[]
  readLink(path: Path): string
  /** Opens a regular file; gives a handle. */
  open(path: Path, mode: OpenMode): number
  /** Makes a regular file and opens it. */
  create(path: Path, mode: OpenMode & { readonly exclusive: boolean }, permissions: number): number
  read(handle: number, offset: number, target: Uint8Array): number
  write(handle: number, offset: number, source: Uint8Array): number
  sync(handle: number): void
  close(handle: number): void
  makeDirectory(path: Path, permissions: number): void
  makeSymlink(path: Path, target: string): void
  makeLink(existing: Path, path: Path): void
  rename(from: Path, to: Path): void
  remove(path: Path, isDirectory: boolean): void
  change(path: Path, changes: AttributeChanges): void
}

/** The guest gets the number of `code`. */
export class FileError extends Error {
  override name = 'FileError'
  readonly errno: number

  constructor(code: ErrorName) {
    super(code)
    this.errno = ERRNO[code]
  }
}
