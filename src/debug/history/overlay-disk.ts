/** A disk whose medium is only read: what the guest writes stays in memory, where it can be taken back. */
import { type BlockBackend, BlockError, checkRange } from '../../devices/storage/block-backend.ts'

export const BLOCK_BYTES = 4096

export class OverlayDisk implements BlockBackend {
  readonly sizeBytes: number
  readonly isReadOnly: boolean
  readonly #medium: BlockBackend
  readonly #blocks = new Map<number, Uint8Array>()
  readonly #written = new Set<number>()

  constructor(medium: BlockBackend) {
    this.#medium = medium
    this.sizeBytes = medium.sizeBytes
    this.isReadOnly = medium.isReadOnly
  }

  read(offset: number, target: Uint8Array): void {
    this.#medium.read(offset, target)
    for (const [block, from, to] of pieces(offset, target.length)) {
      const bytes = this.#blocks.get(block)
      const at = block * BLOCK_BYTES
      if (bytes !== undefined) target.set(bytes.subarray(from - at, to - at), from - offset)
    }
  }

  write(offset: number, source: Uint8Array): void {
    if (this.isReadOnly) throw new BlockError('the medium is read-only')
    checkRange(this, offset, source.length)
    for (const [block, from, to] of pieces(offset, source.length)) {
      this.#open(block).set(source.subarray(from - offset, to - offset), from - block * BLOCK_BYTES)
      this.#written.add(block)
    }
  }

  #open(block: number): Uint8Array {
    let bytes = this.#blocks.get(block)
    if (bytes !== undefined) return bytes
    bytes = new Uint8Array(BLOCK_BYTES)
    const at = block * BLOCK_BYTES
    this.#medium.read(at, bytes.subarray(0, Math.min(BLOCK_BYTES, this.sizeBytes - at)))
    this.#blocks.set(block, bytes)
    return bytes
  }

  flush(): void {}

  close(): void {
    this.#medium.close()
  }

  save(): unknown {
    return this.#medium.save()
  }

  load(state: unknown): void {
    this.#medium.load(state)
  }

  /** Blocks written since the last call. */
  takeWritten(): number[] {
    const written = [...this.#written]
    this.#written.clear()
    return written
  }

  block(number: number): Uint8Array | undefined {
    return this.#blocks.get(number)
  }

  /** `undefined`: what the medium has. */
  setBlock(number: number, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.#blocks.delete(number)
    else this.#blocks.set(number, bytes.slice())
  }
}

/** The blocks that a range touches: number, and where the range begins and ends in them, in bytes of the disk. */
function* pieces(offset: number, length: number): Generator<[block: number, from: number, to: number]> {
  const end = offset + length
  for (let block = Math.floor(offset / BLOCK_BYTES); block * BLOCK_BYTES < end; block++)
    yield [block, Math.max(offset, block * BLOCK_BYTES), Math.min(end, (block + 1) * BLOCK_BYTES)]
}
