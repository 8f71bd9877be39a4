/**
 * A folder of the host, for the guest to mount. Nothing outside is reached: names are single entries, and the directory that holds an entry must
 * be where its path says, so that no symbolic link is followed on the way; the entry itself is never followed either. (A process of the host that
 * exchanges directories for links at that very moment could win the race; the guest cannot, it waits for each answer.)
 */
import * as fs from 'node:fs'
import {
  type AttributeChanges,
  type DirectoryEntry,
  FileError,
  type FileStat,
  type FileSystemStat,
  type FileTree,
  type OpenMode,
  type Path,
} from '../../devices/virtio/ninep/file-tree.ts'
import {
  ERRNO,
  type ErrorName,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from '../../devices/virtio/ninep/messages.ts'
import { ImageError } from '../boot/image-error.ts'

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } =
  fs.constants
/** A guest may not make programs of the host that run as somebody else. */
const PERMISSIONS = 0o777

/** Throws an ImageError when there is no such folder. */
export function openHostFolder(path: string, isReadOnly: boolean): FileTree {
  let root: string
  try {
    root = fs.realpathSync.native(path)
    if (!fs.statSync(root).isDirectory()) throw new ImageError(`${path}: not a folder; --share takes one`)
  } catch (error) {
    if (error instanceof ImageError) throw error
    throw new ImageError(
      `${path}: cannot be shared (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
    )
  }
  return new HostFolder(root, isReadOnly)
}

class HostFolder implements FileTree {
  readonly isReadOnly: boolean
  readonly #root: string

  constructor(root: string, isReadOnly: boolean) {
    this.#root = root
    this.isReadOnly = isReadOnly
  }

  stat(path: Path): FileStat {
    return attempt(() => toStat(fs.lstatSync(this.#locate(path), { bigint: true })))
  }

  statHandle(handle: number): FileStat {
    return attempt(() => toStat(fs.fstatSync(handle, { bigint: true })))
  }

  statFileSystem(): FileSystemStat {
    const stat = attempt(() => fs.statfsSync(this.#root, { bigint: true }))
    return {
      blockBytes: Number(stat.bsize),
      blocks: stat.blocks,
      freeBlocks: stat.bfree,
      availableBlocks: stat.bavail,
      files: stat.files,
      freeFiles: stat.ffree,
    }
  }

  list(path: Path): DirectoryEntry[] {
    const directory = attempt(() => this.#directory(path))
    const names = attempt(() => fs.readdirSync(directory)).toSorted()
    return names.flatMap((name) => {
      try {
        const { ino, mode } = fs.lstatSync(`${directory}/${name}`, { bigint: true })
        return [{ name, inode: ino, mode: Number(mode) }]
      } catch {
        // It has gone meanwhile.
        return []
      }
    })
  }

  readLink(path: Path): string {
    return attempt(() => fs.readlinkSync(this.#locate(path)))
  }

  open(path: Path, mode: OpenMode): number {
    return attempt(() => {
      const at = this.#locate(path)
      // Opening a pipe or a device of the host could block, or do something.
      if ((fs.lstatSync(at).mode & S_IFMT) !== S_IFREG) throw new FileError('EACCES')
      return fs.openSync(at, toFlags(mode))
    })
  }

  create(path: Path, mode: OpenMode & { exclusive: boolean }, permissions: number): number {
    const flags = toFlags(mode) | O_CREAT | (mode.exclusive ? O_EXCL : 0)
    return attempt(() => {
      const at = this.#locate(path)
      const existing = fs.lstatSync(at, { throwIfNoEntry: false })
      if (existing !== undefined && (existing.mode & S_IFMT) !== S_IFREG) throw new FileError('EEXIST')
      return fs.openSync(at, flags, permissions & PERMISSIONS)
    })
  }

  read(handle: number, offset: number, target: Uint8Array): number {
    return attempt(() => fs.readSync(handle, target, 0, target.length, offset))
  }

  write(handle: number, offset: number, source: Uint8Array): number {
    return attempt(() => fs.writeSync(handle, source, 0, source.length, offset))
  }

  sync(handle: number): void {
    attempt(() => fs.fsyncSync(handle))
  }

  close(handle: number): void {
    fs.closeSync(handle)
  }

  makeDirectory(path: Path, permissions: number): void {
    attempt(() => fs.mkdirSync(this.#locate(path), permissions & PERMISSIONS))
  }

  makeSymlink(path: Path, target: string): void {
    attempt(() => fs.symlinkSync(target, this.#locate(path)))
  }

  makeLink(existing: Path, path: Path): void {
    attempt(() => fs.linkSync(this.#locate(existing), this.#locate(path)))
  }

  rename(from: Path, to: Path): void {
    attempt(() => fs.renameSync(this.#locate(from), this.#locate(to)))
  }

  remove(path: Path, isDirectory: boolean): void {
    attempt(() => (isDirectory ? fs.rmdirSync(this.#locate(path)) : fs.unlinkSync(this.#locate(path))))
  }

  change(path: Path, changes: AttributeChanges): void {
    attempt(() => {
      const at = this.#locate(path)
      const stat = fs.lstatSync(at, { bigint: true })
      const type = Number(stat.mode) & S_IFMT
      if (changes.sizeBytes !== undefined) truncate(at, type, changes.sizeBytes)
      if (changes.mode !== undefined) {
        if (type === S_IFLNK) throw new FileError('EOPNOTSUPP')
        fs.chmodSync(at, changes.mode & PERMISSIONS)
      }
      if (changes.uid !== undefined || changes.gid !== undefined)
        fs.lchownSync(at, changes.uid ?? Number(stat.uid), changes.gid ?? Number(stat.gid))
      const { accessedNs, modifiedNs } = changes
      if (accessedNs !== undefined || modifiedNs !== undefined)
        fs.lutimesSync(at, toSeconds(accessedNs ?? stat.atimeNs), toSeconds(modifiedNs ?? stat.mtimeNs))
    })
  }

  /** Where the entry is; throws ELOOP when a link leads there. */
  #locate(path: Path): string {
    return path.length === 0 ? this.#root : `${this.#directory(path.slice(0, -1))}/${path.at(-1)!}`
  }

  #directory(path: Path): string {
    const at = [this.#root === '/' ? '' : this.#root, ...path].join('/') || '/'
    if (fs.realpathSync.native(at) !== at) throw new FileError('ELOOP')
    return at
  }
}

function truncate(at: string, type: number, sizeBytes: number): void {
  if (type !== S_IFREG) throw new FileError(type === S_IFDIR ? 'EISDIR' : 'EINVAL')
  const handle = fs.openSync(at, O_WRONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    fs.ftruncateSync(handle, sizeBytes)
  } finally {
    fs.closeSync(handle)
  }
}

function toFlags({ read, write, append, truncate }: OpenMode): number {
  const access = write ? (read ? O_RDWR : O_WRONLY) : O_RDONLY
  return access | (append ? O_APPEND : 0) | (truncate ? O_TRUNC : 0) | O_NOFOLLOW | O_NONBLOCK
}

function toStat(stat: fs.BigIntStats): FileStat {
  return {
    mode: Number(stat.mode),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    links: stat.nlink,
    device: stat.rdev,
    sizeBytes: stat.size,
    blockBytes: stat.blksize,
    blocks: stat.blocks,
    inode: stat.ino,
    accessedNs: stat.atimeNs,
    modifiedNs: stat.mtimeNs,
    changedNs: stat.ctimeNs,
  }
}

function toSeconds(time: bigint | 'now'): number {
  return time === 'now' ? Date.now() / 1000 : Number(time) / 1e9
}

/** Errors of the host become errors of Linux. */
function attempt<T>(action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof FileError) throw error
    const code = (error as NodeJS.ErrnoException).code ?? ''
    throw new FileError(code in ERRNO ? (code as ErrorName) : 'EIO')
  }
}
