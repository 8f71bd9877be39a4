/**
 * The application's memory seen from the kernel, in every link mode but those that call the kernel's functions as they are: every pointer is checked
 * against the page tables, and everything is copied through memory of the kernel, so that the application cannot change it
 * meanwhile. With SMAP the copies themselves are the only moment at which the kernel can reach user pages. An application in ring 0 could do as it
 * likes; the checks then find mistakes, and their cost stays what it is behind a trap.
 */
import { clac, stac } from '../lib/cpu'
import { currentThread } from '../task/scheduler'
import { badPointer } from '../trap/offence'
import { applicationFlag, isSmapOn } from './address-space'
import { PAGE_SIZE } from './frames'
import { populate } from './mappings'
import { pageFlags, PRESENT, WRITABLE } from './page-table'

/** Bytes of buffers that one call may carry; longer ones are cut short where the call may do less than asked. */
export const BOUNCE: u32 = 65536

/** Whether every page of the buffer is mapped, the application's, and allows what is asked. */
function isAccessible(address: usize, length: u32, isWrite: bool): bool {
  if (length == 0) return true
  const last = <u64>address + length - 1
  if (last > 0xffff_ffff) return false
  const needed = PRESENT | applicationFlag() | (isWrite ? WRITABLE : 0)
  for (let page = <u64>address & ~(<u64>(PAGE_SIZE - 1)); page <= last; page += PAGE_SIZE)
    if ((pageFlags(<usize>page) & needed) != needed && !populate(<usize>page)) return false
  return true
}

/** The memory through which this thread's buffers travel, `offset` bytes into it. */
function bounce(offset: u32): usize {
  const thread = currentThread()
  if (thread.bounce == 0) thread.bounce = heap.alloc(BOUNCE + 64)
  return thread.bounce + offset
}

/** Stops the thread unless the buffer is accessible. */
export function checkBuffer(
  address: usize,
  length: u32,
  isWrite: bool,
  call: string,
  parameter: string,
): void {
  if (!isAccessible(address, length, isWrite)) badPointer(call, parameter, address, length)
}

/** Kernel memory for a checked buffer of the application, which starts `offset` bytes into the bounce memory. */
export function borrow(offset: u32): usize {
  return bounce(offset)
}

/** Copies a checked buffer into kernel memory. */
export function copyFromUser(to: usize, from: usize, length: u32): void {
  if (isSmapOn()) stac()
  memory.copy(to, from, length)
  if (isSmapOn()) clac()
}

/** Copies kernel memory into a checked buffer. */
export function copyToUser(to: usize, from: usize, length: u32): void {
  if (isSmapOn()) stac()
  memory.copy(to, from, length)
  if (isSmapOn()) clac()
}
