/** The answers of a CD-ROM drive that do not depend on what is on the disc (MMC-5, SPC-3). Numbers are big-endian. */

export const CD_BLOCK_BYTES = 2048

export const PACKET = {
  testUnitReady: 0x00,
  requestSense: 0x03,
  inquiry: 0x12,
  startStop: 0x1b,
  preventRemoval: 0x1e,
  readCapacity: 0x25,
  read10: 0x28,
  seek: 0x2b,
  readSubChannel: 0x42,
  readToc: 0x43,
  getConfiguration: 0x46,
  getEventStatus: 0x4a,
  readDiscInformation: 0x51,
  modeSense10: 0x5a,
  read12: 0xa8,
  setSpeed: 0xbb,
  mechanismStatus: 0xbd,
  readCd: 0xbe,
} as const

/** A removable CD device of MMC. */
export function inquiry(): Uint8Array {
  const bytes = new Uint8Array(36)
  bytes.set([0x05, 0x80, 0x05, 0x21, 31])
  putText(bytes, 8, 'ONERING', 8)
  putText(bytes, 16, 'CD-ROM', 16)
  putText(bytes, 32, '1.0', 4)
  return bytes
}

/** Address of the last block, and its length. */
export function readCapacity(blocks: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8))
  view.setUint32(0, blocks - 1)
  view.setUint32(4, CD_BLOCK_BYTES)
  return new Uint8Array(view.buffer)
}

/** One data track and the lead-out. Formats 0 (table), 1 (sessions), 2 (full table); null for another. */
export function readToc(
  format: number,
  blocks: number,
  isMsf: boolean,
  firstTrack: number,
): Uint8Array | null {
  const address = (lba: number): number[] => (isMsf ? [0, ...toMsf(lba)] : u32(lba))
  if (format === 0) {
    if (firstTrack > 1 && firstTrack !== LEAD_OUT) return null
    const tracks = [
      ...(firstTrack <= 1 ? [[0, DATA_TRACK, 1, 0, ...address(0)]] : []),
      [0, DATA_TRACK, LEAD_OUT, 0, ...address(blocks)],
    ]
    return sized([1, 1, ...tracks.flat()])
  }
  if (format === 1) return sized([1, 1, 0, DATA_TRACK, 1, 0, ...address(0)])
  if (format !== 2) return null
  const entry = (point: number, place: number[]): number[] => [1, DATA_TRACK, 0, point, 0, 0, 0, 0, ...place]
  return sized([
    1,
    1,
    ...entry(0xa0, [1, 0, 0]),
    ...entry(0xa1, [1, 0, 0]),
    ...entry(0xa2, toMsf(blocks)),
    ...entry(1, toMsf(0)),
  ])
}

const LEAD_OUT = 0xaa
/** ADR 1 (position), control 4 (data). */
const DATA_TRACK = 0x14

/** Profiles CD-ROM (current) and none other; the features that belong to it. */
export function getConfiguration(): Uint8Array {
  const profileList = [0x00, 0x00, 0x03, 4, 0x00, 0x08, 0x01, 0x00]
  const core = [0x00, 0x01, 0x03, 4, ...u32(2)]
  const randomlyReadable = [0x00, 0x10, 0x01, 8, ...u32(CD_BLOCK_BYTES), 0x00, 0x01, 0x00, 0x00]
  const cdRead = [0x00, 0x1e, 0x01, 4, 0, 0, 0, 0]
  const features = [profileList, core, randomlyReadable, cdRead].flat()
  return Uint8Array.from([...u32(features.length + 4), 0, 0, 0x00, 0x08, ...features])
}

/** Media class: no change, a medium is there. */
export function eventStatus(): Uint8Array {
  return Uint8Array.from([0, 6, 0x04, 0x10, 0, 0x02, 0, 0])
}

/** A finalized disc with one complete session. */
export function discInformation(): Uint8Array {
  const bytes = new Uint8Array(34)
  bytes.set([0, 32, 0x0e, 1, 1, 1, 1, 0x20])
  return bytes
}

/** Pages 01 (error recovery), 0e (audio), 2a (capabilities), 3f (all of them); null for another. */
export function modeSense(page: number): Uint8Array | null {
  const pages: Record<number, number[]> = {
    0x01: [0x01, 6, 0, 5, 0, 0, 0, 0],
    0x0e: [0x0e, 14, 4, ...Array.from({ length: 13 }, () => 0)],
    0x2a: [0x2a, 18, 0x02, 0, 0x71, 0x60, 0x29, 0x02, 0x02, 0xc2, 0, 2, 2, 0, 0x02, 0xc2, 0, 0, 0, 0],
  }
  const body = page === 0x3f ? Object.values(pages).flat() : pages[page]
  if (body === undefined) return null
  return Uint8Array.from([0, 6 + body.length, 0x01, 0, 0, 0, 0, 0, ...body])
}

export function mechanismStatus(): Uint8Array {
  return new Uint8Array(8).fill(1, 5, 6)
}

/** Minutes, seconds and frames; a disc begins at two seconds. */
function toMsf(lba: number): number[] {
  const frames = lba + 150
  return [Math.floor(frames / 75 / 60) & 0xff, Math.floor(frames / 75) % 60, frames % 75]
}

/** Prefixed by its length in two bytes. */
function sized(body: number[]): Uint8Array {
  return Uint8Array.from([body.length >> 8, body.length & 0xff, ...body])
}

function u32(value: number): number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}

function putText(bytes: Uint8Array, at: number, text: string, length: number): void {
  for (let i = 0; i < length; i++) bytes[at + i] = i < text.length ? text.charCodeAt(i) : 0x20
}
