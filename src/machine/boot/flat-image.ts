/** Images whose multiboot header says where they are loaded, whatever the format of the file. */
import type { BootRequest } from './boot.ts'
import { checkPlace } from './elf.ts'
import { ImageError } from './image-error.ts'

/** As the header's address fields (multiboot 1) or address tag (multiboot 2) give them. */
export interface FlatAddresses {
  readonly headerAddr: number
  /** FROM_START: the file's first byte. */
  readonly loadAddr: number
  /** 0: the whole file. */
  readonly loadEnd: number
  /** 0: no memory to clear. */
  readonly bssEnd: number
}

const FROM_START = 0xffff_ffff

/** Copies the image, whose header is at `headerOffset` in the file, to its place. Returns the end of it. */
export function loadFlat(
  { image, memory }: BootRequest,
  headerOffset: number,
  { headerAddr, loadAddr, loadEnd, bssEnd }: FlatAddresses,
): number {
  const from = loadAddr === FROM_START ? 0 : headerOffset - (headerAddr - loadAddr)
  const start = headerAddr - (headerOffset - from)
  const bytes = loadEnd === 0 ? image.length - from : loadEnd - start
  if (from < 0 || from > headerOffset || start < 0 || bytes < 0 || from + bytes > image.length)
    throw new ImageError('the load addresses in the multiboot header do not fit the file: build it again')
  const end = Math.max(start + bytes, bssEnd)
  checkPlace(start, end - start, memory)
  const target = memory.writable(start, end - start)
  target.set(image.subarray(from, from + bytes))
  target.fill(0, bytes)
  return end
}
