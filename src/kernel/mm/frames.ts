/**
 * Physical memory in frames of 4 KiB. One bit per frame, set while the frame is free. The kernel uses RAM below 1 GiB,
 * where virtual and physical address are the same; what lies above stays unused.
 */
export const PAGE_SIZE: usize = 4096
/** End of the identity-mapped window. */
export const IDENTITY_END: usize = 0x4000_0000

let bitmap: usize = 0
let frameCount: usize = 0
let freeCount: usize = 0
/** Word of the bitmap where the next search starts. */
let cursor: usize = 0

function isFree(frame: usize): bool {
  return ((load<u64>(bitmap + ((frame >> 6) << 3)) >> (frame & 63)) & 1) != 0
}

function flip(frame: usize): void {
  const word = bitmap + ((frame >> 6) << 3)
  store<u64>(word, load<u64>(word) ^ ((<u64>1) << (frame & 63)))
}

/**
 * Prepares the bitmap at `start` (after the kernel's image) for RAM that ends at `end`; every frame is in use until
 * `addFreeRange`. Returns the first address behind the bitmap.
 */
export function initFrames(start: usize, end: usize): usize {
  bitmap = (start + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)
  frameCount = min(end, IDENTITY_END) / PAGE_SIZE
  const bytes = ((frameCount + 63) >> 6) << 3
  memory.fill(bitmap, 0, bytes)
  cursor = 0
  freeCount = 0
  return (bitmap + bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)
}

/** Declares the whole frames between `start` and `end` free. */
export function addFreeRange(start: usize, end: usize): void {
  const last = min(end / PAGE_SIZE, frameCount)
  for (let frame = (start + PAGE_SIZE - 1) / PAGE_SIZE; frame < last; frame++) {
    if (isFree(frame)) continue
    flip(frame)
    freeCount++
  }
}

/** `count` frames one after another; their address, or 0. The contents are undefined. */
export function allocateFrames(count: usize): usize {
  if (count == 0 || count > freeCount) return 0
  const from = cursor << 6
  let start = findRun(from, frameCount, count)
  if (start == 0) start = findRun(1, min(from + count, frameCount), count)
  if (start == 0) return 0
  for (let i: usize = 0; i < count; i++) flip(start + i)
  freeCount -= count
  cursor = (start + count) >> 6
  return start * PAGE_SIZE
}

function findRun(from: usize, to: usize, count: usize): usize {
  let length: usize = 0
  let frame = from
  while (frame < to) {
    if ((frame & 63) == 0 && load<u64>(bitmap + ((frame >> 6) << 3)) == 0) {
      length = 0
      frame += 64
      continue
    }
    length = isFree(frame) ? length + 1 : 0
    frame++
    if (length == count) return frame - count
  }
  return 0
}

/** One frame of zeros, or 0. */
export function allocateZeroFrame(): usize {
  const frame = allocateFrames(1)
  if (frame != 0) memory.fill(frame, 0, PAGE_SIZE)
  return frame
}

/** Gives `count` frames from `address` back. */
export function freeFrames(address: usize, count: usize): void {
  const first = address / PAGE_SIZE
  for (let i: usize = 0; i < count; i++) {
    assert(!isFree(first + i), 'frame freed twice')
    flip(first + i)
  }
  freeCount += count
}

/** Bytes of free memory. */
export function freeBytes(): usize {
  return freeCount * PAGE_SIZE
}

/** First address behind the RAM that the kernel uses. */
export function memoryEnd(): usize {
  return frameCount * PAGE_SIZE
}
