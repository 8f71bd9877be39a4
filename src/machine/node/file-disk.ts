/** A file or block device of the host as a disk. */
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
  return new FileDisk(file, size, isReadOnly)
}

/** The last, incomplete sector of a file reads as if it went on with zeros. */
export class FileDisk implements BlockBackend {
  readonly sizeBytes: number
  readonly isReadOnly: boolean
  readonly #file: number

  constructor(file: number, fileBytes: number, isReadOnly: boolean) {
    this.#file = file
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
    for (let done = 0; done < source.length;)
      done += this.#attempt(() => writeSync(this.#file, source, done, source.length - done, offset + done))
  }

  flush(): void {
    this.#attempt(() => fsyncSync(this.#file))
  }

  close(): void {
    closeSync(this.#file)
  }

  /** The file ends here: within the last sector that is its tail, earlier the file has shrunk while it was open. */
  #beyondEnd(target: Uint8Array, offset: number, done: number): void {
    if (offset + done <= this.sizeBytes - SECTOR_BYTES)
      throw new BlockError(`the file ends at byte ${offset + done}: it has shrunk while it was in use`)
    target.fill(0, done)
  }

  #attempt<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      throw new BlockError((error as Error).message)
    }
  }
}
