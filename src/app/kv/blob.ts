/** Bytes that the store owns. They follow their header. */
import { give, retake, take } from './memory'
import { Slice } from './slice'

@unmanaged
export class Blob {
  length: u32
  room: u32
}

const HEADER: usize = 8

export function startOf(blob: Blob): usize {
  return changetype<usize>(blob) + HEADER
}

export function newBlob(bytes: usize, length: u32): Blob {
  const blob = changetype<Blob>(take(HEADER + length))
  blob.length = length
  blob.room = length
  memory.copy(startOf(blob), bytes, length)
  return blob
}

export function blobOf(slice: Slice): Blob {
  return newBlob(slice.start, slice.length)
}

/** The blob with `slice` behind it; it may have moved. */
export function extended(blob: Blob, slice: Slice): Blob {
  const length = blob.length + slice.length
  if (length > blob.room) {
    const room = max(length, min(blob.room * 2, blob.room + (1 << 20)))
    const larger = retake(changetype<usize>(blob), HEADER + blob.length, HEADER + room)
    blob = changetype<Blob>(larger)
    blob.room = room
  }
  memory.copy(startOf(blob) + blob.length, slice.start, slice.length)
  blob.length = length
  return blob
}

export function dropBlob(blob: Blob): void {
  give(changetype<usize>(blob))
}
