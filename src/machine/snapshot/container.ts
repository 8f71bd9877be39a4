/**
 * The file of a snapshot: magic, version, length and SHA-256 of what follows; then the state (`value-codec.ts`), deflated. All little-endian.
 * Written and read by web APIs, so that it works in a browser too.
 */
import { SnapshotError } from './snapshot-error.ts'
import { decodeValue, encodeValue } from './value-codec.ts'

const MAGIC = 'onering\n'
/** To be raised with every change of what is in a state. */
const VERSION = 2
const LENGTH = 12
const DIGEST = 20
const HEADER_BYTES = 52

export async function packSnapshot(state: unknown): Promise<Uint8Array> {
  const body = await pipe(encodeValue(state), new CompressionStream('deflate-raw'))
  const file = new Uint8Array(HEADER_BYTES + body.length)
  file.set(new TextEncoder().encode(MAGIC))
  const view = new DataView(file.buffer)
  view.setUint32(MAGIC.length, VERSION, true)
  view.setBigUint64(LENGTH, BigInt(body.length), true)
  file.set(await sha256(body), DIGEST)
  file.set(body, HEADER_BYTES)
  return file
}

/** Rejects with a SnapshotError that says what is wrong with the file. */
export async function unpackSnapshot(file: Uint8Array): Promise<unknown> {
  const magic = new TextDecoder('latin1').decode(file.subarray(0, MAGIC.length))
  if (magic !== MAGIC) throw new SnapshotError('not a snapshot; make one with onering run … --save-at N FILE')
  if (file.length < HEADER_BYTES) throw new SnapshotError('the snapshot is cut off')
  const view = new DataView(file.buffer, file.byteOffset)
  const version = view.getUint32(MAGIC.length, true)
  if (version !== VERSION)
    throw new SnapshotError(
      `a snapshot of format ${version}; this version of onering reads format ${VERSION}`,
    )
  const body = file.subarray(HEADER_BYTES)
  const length = Number(view.getBigUint64(LENGTH, true))
  if (body.length !== length)
    throw new SnapshotError(
      `the snapshot is ${body.length < length ? 'cut off' : 'longer than it should be'}`,
    )
  const digest = await sha256(body)
  if (digest.some((byte, i) => byte !== file[DIGEST + i])) throw new SnapshotError('the snapshot is damaged')
  return decodeValue(await pipe(body, new DecompressionStream('deflate-raw')))
}

export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
}

async function pipe(
  bytes: Uint8Array,
  through: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(through)
  return new Uint8Array(await new Response(stream).arrayBuffer())
}
