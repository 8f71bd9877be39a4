/**
 * Frames for a stack that has to grow while the kernel runs on it, perhaps in the midst of giving out frames: a few are put aside for that, and
 * replaced when the kernel is left.
 */
import { EVENT_RESERVE, isInKernel, note } from '../task/critical'
import { allocateFrames } from './frames'

const MOST: usize = 16
const frames: usize = memory.data(64, 4)
let count: usize = 0

/** Fills what was taken. */
export function fillReserve(): void {
  while (count < MOST) {
    const frame = allocateFrames(1)
    if (frame == 0) return
    store<u32>(frames + (count++ << 2), <u32>frame)
  }
}

/** A frame, whatever was interrupted; 0 when there is none. */
export function takeFrame(): usize {
  if (!isInKernel()) return allocateFrames(1)
  if (count == 0) return 0
  note(EVENT_RESERVE)
  return <usize>load<u32>(frames + (--count << 2))
}
