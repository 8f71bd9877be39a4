/** RAM as the pages that are not empty. */
import { SnapshotError } from './snapshot-error.ts'

const PAGE_BYTES = 4096

export interface SparsePages {
  /** Numbers of the pages that have something in them, ascending. */
  readonly numbers: Uint32Array
  /** Those pages, one after the other. */
  readonly bytes: Uint8Array
}

/** `ram`: whole pages. */
export function savePages(ram: Uint8Array): SparsePages {
  const words = new BigUint64Array(ram.buffer, ram.byteOffset, ram.length / 8)
  const used: number[] = []
  for (let page = 0; page < ram.length / PAGE_BYTES; page++) if (!isEmpty(words, page)) used.push(page)
  const bytes = new Uint8Array(used.length * PAGE_BYTES)
  for (const [i, page] of used.entries())
    bytes.set(ram.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES), i * PAGE_BYTES)
  return { numbers: Uint32Array.from(used), bytes }
}

/** Makes `ram` what it was. */
export function loadPages(ram: Uint8Array, { numbers, bytes }: SparsePages): void {
  if (bytes.length !== numbers.length * PAGE_BYTES) throw new SnapshotError('the snapshot is damaged')
  ram.fill(0)
  for (const [i, page] of numbers.entries()) {
    if (page >= ram.length / PAGE_BYTES) throw new SnapshotError('the snapshot is damaged')
    ram.set(bytes.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES), page * PAGE_BYTES)
  }
}

function isEmpty(words: BigUint64Array, page: number): boolean {
  const end = (page + 1) * (PAGE_BYTES / 8)
  for (let i = page * (PAGE_BYTES / 8); i < end; i++) if (words[i] !== 0n) return false
  return true
}
