/** The task-state segment of protected mode, as tables: where each register stands in its 16- and 32-bit forms. SDM Vol. 3A, 8.2.1 and 8.6. */
import { ACCESS_IMPLICIT, ACCESS_WRITE } from '../mmu/access-kind'
import { probeWriteAs, readSystem, writeSystem } from '../mmu/memory'
import { getGpr, segSelector } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { pending } from '../raise'

/** Bytes that a task-state segment has at least. */
export function sizeOf(is32: bool): u32 {
  return is32 ? 104 : 44
}

/* What is read of the incoming task before anything changes; scratch of one switch. Indexes: registers as instructions encode them. */
const registers: usize = memory.data(32)
const selectors: usize = memory.data(24)
let newEip: u32 = 0
let newFlags: u32 = 0
let newLdt: u32 = 0
let newCr3: u32 = 0
let newTrap: bool = false

export function incomingGpr(n: u32): u64 {
  return load<u32>(registers + ((<usize>n) << 2))
}

export function incomingSelector(seg: u32): u32 {
  return load<u32>(selectors + ((<usize>seg) << 2))
}

export function incomingEip(): u64 {
  return newEip
}

export function incomingFlags(): u64 {
  return newFlags
}

export function incomingLdt(): u32 {
  return newLdt
}

export function incomingCr3(): u64 {
  return newCr3
}

/** The T bit: a debug trap before the task's first instruction. */
export function incomingTrap(): bool {
  return newTrap
}

/** Reads the whole segment at `base`; EXCEPTION when some of it cannot be read. */
export function readTask(cpu: usize, base: u64, is32: bool): i32 {
  const width: u32 = is32 ? 4 : 2
  newEip = <u32>readSystem(cpu, base + (is32 ? 32 : 14), width)
  if (pending(cpu)) return EXCEPTION
  newFlags = <u32>readSystem(cpu, base + (is32 ? 36 : 16), width)
  if (pending(cpu)) return EXCEPTION
  for (let n: u32 = 0; n < 8; n++) {
    const value = <u32>readSystem(cpu, base + (is32 ? 40 : 18) + n * width, width)
    if (pending(cpu)) return EXCEPTION
    // A 16-bit task finds ones in the upper halves.
    store<u32>(registers + ((<usize>n) << 2), is32 ? value : value | 0xffff_0000)
  }
  const segments: u32 = is32 ? 6 : 4
  for (let seg: u32 = 0; seg < 6; seg++) {
    const value = seg < segments ? <u32>readSystem(cpu, base + (is32 ? 72 : 34) + seg * width, 2) : 0
    if (pending(cpu)) return EXCEPTION
    store<u32>(selectors + ((<usize>seg) << 2), value)
  }
  newLdt = <u32>readSystem(cpu, base + (is32 ? 96 : 42), 2)
  newTrap = false
  if (pending(cpu)) return EXCEPTION
  if (!is32) return CONTINUE
  newCr3 = <u32>readSystem(cpu, base + 28, 4)
  if (pending(cpu)) return EXCEPTION
  newTrap = (readSystem(cpu, base + 100, 2) & 1) != 0
  return pending(cpu) ? EXCEPTION : CONTINUE
}

/** Whether `saveTask` will succeed. */
export function probeTask(cpu: usize, base: u64, is32: bool): i32 {
  return probeWriteAs(cpu, base, sizeOf(is32), ACCESS_WRITE | ACCESS_IMPLICIT)
}

/** Writes the outgoing task's dynamic fields; `probeTask` has said that it can. */
export function saveTask(cpu: usize, base: u64, is32: bool, eip: u64, flags: u64): void {
  const width: u32 = is32 ? 4 : 2
  writeSystem(cpu, base + (is32 ? 32 : 14), width, eip)
  writeSystem(cpu, base + (is32 ? 36 : 16), width, flags)
  for (let n: u32 = 0; n < 8; n++) {
    writeSystem(cpu, base + (is32 ? 40 : 18) + n * width, width, getGpr(cpu, n))
  }
  const segments: u32 = is32 ? 6 : 4
  for (let seg: u32 = 0; seg < segments; seg++) {
    writeSystem(cpu, base + (is32 ? 72 : 34) + seg * width, 2, segSelector(cpu, seg))
  }
}

/** Whether descriptor attributes say a task-state segment of 32 bits. */
export function isWide(attributes: u32): bool {
  return (attributes & 8) != 0
}
