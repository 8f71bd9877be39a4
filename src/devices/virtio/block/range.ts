/** Requests that name ranges of sectors: discard and write zeroes (virtio 1.2, 5.2.6). */
import { type BlockBackend, hasSectors, SECTOR_BYTES } from '../../storage/block-backend.ts'

export const MAX_SEGMENTS = 16
/** 1 GiB and 16 MiB: what one request may ask for, so that it does not hold the machine for long. */
export const MAX_DISCARD_SECTORS: number = 2 ** 21
export const MAX_ZERO_SECTORS: number = 2 ** 15

const SEGMENT_BYTES = 16
const FLAG_UNMAP = 1
/** Zeros are written in pieces of this size. */
const ZERO_BYTES = 1 << 20

interface Range {
  readonly sector: number
  readonly sectors: number
  readonly flags: number
}

export type RangeResult = 'done' | 'out-of-range' | 'unsupported'

/** Runs the request of which `data` are the segments. Nothing is done when one of them is wrong. */
export function runRanges(disk: BlockBackend, kind: 'discard' | 'zero', data: Uint8Array): RangeResult {
  const count = data.length / SEGMENT_BYTES
  if (!Number.isInteger(count) || count < 1 || count > MAX_SEGMENTS) return 'out-of-range'
  const ranges = Array.from({ length: count }, (_, i) => parseRange(data, SEGMENT_BYTES * i))
  const limit = kind === 'discard' ? MAX_DISCARD_SECTORS : MAX_ZERO_SECTORS
  const allowed = kind === 'discard' ? 0 : FLAG_UNMAP
  if (ranges.some(({ flags }) => flags & ~allowed)) return 'unsupported'
  if (ranges.some(({ sector, sectors }) => sectors > limit || !hasSectors(disk, sector, sectors)))
    return 'out-of-range'
  for (const { sector, sectors } of ranges) {
    const [offset, length] = [sector * SECTOR_BYTES, sectors * SECTOR_BYTES]
    if (kind === 'discard') disk.discard?.(offset, length)
    else writeZeroes(disk, offset, length)
  }
  return 'done'
}

function writeZeroes(disk: BlockBackend, offset: number, length: number): void {
  const zeroes = new Uint8Array(Math.min(length, ZERO_BYTES))
  for (let done = 0; done < length; done += zeroes.length)
    disk.write(offset + done, zeroes.subarray(0, Math.min(zeroes.length, length - done)))
}

function parseRange(data: Uint8Array, at: number): Range {
  const view = new DataView(data.buffer, data.byteOffset + at)
  return {
    sector: Number(view.getBigUint64(0, true)),
    sectors: view.getUint32(8, true),
    flags: view.getUint32(12, true),
  }
}
