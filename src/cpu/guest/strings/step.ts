/** What the string instructions share: the index and count registers, the direction, and how much one call may do. */
import * as L from '../../layout'
import { COUNT_STRING_BYTES } from '../../counters'
import { DF, TF } from '../bits'
import { DEBUG_PENDING, RESUME_RETIRED, WATCH, WATCH_DATA } from '../private'
import { checksAlignment } from '../mmu/alignment'
import { checkSegment, linear } from '../segmentation/limit'
import { getGpr, RCX, setGpr, systemFlags } from '../state'
import { AGAIN, CONTINUE, EXCEPTION } from '../status'
import { addCount } from '../trace'

/** Bytes that one call may move before it lets the run loop look at budget and interrupts. */
export const BYTES_PER_CALL: u32 = 65536
/** Elements that one call handles one by one. */
export const ELEMENTS_PER_CALL: u32 = 4096

/** REP prefixes of the contract. */
export const REP_NONE: u32 = 0
export const REPE: u32 = 1
export const REPNE: u32 = 2

/** Bits of an index or count register that an address size (in bytes) uses. */
export function addressMask(address: u32): u64 {
  if (address == 8) return ~(<u64>0)
  return address == 4 ? 0xffff_ffff : 0xffff
}

export function getIndex(cpu: usize, register: u32, address: u32): u64 {
  return getGpr(cpu, register) & addressMask(address)
}

/** 32-bit registers clear their high half, 16-bit ones leave the rest. */
export function setIndex(cpu: usize, register: u32, address: u32, value: u64): void {
  const mask = addressMask(address)
  const kept: u64 = address == 2 ? getGpr(cpu, register) & ~mask : 0
  setGpr(cpu, register, kept | (value & mask))
}

/** Bytes from one element to the next, negative when RFLAGS.DF is set. */
export function stride(cpu: usize, size: u32): i64 {
  return systemFlags(cpu) & DF ? -(<i64>size) : <i64>size
}

export function advance(cpu: usize, register: u32, address: u32, bytes: i64): void {
  setIndex(cpu, register, address, getGpr(cpu, register) + <u64>bytes)
}

export function getCount(cpu: usize, address: u32): u64 {
  return getIndex(cpu, RCX, address)
}

/** `elements` of `size` bytes are done. */
export function countDown(cpu: usize, address: u32, elements: u64, size: u32): void {
  addCount(cpu, COUNT_STRING_BYTES, elements * size)
  setIndex(cpu, RCX, address, getGpr(cpu, RCX) - elements)
}

/** How many elements this call handles at most. */
export function batch(cpu: usize, rep: u32, address: u32): u32 {
  if (rep == REP_NONE || systemFlags(cpu) & TF) return 1
  const count = getCount(cpu, address)
  return count > ELEMENTS_PER_CALL ? ELEMENTS_PER_CALL : <u32>count
}

/** A single step or a breakpoint ends the batch after its element. */
export function isTrapped(cpu: usize): bool {
  return load<u32>(cpu, DEBUG_PENDING) != 0
}

/** After a batch: whether the instruction is complete. If not, the flags that an interrupt pushes have RF set. Vol. 3B, 17.3.1.1. */
export function batchStatus(cpu: usize, rep: u32, address: u32): i32 {
  if (rep == REP_NONE || getCount(cpu, address) == 0) return CONTINUE
  store<u64>(cpu, load<u64>(cpu, L.RETIRED), RESUME_RETIRED)
  return AGAIN
}

/** Whether runs of elements may be handled at once: forwards, and no segment or alignment to check. `seg`: the source's segment. */
export function isPlain(cpu: usize, seg: u32): bool {
  const mode = load<u32>(cpu, L.MODE)
  const isChecked =
    (mode & L.MODE_CODE) != L.MODE_CODE64 && (mode & L.MODE_SEGMENTED || seg == L.FS || seg == L.GS)
  if (checksAlignment(cpu)) return false
  return !(systemFlags(cpu) & (DF | TF)) && !isChecked && !(load<u32>(cpu, WATCH) & WATCH_DATA)
}

/** Linear address of an element, after the segment checks; NO_ADDRESS when they raised. */
export const NO_ADDRESS: u64 = 0x8000_0000_0000_0000

export function elementAddress(cpu: usize, seg: u32, offset: u64, size: u32, isWrite: bool): u64 {
  if (checkSegment(cpu, seg, offset, size, isWrite) == EXCEPTION) return NO_ADDRESS
  return linear(cpu, seg, offset)
}
