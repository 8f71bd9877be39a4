/** `struct virtio_blk_config` (virtio 1.2, 5.2.4). */
import { SECTOR_BYTES } from '../../storage/block-backend.ts'
import { MAX_DISCARD_SECTORS, MAX_SEGMENTS, MAX_ZERO_SECTORS } from './range.ts'

export const CONFIG_BYTES = 60
/** Offset of the one field that a driver may write. */
export const WRITEBACK = 32

/** As PC firmware likes to see disks: 16 heads of 63 sectors. */
const HEADS = 16
const SECTORS_PER_TRACK = 63
const MAX_CYLINDERS = 16_383
/** Sizes in which reading and writing is cheap, in sectors. */
const OPTIMAL_IO_BLOCKS = 8

export interface BlockShape {
  readonly sizeBytes: number
  readonly queues: number
  /** Buffers in one request. */
  readonly maxBuffers: number
  readonly isWriteback: boolean
}

export function emitConfig({ sizeBytes, queues, maxBuffers, isWriteback }: BlockShape): DataView {
  // A read of the last byte may be four bytes wide.
  const view = new DataView(new ArrayBuffer(CONFIG_BYTES + 4))
  const sectors = sizeBytes / SECTOR_BYTES
  view.setBigUint64(0, BigInt(sectors), true)
  view.setUint32(12, maxBuffers, true)
  view.setUint16(16, Math.min(MAX_CYLINDERS, Math.floor(sectors / (HEADS * SECTORS_PER_TRACK))), true)
  view.setUint8(18, HEADS)
  view.setUint8(19, SECTORS_PER_TRACK)
  view.setUint32(20, SECTOR_BYTES, true)
  // physical_block_exp and alignment_offset are 0: blocks are sectors.
  view.setUint16(26, 1, true)
  view.setUint32(28, OPTIMAL_IO_BLOCKS, true)
  view.setUint8(WRITEBACK, Number(isWriteback))
  view.setUint16(34, queues, true)
  view.setUint32(36, MAX_DISCARD_SECTORS, true)
  view.setUint32(40, MAX_SEGMENTS, true)
  view.setUint32(44, 1, true)
  view.setUint32(48, MAX_ZERO_SECTORS, true)
  view.setUint32(52, MAX_SEGMENTS, true)
  // A request to write zeros may say that the sectors need not stay allocated; they do.
  view.setUint8(56, 1)
  return view
}
