/**
 * Mark and sweep. References inside objects and in module variables are found exactly, with the functions that the
 * compiler generates; those on the stacks and in registers of all threads conservatively: any word that points into an
 * object keeps it. Nothing moves. Memory from `heap.alloc` is neither collected nor searched.
 *
 * The caller holds the heap; the other threads do not run meanwhile.
 */
import { pauseThreads, stackTop, stackWords } from '../api/gen/kernel'
import { saveRegisters } from '../lib/atomic'
import {
  allocateBlock,
  capacityOf,
  firstBlock,
  firstRegion,
  isLastBlock,
  isManaged,
  isMarked,
  nextBlock,
  nextRegion,
  regionEnd,
  releaseBlock,
  setMarked,
} from './tlsf'

/** Callee-saved registers, then RSP. */
const registers: usize = memory.data(64, 16)
const RSP: usize = 48

/** Candidates that one call of the kernel may give. */
const BATCH: u32 = 4096
/** The collector first runs after this many bytes; later when as much has been allocated as was alive. */
const LEAST: usize = 4 << 20

let threshold: usize = 0x40_0000
let allocated: usize = 0

/** Growing array of addresses, in memory of the collector's own. */
let words: usize = 0
let wordCount: usize = 0
let wordCapacity: usize = 0

/** A block's header and its least payload. */
const BLOCK: usize = 32

/** Counts an object of `size` bytes; true when it is time to collect. */
export function isCollectionDue(size: usize): bool {
  allocated += size + BLOCK
  return allocated >= threshold
}

function push(word: usize): void {
  if (wordCount == wordCapacity) {
    const capacity = wordCapacity == 0 ? 16384 : wordCapacity * 2
    const larger = allocateBlock(capacity << 2)
    if (larger == 0) return
    memory.copy(larger, words, wordCount << 2)
    if (words != 0) releaseBlock(words)
    words = larger
    wordCapacity = capacity
  }
  store<u32>(words + (wordCount++ << 2), <u32>word)
}

function wordAt(index: usize): usize {
  return <usize>load<u32>(words + (index << 2))
}

function reserve(count: usize): void {
  while (wordCapacity < wordCount + count) {
    const before = wordCount
    wordCount = wordCapacity
    push(0)
    wordCount = before
  }
}

/** Heap sort of the words from 0 on, ascending. */
function sortWords(): void {
  for (let start = wordCount >> 1; start > 0; start--) sift(start - 1, wordCount)
  for (let end = wordCount; end > 1; end--) {
    const last = wordAt(end - 1)
    store<u32>(words + ((end - 1) << 2), load<u32>(words))
    store<u32>(words, <u32>last)
    sift(0, end - 1)
  }
}

function sift(start: usize, end: usize): void {
  const value = wordAt(start)
  let hole = start
  while (true) {
    let child = hole * 2 + 1
    if (child >= end) break
    if (child + 1 < end && wordAt(child) < wordAt(child + 1)) child++
    if (wordAt(child) <= value) break
    store<u32>(words + (hole << 2), <u32>wordAt(child))
    hole = child
  }
  store<u32>(words + (hole << 2), <u32>value)
}

/** Everything on any stack or in a register that may be the address of an object. */
function findCandidates(): void {
  wordCount = 0
  saveRegisters(registers)
  for (let at: usize = 0; at < RSP; at += 8) push(load<u32>(registers + at))
  const top = <usize>stackTop()
  for (let at = <usize>load<u32>(registers + RSP); at < top; at += 4) {
    const word = <usize>load<u32>(at)
    if (isHeapAddress(word)) push(word)
  }
  let skip: u32 = 0
  while (true) {
    reserve(BATCH)
    const count = stackWords(words + (wordCount << 2), BATCH, skip)
    if (count <= 0) break
    wordCount += <usize>count
    skip += <u32>count
  }
  sortWords()
  // Marking walks the heap, which must not change meanwhile.
  reserve(objectCount)
}

/** Marks the objects that candidates point into: one walk over the heap for each region, beside the sorted list. */
function markCandidates(): usize {
  const candidates = wordCount
  for (let region = firstRegion(); region != 0; region = nextRegion(region)) {
    let index: usize = 0
    for (let block = firstBlock(region); !isLastBlock(block); block = nextBlock(block)) {
      const end = block + capacityOf(block)
      while (index < candidates && wordAt(index) < block) index++
      if (index < candidates && wordAt(index) < end && isManaged(block)) markObject(block)
    }
  }
  return candidates
}

/** Marks a heap object and queues it for `drain`. */
function markObject(object: usize): void {
  if (isMarked(object)) return
  setMarked(object, true)
  push(object)
}

/** Called by the compiler's functions for every reference they find. */
export function visit(object: usize, _cookie: u32): void {
  if (object == 0) return
  if (isHeapAddress(object)) markObject(object)
  else visitStatic(object)
}

/** Bounds of the heap and number of its objects when the collection began. */
let heapLow: usize = 0
let heapHigh: usize = 0
let objectCount: usize = 0

function isHeapAddress(address: usize): bool {
  return address >= heapLow && address < heapHigh
}

/** Static objects live for ever; what they refer to is marked once for each collection. */
let epoch: u32 = 0

function visitStatic(object: usize): void {
  // The words before an object: memory manager, two for the collector, type, size.
  if (load<u32>(object - 16) == epoch) return
  store<u32>(object - 16, epoch)
  push(object)
}

/** Follows references until nothing new is found. */
function drain(from: usize): void {
  while (wordCount > from) {
    const object = wordAt(--wordCount)
    __visit_members(object, 0)
  }
}

function measureHeap(): void {
  heapLow = usize.MAX_VALUE
  heapHigh = 0
  objectCount = 0
  for (let region = firstRegion(); region != 0; region = nextRegion(region)) {
    heapLow = min(heapLow, region)
    heapHigh = max(heapHigh, regionEnd(region))
    for (let block = firstBlock(region); !isLastBlock(block); block = nextBlock(block))
      if (isManaged(block)) objectCount++
  }
}

/** Frees what is not marked and clears the marks; how many bytes are left. */
function sweep(): usize {
  let live: usize = 0
  for (let region = firstRegion(); region != 0; region = nextRegion(region)) {
    let block = firstBlock(region)
    while (!isLastBlock(block)) {
      // Releasing merges a block with its neighbours but leaves their headers, so that the walk can go on.
      const next = nextBlock(block)
      if (isManaged(block)) {
        if (isMarked(block)) {
          setMarked(block, false)
          live += capacityOf(block)
        } else releaseBlock(block)
      }
      block = next
    }
  }
  return live
}

/** Frees every object that nothing refers to. */
export function collectGarbage(): void {
  pauseThreads(1)
  epoch++
  measureHeap()
  findCandidates()
  const base = markCandidates()
  __visit_globals(0)
  drain(base)
  threshold = max(LEAST, sweep())
  allocated = 0
  pauseThreads(0)
}
