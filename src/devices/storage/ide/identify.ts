/** What IDENTIFY DEVICE and IDENTIFY PACKET DEVICE answer: 256 words (ATA/ATAPI-7 volume 1, 6.17 and 6.18). */
import type { Geometry } from './task-file.ts'

const WORDS = 256
const MODEL_DISK = 'ONERING HARDDISK'
const MODEL_CD = 'ONERING CD-ROM'
const FIRMWARE = '1.0'
/** Word 80: ATA-1 … ATA/ATAPI-7; word 53: words 64 to 70 and 88 are valid. */
const VERSIONS = 0x00f0
const FIELDS_VALID = 0x0007
/** Words 63 and 88: modes that are there; mode 2 is chosen until SET FEATURES says otherwise. */
const MULTIWORD_DMA = 0x0407
const ULTRA_DMA = 0x003f
const PIO_MODES = 0x0003
const CYCLE_NS = 120
export const MAX_MULTIPLE = 16

export function identifyDisk(
  sectors: number,
  geometry: Geometry,
  serial: string,
  multiple: number,
): Uint8Array {
  const words = new Uint16Array(WORDS)
  words[0] = 0x0040
  words[1] = geometry.cylinders
  words[3] = geometry.heads
  words[6] = geometry.sectors
  putText(words, 10, 10, serial)
  putText(words, 23, 4, FIRMWARE)
  putText(words, 27, 20, MODEL_DISK)
  words[47] = 0x8000 | MAX_MULTIPLE
  // LBA and DMA; no standby timer of its own.
  words[49] = 0x0300
  words[50] = 0x4000
  words[53] = FIELDS_VALID
  words[54] = geometry.cylinders
  words[55] = geometry.heads
  words[56] = geometry.sectors
  putU32(words, 57, geometry.cylinders * geometry.heads * geometry.sectors)
  words[59] = multiple === 0 ? 0 : 0x0100 | multiple
  putU32(words, 60, Math.min(sectors, 0x0fff_ffff))
  putTransferModes(words)
  // NOP, write cache; 48-bit addresses, FLUSH CACHE and its extended form; all of it on.
  words[82] = 0x4020
  words[83] = 0x7400
  words[84] = 0x4000
  words[85] = 0x4020
  words[86] = 0x3400
  words[87] = 0x4000
  words[93] = 0x6001
  putU32(words, 100, sectors % 2 ** 32)
  putU32(words, 102, Math.floor(sectors / 2 ** 32))
  return bytesOf(words)
}

export function identifyPacketDevice(serial: string): Uint8Array {
  const words = new Uint16Array(WORDS)
  // ATAPI, CD-ROM, removable, DRQ within 50 µs, packets of 12 bytes.
  words[0] = 0x85c0
  putText(words, 10, 10, serial)
  putText(words, 23, 4, FIRMWARE)
  putText(words, 27, 20, MODEL_CD)
  words[49] = 0x0300
  words[53] = FIELDS_VALID
  putTransferModes(words)
  // PACKET, DEVICE RESET, NOP.
  words[82] = 0x4210
  words[83] = 0x4000
  words[84] = 0x4000
  words[85] = 0x4210
  words[87] = 0x4000
  return bytesOf(words)
}

function putTransferModes(words: Uint16Array): void {
  words[63] = MULTIWORD_DMA
  words[64] = PIO_MODES
  words.fill(CYCLE_NS, 65, 69)
  words[80] = VERSIONS
  words[88] = ULTRA_DMA
}

/** Text, filled with blanks, two characters a word with the first in the high byte. */
function putText(words: Uint16Array, at: number, length: number, text: string): void {
  const padded = text.padEnd(2 * length)
  for (let i = 0; i < length; i++)
    words[at + i] = (padded.charCodeAt(2 * i) << 8) | padded.charCodeAt(2 * i + 1)
}

function putU32(words: Uint16Array, at: number, value: number): void {
  words[at] = value & 0xffff
  words[at + 1] = Math.floor(value / 0x1_0000)
}

function bytesOf(words: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(2 * WORDS)
  const view = new DataView(bytes.buffer)
  for (const [i, word] of words.entries()) view.setUint16(2 * i, word, true)
  return bytes
}
