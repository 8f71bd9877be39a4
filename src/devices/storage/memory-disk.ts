import { type BlockBackend, BlockError, checkRange, SECTOR_BYTES } from './block-backend.ts'

/** A disk in memory; the bytes are not copied, so that a caller sees what the guest wrote. They are part of a snapshot. */
export class MemoryDisk implements BlockBackend {
  readonly sizeBytes: number
  readonly isReadOnly: boolean
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array, { isReadOnly = false }: { isReadOnly?: boolean } = {}) {
    if (bytes.length === 0 || bytes.length % SECTOR_BYTES !== 0)
      throw new RangeError(`a disk of ${bytes.length} bytes: give whole sectors of ${SECTOR_BYTES} bytes`)
    this.#bytes = bytes
    this.sizeBytes = bytes.length
    this.isReadOnly = isReadOnly
  }

  read(offset: number, target: Uint8Array): void {
    checkRange(this, offset, target.length)
    target.set(this.#bytes.subarray(offset, offset + target.length))
  }

  write(offset: number, source: Uint8Array): void {
    if (this.isReadOnly) throw new BlockError('the medium is read-only')
    checkRange(this, offset, source.length)
    this.#bytes.set(source, offset)
  }

  flush(): void {}

  discard(offset: number, length: number): void {
    checkRange(this, offset, length)
    this.#bytes.fill(0, offset, offset + length)
  }

  close(): void {}

  save(): Uint8Array {
    return this.#bytes.slice()
  }

  load(state: unknown): void {
    this.#bytes.set(state as Uint8Array)
  }
}
