/**
 * The kernel's one lock. Kernel code runs with interrupts on but is never preempted: an interrupt that finds the
 * processor inside the kernel only notes what it has to say, and the kernel attends to it on its way out. So kernel
 * data needs no further locks, and every wait inside the kernel is an explicit call of the scheduler.
 *
 * The words below change under interrupts, hence the volatile accesses.
 */
import { read32, read8, write32, write8 } from '../lib/cpu'
import { attend } from './attend'
import { yieldThread } from './scheduler'
import { runUpcalls } from './upcall'

const words: usize = memory.data(16, 16)
const DEPTH: usize = words
/** One byte for each source of events. */
const PENDING: usize = words + 4
/** A byte each, in one word: another thread is to run; the running thread has an upcall to run. */
const WISHES: usize = words + 8
const RESCHEDULE: usize = WISHES
const UPCALL: usize = WISHES + 1

export const EVENT_TIMER: usize = 0
export const EVENT_NETWORK: usize = 1
/** Frames of `mm/reserve.ts` were taken. */
export const EVENT_RESERVE: usize = 2

/** Notes an event; called by interrupt handlers. */
export function note(event: usize): void {
  write8(PENDING + event, 1)
}

/** Whether `event` was noted; forgets it. */
export function takeNote(event: usize): bool {
  if (read8(PENDING + event) == 0) return false
  write8(PENDING + event, 0)
  return true
}

export function hasNotes(): bool {
  return read32(PENDING) != 0
}

/** Asks that another thread gets the processor when the kernel is left. */
export function requestReschedule(on: bool): void {
  write8(RESCHEDULE, on ? 1 : 0)
}

/** Whether the running thread is to run an upcall when the kernel is left. */
export function setUpcallDue(on: bool): void {
  write8(UPCALL, on ? 1 : 0)
}

export function isInKernel(): bool {
  return read32(DEPTH) != 0
}

/** How often the kernel has been entered; the scheduler keeps it for each thread. */
export function criticalDepth(): u32 {
  return read32(DEPTH)
}

export function setCriticalDepth(depth: u32): void {
  write32(DEPTH, depth)
}

export function enterKernel(): void {
  write32(DEPTH, read32(DEPTH) + 1)
}

/** Leaves the kernel; at the outermost level first attends to what interrupts have noted. */
export function leaveKernel(): void {
  const depth = read32(DEPTH) - 1
  write32(DEPTH, depth)
  if (depth == 0 && (read32(PENDING) | read32(WISHES)) != 0) catchUp()
}

/** The same at the outermost level and without upcalls. */
export function leaveForApplication(): void {
  write32(DEPTH, 0)
  if ((read32(PENDING) | read8(RESCHEDULE)) != 0) attendToAll()
}

/** Attends to everything that is noted, lets another thread run if that was asked for, and runs the upcalls of this one. */
export function catchUp(): void {
  attendToAll()
  while (read8(UPCALL) != 0 && runUpcalls()) {}
}

function attendToAll(): void {
  do {
    write32(DEPTH, 1)
    while (read32(PENDING) != 0) attend()
    if (read8(RESCHEDULE) != 0) yieldThread()
    write32(DEPTH, 0)
    // An interrupt from here on finds the processor outside of the kernel and attends to itself.
  } while ((read32(PENDING) | read8(RESCHEDULE)) != 0)
}
