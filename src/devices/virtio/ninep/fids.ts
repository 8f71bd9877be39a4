/** What the guest's file identifiers stand for. */
import type { DirectoryEntry, FileTree, OpenMode, Path } from './file-tree.ts'
import { FileError } from './file-tree.ts'

/** A guest holds one for each file it remembers, and more of open ones than any program opens. */
const MAX_FIDS = 65_536
const MAX_OPEN = 1024

export interface Fid {
  path: Path
  /** An open file, or the listing of an open directory. */
  file: { handle: number; mode: OpenMode } | null
  listing: DirectoryEntry[] | null
}

/** Plain data. `mode`: an open file is opened again. */
export interface FidState {
  fid: number
  path: string[]
  mode: OpenMode | null
  listing: { name: string; inode: bigint; mode: number }[] | null
}

/** In place of a handle: the file could not be opened again after a restore. */
const STALE = -1

export class Fids {
  readonly #tree: FileTree
  readonly #fids = new Map<number, Fid>()
  #open = 0

  constructor(tree: FileTree) {
    this.#tree = tree
  }

  get(fid: number): Fid {
    const found = this.#fids.get(fid)
    if (found === undefined) throw new FileError('EBADF')
    return found
  }

  /** A handle that can be read or written. */
  handle(fid: number, access: 'read' | 'write'): number {
    const { file } = this.get(fid)
    if (file === null || !file.mode[access]) throw new FileError('EBADF')
    if (file.handle === STALE) throw new FileError('ESTALE')
    return file.handle
  }

  has(fid: number): boolean {
    return this.#fids.has(fid)
  }

  add(fid: number, path: Path): void {
    if (this.#fids.has(fid)) throw new FileError('EBADF')
    if (this.#fids.size >= MAX_FIDS) throw new FileError('EMFILE')
    this.#fids.set(fid, { path, file: null, listing: null })
  }

  /** Runs `open` and keeps its handle in `fid`. */
  openFile(fid: Fid, mode: OpenMode, open: () => number): void {
    this.#checkOpen(fid)
    fid.file = { handle: open(), mode }
    this.#open++
  }

  /** Runs `list` and keeps what it finds in `fid`. */
  openDirectory(fid: Fid, list: () => DirectoryEntry[]): void {
    this.#checkOpen(fid)
    fid.listing = list()
    this.#open++
  }

  drop(fid: number): void {
    const { file, listing } = this.get(fid)
    this.#fids.delete(fid)
    if (file !== null || listing !== null) this.#open--
    if (file !== null && file.handle !== STALE) this.#tree.close(file.handle)
  }

  clear(): void {
    for (const fid of this.#fids.keys()) this.drop(fid)
  }

  /** Something was renamed: whoever is at or below `from` is elsewhere now. */
  moved(from: Path, to: Path): void {
    for (const fid of this.#fids.values())
      if (fid.path.length >= from.length && from.every((name, i) => fid.path[i] === name))
        fid.path = [...to, ...fid.path.slice(from.length)]
  }

  save(): FidState[] {
    return [...this.#fids].map(([fid, { path, file, listing }]) => ({
      fid,
      path: [...path],
      mode: file === null ? null : { ...file.mode, truncate: false },
      listing: listing === null ? null : listing.map((entry) => ({ ...entry })),
    }))
  }

  load(states: readonly FidState[]): void {
    this.clear()
    for (const { fid, path, mode, listing } of states) {
      this.add(fid, path)
      if (listing !== null) this.openDirectory(this.get(fid), () => listing)
      if (mode !== null) this.openFile(this.get(fid), mode, () => this.#reopen(path, mode))
    }
  }

  #checkOpen(fid: Fid): void {
    if (fid.file !== null || fid.listing !== null) throw new FileError('EBADF')
    if (this.#open >= MAX_OPEN) throw new FileError('EMFILE')
  }

  #reopen(path: Path, mode: OpenMode): number {
    try {
      return this.#tree.open(path, mode)
    } catch {
      return STALE
    }
  }
}
