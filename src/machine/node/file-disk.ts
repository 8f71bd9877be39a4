/** A file of the host as a disk. Discarding is not passed on: Node has no call that frees a piece of a file. */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import {
  type BlockBackend,
  BlockError,
  checkRange,
  SECTOR_BYTES,
} from '../../devices/storage/block-backend.ts'

/** Opens an image. Throws an Error with one line that says what is wrong with the file. */
export function openFileDisk(path: string, { isReadOnly }: { isReadOnly: boolean }): FileDisk {
  let file: number
  try {
    file = openSync(path, isReadOnly ? 'r' : 'r+')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const hint = code === 'EACCES' || code === 'EROFS' ? '; give it as FILE,readonly' : ''
    throw new Error(`${path}: cannot be opened (${code ?? error})${hint}`, { cause: error })
  }
  const { size } = fstatSync(file)
  if (size < SECTOR_BYTES) {
    closeSync(file)
    throw new Error(
      `${path}: ${size === 0 ? 'empty' : `${size} bytes`}; a disk image has at least one sector of 512 bytes`,
    )
  }
  return new FileDisk(path, file, size, isReadOnly)
}

interface FileDiskState {
  sizeBytes: number
  /** When the file was last changed, in ns since 1970. */
  changedNs: bigint
}

/** The last, incomplete sector of a file reads as if it went on with zeros. */
export class FileDisk implements BlockBackend {
  readonly sizeBytes: number
  readonly isReadOnly: boolean
  readonly #path: string
  readonly #file: number
  readonly #fileBytes: number

  constructor(path: string, file: number, fileBytes: number, isReadOnly: boolean) {
    this.#path = path
    this.#file = file
    this.#fileBytes = fileBytes
    this.sizeBytes = Math.ceil(fileBytes / SECTOR_BYTES) * SECTOR_BYTES
    this.isReadOnly = isReadOnly
  }

  read(offset: number, target: Uint8Array): void {
    checkRange(this, offset, target.length)
    for (let done = 0; done < target.length;) {
      const bytes = this.#attempt(() =>
        readSync(this.#file, target, done, target.length - done, offset + done),
      )
      if (bytes === 0) return this.#beyondEnd(target, offset, done)
      done += bytes
    }
  }

  write(offset: number, source: Uint8Array): void {
    if (this.isReadOnly) throw new BlockError('the medium is read-only')
    checkRange(this, offset, source.length)
    // A file that has shrunk would grow again, with a hole where the guest had data.
    if (this.#attempt(() => fstatSync(this.#file)).size < this.#fileBytes) throw this.#shrunk()
    for (let done = 0; done < source.length;)
      done += this.#attempt(() => writeSync(this.#file, source, done, source.length - done, offset + done))
  }

  flush(): void {
    this.#attempt(() => fsyncSync(this.#file))
  }

  close(): void {
    closeSync(this.#file)
  }

  /** The contents stay in the file; what is saved is how to recognize it. */
  save(): FileDiskState {
    if (!this.isReadOnly) this.flush()
    return { sizeBytes: this.sizeBytes, changedNs: fstatSync(this.#file, { bigint: true }).mtimeNs }
  }

  /** Throws a BlockError when the file is not what it was: no guest must go on with a disk that changed under it. */
  load(saved: unknown): void {
    const state = saved as FileDiskState
    const { mtimeNs } = fstatSync(this.#file, { bigint: true })
    if (state.sizeBytes !== this.sizeBytes || (!this.isReadOnly && state.changedNs !== mtimeNs))
      throw new BlockError(
        `${this.#path}: has changed since the snapshot was taken; keep a copy (cp -p) beside a snapshot`,
      )
  }

  /** The file ends here: within the last sector that is its tail, earlier the file has shrunk while it was open. */
  #beyondEnd(target: Uint8Array, offset: number, done: number): void {
    if (offset + done < Math.min(this.#fileBytes, offset + target.length)) throw this.#shrunk()
    target.fill(0, done)
  }

  #shrunk(): BlockError {
    return new BlockError(`${this.#path}: has shrunk while it is in use; the guest gets I/O errors`)
  }

  #attempt<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      throw new BlockError(`${this.#path}: ${(error as Error).message}`)
    }
  }
}
