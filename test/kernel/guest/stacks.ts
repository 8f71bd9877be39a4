/** Stacks that grow: by calls, under interrupts, and while the kernel runs on them. */
import { join, memoryStatistics, monotonicTime, spawn, yieldNow } from 'onering'
import { begin, equal, finish, ok } from './tap'

const DEPTH: u32 = 9000
const THREADS = 4

const reached = new StaticArray<u32>(THREADS)
let grownTo: u32 = 0

function descend(left: u32): u32 {
  if (left == 0) grownTo = memoryStatistics().free
  return left == 0 ? 0 : descend(left - 1) + 1
}

/** Enters the kernel at every depth. */
function descendCalling(left: u32): u32 {
  yieldNow()
  return left == 0 ? 0 : descendCalling(left - 1) + 1
}

function deep(index: u32): void {
  reached[index] = descend(DEPTH)
}

function deepCalling(index: u32): void {
  reached[index] = descendCalling(DEPTH)
}

/** For longer than several slices, so that interrupts find the stack at every depth. */
function deepLong(index: u32): void {
  const end = monotonicTime() + 40_000_000
  while (monotonicTime() < end) reached[index] = descend(DEPTH)
}

function together(entry: (index: u32) => void, name: string): void {
  const ids = new StaticArray<i32>(THREADS)
  let status = 0
  for (let i = 0; i < THREADS; i++) {
    reached[i] = 0
    ids[i] = spawn(entry, i)
  }
  for (let i = 0; i < THREADS; i++) status |= join(ids[i])
  equal(status, 0, `${name}: every thread ends well`)
  for (let i = 0; i < THREADS; i++) equal(reached[i], DEPTH, `${name}: at the bottom`)
}

export function main(): i32 {
  begin()
  join(spawn(deep, 0))
  const free = memoryStatistics().free
  const id = spawn(deep, 0)
  equal(join(id), 0, 'a deep call returns')
  equal(reached[0], DEPTH, 'from where it should have come')
  ok(grownTo + 2 * 65536 < free, 'the stack has grown beyond its first 64 KiB')
  ok(memoryStatistics().free + 300_000 > free, 'and its memory is back')
  together(deep, 'calls')
  together(deepCalling, 'calls of the kernel')
  together(deepLong, 'interrupts')
  return finish()
}
