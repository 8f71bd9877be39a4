/** A folder of the host whose answers are kept: in a replay the guest gets the same ones, and the host's files are left alone. */
import type {
  AttributeChanges,
  DirectoryEntry,
  FileStat,
  FileSystemStat,
  FileTree,
  OpenMode,
  Path,
} from '../../devices/virtio/ninep/file-tree.ts'

type Answer = { readonly value: unknown; readonly bytes?: Uint8Array } | { readonly error: unknown }

/** The answers of all folders, in the order in which they were given. */
export class CallLog {
  readonly #answers: Answer[] = []
  #dropped = 0
  #bytes = 0
  cursor = 0

  get bytes(): number {
    return this.#bytes
  }

  /** Answers from the log, or asks. `target`: what a call fills. */
  call<T>(ask: () => T, target?: Uint8Array): T {
    const known = this.#answers[this.cursor++ - this.#dropped]
    if (known !== undefined) return give(known, target)
    const answer = attempt(ask, target)
    this.#answers.push(answer)
    this.#bytes += 100 + ('bytes' in answer ? answer.bytes!.length : 0)
    return give(answer)
  }

  truncate(): void {
    this.#answers.splice(this.cursor - this.#dropped)
  }

  dropBefore(number: number): void {
    this.#answers.splice(0, number - this.#dropped)
    this.#dropped = Math.max(this.#dropped, number)
  }
}

function attempt(ask: () => unknown, target?: Uint8Array): Answer {
  try {
    const value = ask()
    return target === undefined ? { value } : { value, bytes: target.slice(0, Number(value)) }
  } catch (error) {
    return { error }
  }
}

function give<T>(answer: Answer, target?: Uint8Array): T {
  if ('error' in answer) throw answer.error
  if (answer.bytes !== undefined) target?.set(answer.bytes)
  return answer.value as T
}

export class RecordedTree implements FileTree {
  readonly isReadOnly: boolean
  readonly #tree: FileTree
  readonly #log: CallLog

  constructor(tree: FileTree, log: CallLog) {
    this.#tree = tree
    this.#log = log
    this.isReadOnly = tree.isReadOnly
  }

  stat(path: Path): FileStat {
    return this.#log.call(() => this.#tree.stat(path))
  }

  statHandle(handle: number): FileStat {
    return this.#log.call(() => this.#tree.statHandle(handle))
  }

  statFileSystem(): FileSystemStat {
    return this.#log.call(() => this.#tree.statFileSystem())
  }

  list(path: Path): DirectoryEntry[] {
    return this.#log.call(() => this.#tree.list(path))
  }

  readLink(path: Path): string {
    return this.#log.call(() => this.#tree.readLink(path))
  }

  open(path: Path, mode: OpenMode): number {
    return this.#log.call(() => this.#tree.open(path, mode))
  }

  create(path: Path, mode: OpenMode & { readonly exclusive: boolean }, permissions: number): number {
    return this.#log.call(() => this.#tree.create(path, mode, permissions))
  }

  read(handle: number, offset: number, target: Uint8Array): number {
    return this.#log.call(() => this.#tree.read(handle, offset, target), target)
  }

  write(handle: number, offset: number, source: Uint8Array): number {
    return this.#log.call(() => this.#tree.write(handle, offset, source))
  }

  sync(handle: number): void {
    this.#log.call(() => this.#tree.sync(handle))
  }

  close(handle: number): void {
    this.#log.call(() => this.#tree.close(handle))
  }

  makeDirectory(path: Path, permissions: number): void {
    this.#log.call(() => this.#tree.makeDirectory(path, permissions))
  }

  makeSymlink(path: Path, target: string): void {
    this.#log.call(() => this.#tree.makeSymlink(path, target))
  }

  makeLink(existing: Path, path: Path): void {
    this.#log.call(() => this.#tree.makeLink(existing, path))
  }

  rename(from: Path, to: Path): void {
    this.#log.call(() => this.#tree.rename(from, to))
  }

  remove(path: Path, isDirectory: boolean): void {
    this.#log.call(() => this.#tree.remove(path, isDirectory))
  }

  change(path: Path, changes: AttributeChanges): void {
    this.#log.call(() => this.#tree.change(path, changes))
  }
}
