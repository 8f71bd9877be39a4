/**
 * What the loader tells about memory: the PVH start info (Xen public/arch-x86/hvm/start_info.h) or the multiboot
 * information (Multiboot 0.6.96 §3.3). It is copied at once, because it may lie in memory that is about to be used.
 */
import { addFreeRange, IDENTITY_END, initFrames } from '../mm/frames'
import { imageEnd } from '../lib/image'

const PROTOCOL_PVH: u32 = 0
const START_INFO_MAGIC: u32 = 0x336e_c578
const RAM: u32 = 1
const MULTIBOOT_HAS_MAP: u32 = 1 << 6

const MOST_RANGES: u32 = 64
const LEAST_MEMORY: usize = 0x40_0000

/** Usable RAM below `IDENTITY_END`: u64 start, u64 end for each range. */
const ranges: usize = memory.data(64 * 16, 16)
let rangeCount: u32 = 0
/** PVH gives the root of the ACPI tables, too. */
let rootPointer: usize = 0

export function acpiRoot(): usize {
  return rootPointer
}

function addRange(start: u64, size: u64, type: u32): void {
  const end = min<u64>(start + size, IDENTITY_END)
  if (type != RAM || start >= end || rangeCount == MOST_RANGES) return
  store<u64>(ranges + rangeCount * 16, start)
  store<u64>(ranges + rangeCount * 16, end, 8)
  rangeCount++
}

/** Entries of 24 bytes: u64 address, u64 size, u32 type. */
function readPvh(info: usize): void {
  assert(load<u32>(info) == START_INFO_MAGIC, 'the loader gave no PVH start info')
  rootPointer = <usize>load<u64>(info, 32)
  const map = <usize>load<u64>(info, 40)
  const count = load<u32>(info, 48)
  for (let i: u32 = 0; i < count; i++) {
    const entry = map + i * 24
    addRange(load<u64>(entry), load<u64>(entry, 8), load<u32>(entry, 16))
  }
}

/** Entries that begin with their size, which does not count itself. */
function readMultiboot(info: usize): void {
  assert((load<u32>(info) & MULTIBOOT_HAS_MAP) != 0, 'the loader gave no memory map')
  const start = <usize>load<u32>(info, 48)
  const end = start + load<u32>(info, 44)
  for (let entry = start; entry < end; entry += load<u32>(entry) + 4)
    addRange(load<u64>(entry, 4), load<u64>(entry, 12), load<u32>(entry, 20))
}

/** Reads the loader's information of `protocol`, 0 for PVH and 1 for multiboot. */
export function readLoader(protocol: u32, info: usize): void {
  if (protocol == PROTOCOL_PVH) readPvh(info)
  else readMultiboot(info)
}

/** Gives the RAM behind the image to the frame allocator. What lies below the image stays to the firmware. */
export function initMemory(): void {
  let highest: u64 = 0
  for (let i: u32 = 0; i < rangeCount; i++) highest = max(highest, load<u64>(ranges + i * 16, 8))
  assert(highest >= <u64>(imageEnd() + LEAST_MEMORY), 'too little memory: give the machine at least 16 MiB')
  const usable = initFrames(imageEnd(), <usize>highest)
  for (let i: u32 = 0; i < rangeCount; i++) {
    const start = max<usize>(<usize>load<u64>(ranges + i * 16), usable)
    const end = <usize>load<u64>(ranges + i * 16, 8)
    if (start < end) addFreeRange(start, end)
  }
}
