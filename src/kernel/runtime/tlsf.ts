/**
 * Two-level segregated fit (Masmano et al., ECRTS 2004): allocate and release in constant time, neighbours merged at
 * once. One heap for each program: the kernel has one, a separately compiled application another.
 *
 * A block is a header of 16 bytes and its payload, both aligned to 16:
 *
 *   +0  u32  payload size in bytes, a multiple of 16, and the flags below
 *   +4  u32  address of the block before it in memory, 0 for the first of a region
 *   +8  u32  type of the managed object, as AssemblyScript's runtime expects it 8 bytes below the object
 *   +12 u32  its size in bytes, 4 bytes below the object
 *   +16      payload; in a free block: next and previous block of its list
 *
 * A region ends with a block of size 0 that is never free.
 */
import { growHeap } from './region'

const HEADER: usize = 16
const FREE: u32 = 1
const MANAGED: u32 = 2
const MARKED: u32 = 4
const FLAGS: u32 = 15

/** Sixteen lists for each power of two. */
const SECOND_BITS: u32 = 4
const SECOND_COUNT: u32 = 16
const MAX_SIZE: usize = 0x0fff_fff0

const heads: usize = memory.data(28 * 16 * 4, 16)
const secondMaps: usize = memory.data(28 * 4, 16)
let firstMap: u32 = 0
let usedBytes: usize = 0
let totalBytes: usize = 0
let regions: usize = 0

@unmanaged
class Block {
  info: u32
  before: usize
  typeId: u32
  objectSize: u32
  next: Block | null
  previous: Block | null
}

function sizeOf(block: Block): usize {
  return <usize>(block.info & ~FLAGS)
}

function after(block: Block): Block {
  return changetype<Block>(changetype<usize>(block) + HEADER + sizeOf(block))
}

/** The list for blocks of `size`: exact for a free block, rounded down. */
function listOf(size: u32): u32 {
  const first = 31 - clz(size)
  const second = (size >> (first - SECOND_BITS)) & (SECOND_COUNT - 1)
  return first * SECOND_COUNT + second
}

function insert(block: Block): void {
  const list = listOf(<u32>sizeOf(block))
  const head = heads + (list << 2)
  const next = changetype<Block | null>(load<usize>(head))
  block.info |= FREE
  block.previous = null
  block.next = next
  if (next) next.previous = block
  store<usize>(head, changetype<usize>(block))
  const map = secondMaps + ((list >> SECOND_BITS) << 2)
  store<u32>(map, load<u32>(map) | (1 << (list & (SECOND_COUNT - 1))))
  firstMap |= 1 << (list >> SECOND_BITS)
}

function remove(block: Block): void {
  const next = block.next
  const previous = block.previous
  if (next) next.previous = previous
  block.info &= ~FREE
  if (previous) {
    previous.next = next
    return
  }
  const list = listOf(<u32>sizeOf(block))
  store<usize>(heads + (list << 2), changetype<usize>(next))
  if (next) return
  const map = secondMaps + ((list >> SECOND_BITS) << 2)
  const left = load<u32>(map) & ~(1 << (list & (SECOND_COUNT - 1)))
  store<u32>(map, left)
  if (left == 0) firstMap &= ~(1 << (list >> SECOND_BITS))
}

/** The first free block that surely holds `size` bytes. */
function search(size: u32): Block | null {
  // Round up to the next list, so that its every block is large enough.
  const list = listOf(size + (1 << (31 - clz(size) - SECOND_BITS)) - 1)
  let first = list >> SECOND_BITS
  let map = load<u32>(secondMaps + (first << 2)) & (~(<u32>0) << (list & (SECOND_COUNT - 1)))
  if (map == 0) {
    const larger = first + 1 < 32 ? firstMap & (~(<u32>0) << (first + 1)) : 0
    if (larger == 0) return null
    first = ctz(larger)
    map = load<u32>(secondMaps + (first << 2))
  }
  return changetype<Block | null>(load<usize>(heads + ((first * SECOND_COUNT + ctz(map)) << 2)))
}

/** Cuts what `block` has beyond `size` into a free block of its own. */
function trim(block: Block, size: usize): void {
  const spare = sizeOf(block) - size
  if (spare < HEADER + 16) return
  const follower = after(block)
  block.info = <u32>size | (block.info & FLAGS)
  const rest = after(block)
  rest.info = <u32>(spare - HEADER)
  rest.before = changetype<usize>(block)
  follower.before = changetype<usize>(rest)
  giveBack(rest)
}

/** Merges `block` with its free neighbours and puts the result into its list. */
function giveBack(block: Block): void {
  let start = block
  const next = after(block)
  if (next.info & FREE) {
    remove(next)
    start.info += <u32>(HEADER + sizeOf(next))
  }
  if (start.before != 0) {
    const before = changetype<Block>(start.before)
    if (before.info & FREE) {
      remove(before)
      before.info += <u32>(HEADER + sizeOf(start))
      start = before
    }
  }
  after(start).before = changetype<usize>(start)
  insert(start)
}

/** Hands `bytes` of memory at `start`, both multiples of 16, to the heap. The first 16 bytes hold the next region and this one's end. */
function addRegion(start: usize, bytes: usize): void {
  store<usize>(start, regions)
  store<usize>(start, start + bytes, 4)
  regions = start
  const block = changetype<Block>(start + HEADER)
  block.info = <u32>(bytes - 3 * HEADER)
  block.before = 0
  const end = after(block)
  end.info = 0
  end.before = changetype<usize>(block)
  totalBytes += bytes
  insert(block)
}

/** At least `size` bytes, aligned to 16; 0 when there is no memory left. */
export function allocateBlock(size: usize): usize {
  if (size > MAX_SIZE) return 0
  const rounded = max<usize>((size + 15) & ~15, 16)
  let block = search(<u32>rounded)
  if (block === null) {
    // Searching rounds up by at most a sixteenth.
    const wanted = rounded + (rounded >> 4) + 4 * HEADER
    const region = growHeap(wanted)
    if (region == 0) return 0
    addRegion(region, load<usize>(region))
    block = search(<u32>rounded)
    if (block === null) return 0
  }
  remove(block)
  trim(block, rounded)
  block.info &= ~(MANAGED | MARKED)
  usedBytes += sizeOf(block) + HEADER
  return changetype<usize>(block) + HEADER
}

/** Gives a block from `allocateBlock` back. */
export function releaseBlock(address: usize): void {
  const block = changetype<Block>(address - HEADER)
  assert((block.info & FREE) == 0, 'released twice')
  usedBytes -= sizeOf(block) + HEADER
  block.info &= ~(MANAGED | MARKED)
  giveBack(block)
}

/** Bytes that the block at `address` can hold. */
export function capacityOf(address: usize): usize {
  return sizeOf(changetype<Block>(address - HEADER))
}

/** Marks the block as an object under the collector's care. */
export function setObject(address: usize, typeId: u32, size: usize): void {
  const block = changetype<Block>(address - HEADER)
  block.info |= MANAGED
  block.typeId = typeId
  block.objectSize = <u32>size
}

/** Bytes in use, headers included. */
export function heapUsed(): usize {
  return usedBytes
}

/** Bytes that the heap has taken from the system. */
export function heapTotal(): usize {
  return totalBytes
}

/** For the collector: regions are linked by address; a block stands for its payload. */
export function firstRegion(): usize {
  return regions
}

export function nextRegion(region: usize): usize {
  return load<usize>(region)
}

export function regionEnd(region: usize): usize {
  return load<usize>(region, 4)
}

export function firstBlock(region: usize): usize {
  return region + 2 * HEADER
}

export function nextBlock(block: usize): usize {
  return changetype<usize>(after(changetype<Block>(block - HEADER))) + HEADER
}

/** The end of a region, which is no block. */
export function isLastBlock(block: usize): bool {
  return capacityOf(block) == 0
}

export function isManaged(block: usize): bool {
  return (changetype<Block>(block - HEADER).info & MANAGED) != 0
}

export function isMarked(block: usize): bool {
  return (changetype<Block>(block - HEADER).info & MARKED) != 0
}

export function setMarked(block: usize, on: bool): void {
  const header = changetype<Block>(block - HEADER)
  header.info = on ? header.info | MARKED : header.info & ~MARKED
}
