/** A CD-ROM drive behind the packet interface (ATA/ATAPI-7 volume 1, 6.24 and volume 2, 11.8): packets of MMC commands. */
import { type BlockBackend, BlockError } from '../block-backend.ts'
import * as ata from './ata.ts'
import type { ChannelPort, DmaCursor, IdeDevice } from './device.ts'
import { identifyPacketDevice } from './identify.ts'
import * as mmc from './mmc.ts'
import * as sense from './sense.ts'

const PACKET_BYTES = 12
const FEATURE_DMA = 0x01
/** Blocks that are read ahead at once. */
const CHUNK_BLOCKS = 16
const ERROR_KEY_SHIFT = 4

export interface AtapiCdState {
  sense: sense.Sense
  /** Data for the host that lies ready, and blocks of the disc that follow it. */
  pending: Uint8Array
  lba: number
  blocksLeft: number
  /** The most bytes that the host takes at once. */
  limit: number
  phase: 'idle' | 'packet' | 'data'
  dma: boolean
}

export class AtapiCd implements IdeDevice {
  readonly signature = ata.SIGNATURE_PACKET
  readonly #disc: BlockBackend
  readonly #serial: string
  #state: AtapiCdState = idle()

  constructor(disc: BlockBackend, serial: string) {
    this.#disc = disc
    this.#serial = serial
  }

  reset(): void {
    this.#state = idle()
  }

  save(): AtapiCdState {
    return structuredClone(this.#state)
  }

  load(state: AtapiCdState): void {
    this.#state = structuredClone(state)
    this.#state.pending = Uint8Array.from(state.pending)
  }

  execute(command: number, channel: ChannelPort): void {
    const { file } = channel
    const state = this.#state
    state.phase = 'idle'
    switch (command) {
      case ata.COMMAND.packet:
        state.phase = 'packet'
        state.dma = (file.features & FEATURE_DMA) !== 0
        state.limit = byteLimit(file.lbaMid | (file.lbaHigh << 8))
        file.sectorCount = ata.REASON_COMMAND
        return channel.accept(PACKET_BYTES, false)
      case ata.COMMAND.identifyPacket:
        return channel.offer(identifyPacketDevice(this.#serial))
      case ata.COMMAND.deviceReset:
        this.reset()
        showSignature(channel)
        return
      case ata.COMMAND.identify:
        // A packet device shows by its signature that it is one.
        showSignature(channel)
        return channel.fail(ata.ERROR_ABORTED)
      case ata.COMMAND.setFeatures:
      case ata.COMMAND.idleImmediate:
      case ata.COMMAND.standbyImmediate:
      case ata.COMMAND.sleep:
        return channel.complete()
      case ata.COMMAND.checkPowerMode:
        file.sectorCount = 0xff
        return channel.complete()
      default:
        return channel.fail(ata.ERROR_ABORTED)
    }
  }

  dataMoved(bytes: Uint8Array, channel: ChannelPort): void {
    const state = this.#state
    if (state.phase === 'packet') this.#command(bytes, channel)
    else if (state.phase === 'data') this.#attempt(channel, () => this.#nextData(channel))
  }

  runDma(cursor: DmaCursor, channel: ChannelPort): void {
    this.#attempt(channel, () => {
      for (let chunk = this.#take(Infinity); chunk.length > 0; chunk = this.#take(Infinity))
        if (!cursor.put(chunk)) return this.#fail(sense.UNRECOVERED_READ, channel)
      this.#finish(channel)
    })
  }

  #command(packet: Uint8Array, channel: ChannelPort): void {
    const state = this.#state
    const code = packet[0]!
    if (code !== mmc.PACKET.requestSense) state.sense = sense.NO_SENSE
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length)
    const u16 = (at: number): number => view.getUint16(at)
    switch (code) {
      case mmc.PACKET.testUnitReady:
      case mmc.PACKET.startStop:
      case mmc.PACKET.preventRemoval:
      case mmc.PACKET.setSpeed:
      case mmc.PACKET.seek:
        return this.#finish(channel)
      case mmc.PACKET.requestSense: {
        const data = sense.senseData(state.sense)
        state.sense = sense.NO_SENSE
        return this.#answer(data, packet[4]!, channel)
      }
      case mmc.PACKET.inquiry:
        if (packet[1]! & 1) return this.#fail(sense.INVALID_FIELD, channel)
        return this.#answer(mmc.inquiry(), packet[4]!, channel)
      case mmc.PACKET.readCapacity:
        return this.#answer(mmc.readCapacity(this.#blocks), 8, channel)
      case mmc.PACKET.read10:
        return this.#read(view.getUint32(2), u16(7), channel)
      case mmc.PACKET.read12:
        return this.#read(view.getUint32(2), view.getUint32(6), channel)
      case mmc.PACKET.readCd:
        return this.#readCd(packet, view, channel)
      case mmc.PACKET.readToc: {
        // Older software puts the format into the last byte.
        const format = packet[2]! & 0xf || packet[9]! >> 6
        const toc = mmc.readToc(format, this.#blocks, (packet[1]! & 2) !== 0, packet[6]!)
        return this.#answer(toc, u16(7), channel)
      }
      case mmc.PACKET.getConfiguration:
        return this.#answer(mmc.getConfiguration(), u16(7), channel)
      case mmc.PACKET.getEventStatus:
        // Only by polling.
        return this.#answer(packet[1]! & 1 ? mmc.eventStatus() : null, u16(7), channel)
      case mmc.PACKET.readDiscInformation:
        return this.#answer(mmc.discInformation(), u16(7), channel)
      case mmc.PACKET.modeSense10:
        return this.#answer(mmc.modeSense(packet[2]! & 0x3f), u16(7), channel)
      case mmc.PACKET.mechanismStatus:
        return this.#answer(mmc.mechanismStatus(), u16(8), channel)
      default:
        return this.#fail(sense.INVALID_COMMAND, channel)
    }
  }

  get #blocks(): number {
    return Math.floor(this.#disc.sizeBytes / mmc.CD_BLOCK_BYTES)
  }

  /** User data of a sector is all that an image holds. */
  #readCd(packet: Uint8Array, view: DataView, channel: ChannelPort): void {
    const count = view.getUint32(5) & 0xff_ffff
    const wanted = packet[9]! & 0xf8
    if (wanted === 0) return this.#finish(channel)
    if (wanted === 0x10) return this.#read(view.getUint32(2), count, channel)
    this.#fail(sense.INVALID_FIELD, channel)
  }

  #read(lba: number, count: number, channel: ChannelPort): void {
    if (lba + count > this.#blocks) return this.#fail(sense.OUT_OF_RANGE, channel)
    if (count === 0) return this.#finish(channel)
    const state = this.#state
    state.lba = lba
    state.blocksLeft = count
    state.pending = new Uint8Array(0)
    this.#send(channel)
  }

  /** At most `length` bytes of an answer; null is a field that is not supported. */
  #answer(data: Uint8Array | null, length: number, channel: ChannelPort): void {
    if (data === null) return this.#fail(sense.INVALID_FIELD, channel)
    const state = this.#state
    state.pending = data.slice(0, length)
    state.blocksLeft = 0
    if (state.pending.length === 0) return this.#finish(channel)
    this.#send(channel)
  }

  #send(channel: ChannelPort): void {
    this.#state.phase = 'data'
    channel.file.sectorCount = ata.REASON_TO_HOST
    if (this.#state.dma) channel.waitForDma()
    else this.#attempt(channel, () => this.#nextData(channel))
  }

  #nextData(channel: ChannelPort): void {
    const chunk = this.#take(this.#state.limit)
    if (chunk.length === 0) return this.#finish(channel)
    const { file } = channel
    file.sectorCount = ata.REASON_TO_HOST
    file.lbaMid = chunk.length & 0xff
    file.lbaHigh = chunk.length >> 8
    channel.offer(chunk)
  }

  /** The next bytes for the host, at most `limit`; none at the end. */
  #take(limit: number): Uint8Array {
    const state = this.#state
    if (state.pending.length === 0 && state.blocksLeft > 0) {
      const count = Math.min(CHUNK_BLOCKS, state.blocksLeft)
      state.pending = new Uint8Array(count * mmc.CD_BLOCK_BYTES)
      this.#disc.read(state.lba * mmc.CD_BLOCK_BYTES, state.pending)
      state.lba += count
      state.blocksLeft -= count
    }
    const chunk = state.pending.slice(0, limit)
    state.pending = state.pending.subarray(chunk.length)
    return chunk
  }

  #finish(channel: ChannelPort): void {
    this.#state.phase = 'idle'
    channel.file.sectorCount = ata.REASON_COMMAND | ata.REASON_TO_HOST
    channel.complete()
  }

  #fail(why: sense.Sense, channel: ChannelPort): void {
    const state = this.#state
    state.phase = 'idle'
    state.sense = why
    state.blocksLeft = 0
    channel.file.sectorCount = ata.REASON_COMMAND | ata.REASON_TO_HOST
    channel.fail((why.key << ERROR_KEY_SHIFT) | ata.ERROR_ABORTED)
  }

  #attempt(channel: ChannelPort, action: () => void): void {
    try {
      action()
    } catch (error) {
      if (!(error instanceof BlockError)) throw error
      this.#fail(sense.UNRECOVERED_READ, channel)
    }
  }
}

function idle(): AtapiCdState {
  return {
    sense: sense.NO_SENSE,
    pending: new Uint8Array(0),
    lba: 0,
    blocksLeft: 0,
    limit: 0xfffe,
    phase: 'idle',
    dma: false,
  }
}

/** Even, and not 0: that is no limit, as 0xffff is. */
function byteLimit(value: number): number {
  return value & 0xfffe || 0xfffe
}

function showSignature(channel: ChannelPort): void {
  const { file } = channel
  file.sectorCount = 1
  file.lbaLow = 1
  file.lbaMid = ata.SIGNATURE_PACKET & 0xff
  file.lbaHigh = ata.SIGNATURE_PACKET >> 8
  file.status = 0
}
