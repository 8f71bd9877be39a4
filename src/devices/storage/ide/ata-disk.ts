/** A hard disk at the AT attachment (ATA/ATAPI-7 volume 1, chapter 6): CHS, LBA28 and LBA48, by PIO or DMA. */
import { type BlockBackend, BlockError, hasSectors, SECTOR_BYTES } from '../block-backend.ts'
import * as ata from './ata.ts'
import type { ChannelPort, DmaCursor, IdeDevice } from './device.ts'
import { identifyDisk, MAX_MULTIPLE } from './identify.ts'
import { type Geometry, type SectorRange, sectorRange, setLba } from './task-file.ts'

const { COMMAND } = ata
/** Sectors that go through memory at once in a DMA command. */
const DMA_SECTORS = 128

type Direction = 'read' | 'write' | 'verify'
type Manner = 'pio' | 'multiple' | 'dma'
const TRANSFERS: ReadonlyMap<number, [direction: Direction, manner: Manner, isExtended: boolean]> = new Map([
  [COMMAND.readSectors, ['read', 'pio', false]],
  [COMMAND.readSectors + 1, ['read', 'pio', false]],
  [COMMAND.readSectorsExt, ['read', 'pio', true]],
  [COMMAND.readMultiple, ['read', 'multiple', false]],
  [COMMAND.readMultipleExt, ['read', 'multiple', true]],
  [COMMAND.readDma, ['read', 'dma', false]],
  [COMMAND.readDma + 1, ['read', 'dma', false]],
  [COMMAND.readDmaExt, ['read', 'dma', true]],
  [COMMAND.writeSectors, ['write', 'pio', false]],
  [COMMAND.writeSectors + 1, ['write', 'pio', false]],
  [COMMAND.writeSectorsExt, ['write', 'pio', true]],
  [COMMAND.writeMultiple, ['write', 'multiple', false]],
  [COMMAND.writeMultipleExt, ['write', 'multiple', true]],
  [COMMAND.writeDma, ['write', 'dma', false]],
  [COMMAND.writeDma + 1, ['write', 'dma', false]],
  [COMMAND.writeDmaExt, ['write', 'dma', true]],
  [COMMAND.readVerify, ['verify', 'pio', false]],
  [COMMAND.readVerify + 1, ['verify', 'pio', false]],
  [COMMAND.readVerifyExt, ['verify', 'pio', true]],
])
/** Commands that change nothing here. */
const ACCEPTED: ReadonlySet<number> = new Set([
  COMMAND.initializeParameters,
  COMMAND.standbyImmediate,
  COMMAND.idleImmediate,
  COMMAND.standby,
  COMMAND.idle,
  COMMAND.sleep,
])
/** SET FEATURES: transfer mode, write cache, read look-ahead, power-on defaults. */
const FEATURES: ReadonlySet<number> = new Set([0x02, 0x03, 0x05, 0x55, 0x66, 0x82, 0x85, 0xaa, 0xcc])
const CALIBRATE = 0x10
const SEEK = 0x70

export interface AtaDiskState {
  multiple: number
  transfer: { isWrite: boolean; lba: number; left: number; block: number } | null
}

export class AtaDisk implements IdeDevice {
  readonly signature = ata.SIGNATURE_DISK
  readonly #disk: BlockBackend
  readonly #serial: string
  readonly #geometry: Geometry
  #state: AtaDiskState = { multiple: MAX_MULTIPLE, transfer: null }

  constructor(disk: BlockBackend, serial: string) {
    this.#disk = disk
    this.#serial = serial
    const heads = 16
    const sectors = 63
    const total = disk.sizeBytes / SECTOR_BYTES
    const cylinders = Math.max(1, Math.min(16_383, Math.floor(total / (heads * sectors))))
    this.#geometry = { cylinders, heads, sectors }
  }

  reset(): void {
    this.#state = { multiple: MAX_MULTIPLE, transfer: null }
  }

  /** Without what is on the disk. */
  save(): AtaDiskState {
    return structuredClone(this.#state)
  }

  load(state: AtaDiskState): void {
    this.#state = structuredClone(state)
  }

  execute(command: number, channel: ChannelPort): void {
    const transfer = TRANSFERS.get(command)
    if (transfer !== undefined) return this.#transfer(...transfer, channel)
    const { file } = channel
    switch (command) {
      case COMMAND.identify: {
        const sectors = this.#disk.sizeBytes / SECTOR_BYTES
        return channel.offer(identifyDisk(sectors, this.#geometry, this.#serial, this.#state.multiple))
      }
      case COMMAND.setMultiple:
        return this.#setMultiple(file.sectorCount, channel)
      case COMMAND.setFeatures:
        return FEATURES.has(file.features) ? channel.complete() : channel.fail(ata.ERROR_ABORTED)
      case COMMAND.flushCache:
      case COMMAND.flushCacheExt:
        return this.#attempt(channel, () => {
          this.#disk.flush()
          channel.complete()
        })
      case COMMAND.checkPowerMode:
        file.sectorCount = 0xff
        return channel.complete()
      case COMMAND.readNativeMax:
      case COMMAND.readNativeMaxExt: {
        const last = this.#disk.sizeBytes / SECTOR_BYTES - 1
        const isExtended = command === COMMAND.readNativeMaxExt
        setLba(file, isExtended ? last : Math.min(last, 0x0fff_fffe), isExtended)
        return channel.complete()
      }
      default: {
        const isSeek = (command & 0xf0) === CALIBRATE || (command & 0xf0) === SEEK
        return isSeek || ACCEPTED.has(command) ? channel.complete() : channel.fail(ata.ERROR_ABORTED)
      }
    }
  }

  dataMoved(bytes: Uint8Array, channel: ChannelPort): void {
    const { transfer } = this.#state
    // IDENTIFY: nothing follows.
    if (transfer === null) return
    this.#attempt(channel, () => {
      if (transfer.isWrite) {
        this.#disk.write(transfer.lba * SECTOR_BYTES, bytes)
        this.#advance(bytes.length / SECTOR_BYTES)
      }
      this.#nextBlock(channel, true)
    })
  }

  runDma(cursor: DmaCursor, channel: ChannelPort): void {
    this.#attempt(channel, () => {
      for (
        let { transfer } = this.#state;
        transfer !== null && transfer.left > 0;
        { transfer } = this.#state
      ) {
        const count = Math.min(DMA_SECTORS, transfer.left)
        if (!this.#dmaBlock(cursor, transfer.lba * SECTOR_BYTES, count * SECTOR_BYTES, transfer.isWrite)) {
          this.#state.transfer = null
          return channel.fail(ata.ERROR_ABORTED)
        }
        this.#advance(count)
      }
      this.#state.transfer = null
      channel.complete()
    })
  }

  #dmaBlock(cursor: DmaCursor, offset: number, length: number, isWrite: boolean): boolean {
    if (isWrite) {
      const bytes = cursor.take(length)
      if (bytes !== null) this.#disk.write(offset, bytes)
      return bytes !== null
    }
    const bytes = new Uint8Array(length)
    this.#disk.read(offset, bytes)
    return cursor.put(bytes)
  }

  #transfer(direction: Direction, manner: Manner, isExtended: boolean, channel: ChannelPort): void {
    const range = sectorRange(channel.file, isExtended, this.#geometry)
    if (!this.#isInside(range)) return channel.fail(ata.ERROR_NOT_FOUND)
    if (direction === 'verify') return channel.complete()
    if (direction === 'write' && this.#disk.isReadOnly) return channel.fail(ata.ERROR_ABORTED)
    const { multiple } = this.#state
    if (manner === 'multiple' && multiple === 0) return channel.fail(ata.ERROR_ABORTED)
    this.#state.transfer = {
      isWrite: direction === 'write',
      lba: range.lba,
      left: range.count,
      block: manner === 'multiple' ? multiple : 1,
    }
    if (manner === 'dma') return channel.waitForDma()
    this.#attempt(channel, () => this.#nextBlock(channel, direction === 'read'))
  }

  #isInside({ lba, count }: SectorRange): boolean {
    return lba >= 0 && hasSectors(this.#disk, lba, count)
  }

  /** Offers the next sectors, or asks for them; at the end of a write, says so. */
  #nextBlock(channel: ChannelPort, interrupt: boolean): void {
    const transfer = this.#state.transfer!
    if (transfer.left === 0) {
      this.#state.transfer = null
      if (transfer.isWrite) channel.complete()
      return
    }
    const length = Math.min(transfer.block, transfer.left) * SECTOR_BYTES
    if (transfer.isWrite) return channel.accept(length, interrupt)
    const bytes = new Uint8Array(length)
    this.#disk.read(transfer.lba * SECTOR_BYTES, bytes)
    this.#advance(length / SECTOR_BYTES)
    channel.offer(bytes)
  }

  #advance(sectors: number): void {
    const transfer = this.#state.transfer!
    transfer.lba += sectors
    transfer.left -= sectors
  }

  #setMultiple(count: number, channel: ChannelPort): void {
    const isPowerOfTwo = (count & (count - 1)) === 0
    if (count > MAX_MULTIPLE || !isPowerOfTwo) return channel.fail(ata.ERROR_ABORTED)
    this.#state.multiple = count
    channel.complete()
  }

  #attempt(channel: ChannelPort, action: () => void): void {
    try {
      action()
    } catch (error) {
      if (!(error instanceof BlockError)) throw error
      this.#state.transfer = null
      channel.fail(ata.ERROR_UNCORRECTABLE, ata.STATUS_DF)
    }
  }
}
