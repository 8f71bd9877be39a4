/** One request of a block driver (virtio 1.2, 5.2.6): a header, data in one direction, a status byte. */
import { GuestFault } from '../../guest-fault.ts'
import { type BlockBackend, BlockError, hasSectors, SECTOR_BYTES } from '../../storage/block-backend.ts'
import type { VirtioHost } from '../device.ts'
import { type Chain, gather, scatter } from '../queue.ts'
import { MAX_SEGMENTS, runRanges } from './range.ts'

const HEADER_BYTES = 16
const ID_BYTES = 20
/** More in one request is refused. */
const MAX_DATA_BYTES = 64 << 20
const MAX_RANGE_BYTES: number = 16 * MAX_SEGMENTS

const TYPE_IN = 0
const TYPE_OUT = 1
const TYPE_FLUSH = 4
const TYPE_GET_ID = 8
const TYPE_DISCARD = 11
const TYPE_WRITE_ZEROES = 13

const OK = 0
const IOERR = 1
const UNSUPP = 2

/** How a request is to be carried out. */
export interface BlockMode {
  readonly disk: BlockBackend
  readonly serial: string
  readonly allowsDiscard: boolean
  readonly allowsZeroes: boolean
  /** Each write is on the medium before it is reported done. */
  readonly isWriteThrough: boolean
}

interface Outcome {
  readonly status: number
  /** Data bytes that the guest gets. */
  readonly filled: number
}

/** Carries `chain` out and writes its status. Returns the bytes written into the chain. */
export function runRequest(host: VirtioHost, chain: Chain, mode: BlockMode): number {
  if (chain.readableBytes < HEADER_BYTES || chain.writableBytes < 1)
    throw new GuestFault('block.bad-request', 'a request without room for its header or its status')
  const header = new Uint8Array(HEADER_BYTES)
  gather(host.memory, chain, 0, header)
  const view = new DataView(header.buffer)
  const { status, filled } = attempt(host, () =>
    execute(host, chain, mode, view.getUint32(0, true), Number(view.getBigUint64(8, true))),
  )
  if (status === IOERR) host.counters.count('block.io-error')
  // The status is the very last byte, wherever the driver cut its descriptors.
  scatter(host.memory, chain, chain.writableBytes - 1, Uint8Array.of(status))
  return filled === chain.writableBytes - 1 ? chain.writableBytes : filled
}

/** A failing medium is an I/O error for the guest and one line for the user. */
function attempt(host: VirtioHost, action: () => Outcome): Outcome {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    host.warn(error.message)
    return failed(IOERR)
  }
}

function execute(host: VirtioHost, chain: Chain, mode: BlockMode, type: number, sector: number): Outcome {
  const { disk } = mode
  switch (type) {
    case TYPE_IN:
      return readSectors(host, chain, disk, sector)
    case TYPE_OUT:
      return writeSectors(host, chain, mode, sector)
    case TYPE_FLUSH:
      if (!disk.isReadOnly) disk.flush()
      return { status: OK, filled: 0 }
    case TYPE_GET_ID: {
      const id = new Uint8Array(Math.min(ID_BYTES, chain.writableBytes - 1))
      new TextEncoder().encodeInto(mode.serial, id)
      return { status: OK, filled: scatter(host.memory, chain, 0, id) }
    }
    case TYPE_DISCARD:
      return mode.allowsDiscard ? changeRanges(host, chain, mode, 'discard') : failed(UNSUPP)
    case TYPE_WRITE_ZEROES:
      return mode.allowsZeroes ? changeRanges(host, chain, mode, 'zero') : failed(UNSUPP)
    default:
      return failed(UNSUPP)
  }
}

function readSectors(host: VirtioHost, chain: Chain, disk: BlockBackend, sector: number): Outcome {
  const bytes = chain.writableBytes - 1
  if (!isSane(disk, sector, bytes)) return failed(IOERR)
  let done = 0
  for (const { gpa, length } of chain.writable) {
    const take = Math.min(length, bytes - done)
    if (take > 0) disk.read(sector * SECTOR_BYTES + done, host.memory.writable(gpa, take))
    done += take
  }
  return { status: OK, filled: bytes }
}

function writeSectors(host: VirtioHost, chain: Chain, mode: BlockMode, sector: number): Outcome {
  const { disk } = mode
  const bytes = chain.readableBytes - HEADER_BYTES
  if (disk.isReadOnly || !isSane(disk, sector, bytes)) return failed(IOERR)
  let skip = HEADER_BYTES
  let done = 0
  for (const { gpa, length } of chain.readable) {
    const skipped = Math.min(skip, length)
    skip -= skipped
    if (length === skipped) continue
    disk.write(sector * SECTOR_BYTES + done, host.memory.readable(gpa + skipped, length - skipped))
    done += length - skipped
  }
  if (mode.isWriteThrough) disk.flush()
  return { status: OK, filled: 0 }
}

function changeRanges(host: VirtioHost, chain: Chain, mode: BlockMode, kind: 'discard' | 'zero'): Outcome {
  const { disk } = mode
  const bytes = chain.readableBytes - HEADER_BYTES
  if (disk.isReadOnly || bytes > MAX_RANGE_BYTES) return failed(IOERR)
  const data = new Uint8Array(bytes)
  gather(host.memory, chain, HEADER_BYTES, data)
  const result = runRanges(disk, kind, data)
  if (result === 'done' && mode.isWriteThrough) disk.flush()
  return failed({ done: OK, 'out-of-range': IOERR, unsupported: UNSUPP }[result])
}

function isSane(disk: BlockBackend, sector: number, bytes: number): boolean {
  return (
    bytes % SECTOR_BYTES === 0 && bytes <= MAX_DATA_BYTES && hasSectors(disk, sector, bytes / SECTOR_BYTES)
  )
}

/** An outcome without data. */
function failed(status: number): Outcome {
  return { status, filled: 0 }
}
