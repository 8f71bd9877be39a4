/** The calls about the console, time, threads and memory. */
import { out32 } from '../lib/cpu'
import { fillRandom } from '../lib/random'
import { printBytes } from '../lib/text'
import { exitMachine } from '../driver/exit'
import { applicationHeapBytes, growApplicationHeap } from '../mm/address-space'
import { freeBytes, memoryEnd } from '../mm/frames'
import { heapUsed } from '../runtime/tlsf'
import { openDescriptors } from '../socket/descriptors'
import { dateNs, monotonicNs } from '../task/clock'
import { blockUntil, currentThread, yieldThread } from '../task/scheduler'
import { exitThread, joinThread, spawnThread } from '../task/threads'
import { applicationFailed } from '../trap/offence'
import { EBADF } from './errno'

/** `src/devices/platform/measure-port.ts`; nobody answers there on other machines. */
const MEASURE_PORT: u32 = 0x4f0

/** Does nothing, and so shows what a call costs. The unikernel has no parent. */
export function getppid(): i32 {
  return 0
}

/** Tells the machine, if it is one that listens, that a measurement begins or ends here. */
export function mark(id: u32): void {
  out32(MEASURE_PORT, id)
}

/** Ends the machine with `status`. */
export function exit(status: i32): void {
  exitMachine(<u32>status & 0xff)
}

/** Writes to the console; 1 and 2 are the same place. */
export function write(fd: i32, data: usize, length: u32): i32 {
  if (fd != 1 && fd != 2) return -EBADF
  printBytes(data, length)
  return <i32>length
}

/** Nanoseconds: of kind 0 since boot, of kind 1 since 1970. */
export function clock(kind: u32): u64 {
  return kind == 1 ? dateNs() : monotonicNs()
}

export function sleep(nanoseconds: u64): void {
  blockUntil(null, monotonicNs() + nanoseconds)
}

export function yieldNow(): void {
  yieldThread()
}

/** Starts a thread at index `entry` of the application's function table: its id. */
export function spawn(entry: u32, argument: u32): i32 {
  return spawnThread(entry, argument)
}

export function join(id: u32): i32 {
  return joinThread(id)
}

export function endThread(status: i32): void {
  exitThread(status)
}

export function threadId(): u32 {
  return currentThread().id
}

/** More memory for the application's heap; its address, 0 if there is none. */
export function growHeap(bytes: u32): u32 {
  return <u32>growApplicationHeap(bytes)
}

/** Eight u32: total and free memory, kernel heap in use, application heap, open descriptors, buffered bytes, 0, 0. */
export function memoryStatistics(out: usize): void {
  store<u32>(out, <u32>memoryEnd())
  store<u32>(out, <u32>freeBytes(), 4)
  store<u32>(out, <u32>heapUsed(), 8)
  store<u32>(out, <u32>applicationHeapBytes(), 12)
  store<u32>(out, openDescriptors(), 16)
  store<u64>(out, 0, 20)
  store<u32>(out, 0, 28)
}

export function random(data: usize, length: u32): i32 {
  fillRandom(data, length)
  return <i32>length
}

/** A failed assertion or an uncaught error of the application: says so and where, and ends the thread. */
export function fail(message: usize, length: u32): void {
  applicationFailed(message, length)
}
