/** Guest-physical memory: RAM directly, everything else through the host. */
import { PAGE_FLAGS, RAM_BASE, RAM_SIZE } from '../../layout'
import { CLOSED_ADDRESS_BITS } from '../private'
import { codeWritten, mmioRead, mmioRead64, mmioWrite, mmioWrite64 } from '../host'

/** PAGE_FLAGS: the page has decoded blocks. */
export const PAGE_CODE: u32 = 1
/** PAGE_FLAGS: the page is ROM; writes are dropped. */
export const PAGE_ROM: u32 = 2
/** PAGE_FLAGS: the bus answers instead of RAM. */
export const PAGE_DEVICE: u32 = 4
/** PAGE_FLAGS: not written since the host has last looked. */
export const PAGE_CLEAN: u32 = 8

/** A guest-physical address as it leaves the processor: gate A20 may hold bit 20 at zero. SDM Vol. 3A, 9.1.1 (A20M#). */
export function throughA20(cpu: usize, gpa: u64): u64 {
  return gpa & ~load<u64>(cpu, CLOSED_ADDRESS_BITS)
}

/** Whether RAM (or ROM in its place) answers; the bytes lie within one page. */
export function isRam(cpu: usize, gpa: u64, size: u32): bool {
  const ram = <u64>load<u32>(cpu, RAM_SIZE)
  return gpa < ram && ram - gpa >= <u64>size && !(pageFlags(cpu, gpa) & PAGE_DEVICE)
}

/** Linear address of a byte of RAM. */
export function ramAddress(cpu: usize, gpa: u64): usize {
  return <usize>load<u32>(cpu, RAM_BASE) + <usize>gpa
}

/** PAGE_FLAGS of a page of RAM. */
export function pageFlags(cpu: usize, gpa: u64): u32 {
  return load<u8>(<usize>load<u32>(cpu, PAGE_FLAGS) + <usize>(gpa >> 12))
}

/** The page of RAM is about to be written, or may soon be without anybody hearing of it. */
export function noteWrite(cpu: usize, gpa: u64): void {
  if (!isRam(cpu, gpa & ~0xfff, 4096)) return
  const at = <usize>load<u32>(cpu, PAGE_FLAGS) + <usize>(gpa >> 12)
  store<u8>(at, load<u8>(at) & ~PAGE_CLEAN)
}

/** `bytes` of a page of RAM are about to be written: whoever keeps decoded code of them, or waits for the page's first change, hears of it. */
function announceWrite(cpu: usize, gpa: u64, bytes: u32, flags: u32): void {
  if (flags & PAGE_CLEAN) noteWrite(cpu, gpa)
  if (flags & PAGE_CODE) codeWritten(cpu, <f64>gpa, bytes)
}

/** Where to write `bytes` that lie within one page, now; 0 when it is not writable RAM. */
export function ramToWrite(cpu: usize, gpa: u64, bytes: u32): usize {
  if (!isRam(cpu, gpa, bytes)) return 0
  const flags = pageFlags(cpu, gpa)
  if (flags & PAGE_ROM) return 0
  announceWrite(cpu, gpa, bytes, flags)
  return ramAddress(cpu, gpa)
}

/** Reads 1, 2, 4 or 8 bytes that lie within one page, zero-extended. */
export function readPhysical(cpu: usize, gpa: u64, size: u32): u64 {
  if (!isRam(cpu, gpa, size)) return readDevice(cpu, gpa, size)
  const at = ramAddress(cpu, gpa)
  switch (size) {
    case 1:
      return load<u8>(at)
    case 2:
      return load<u16>(at)
    case 4:
      return load<u32>(at)
    default:
      return load<u64>(at)
  }
}

/** Writes 1, 2, 4 or 8 bytes that lie within one page. */
export function writePhysical(cpu: usize, gpa: u64, size: u32, value: u64): void {
  if (!isRam(cpu, gpa, size)) return writeDevice(cpu, gpa, size, value)
  const flags = pageFlags(cpu, gpa)
  if (flags & PAGE_ROM) return
  announceWrite(cpu, gpa, size, flags)
  const at = ramAddress(cpu, gpa)
  switch (size) {
    case 1:
      store<u8>(at, <u8>value)
      break
    case 2:
      store<u16>(at, <u16>value)
      break
    case 4:
      store<u32>(at, <u32>value)
      break
    default:
      store<u64>(at, value)
  }
}

function readDevice(cpu: usize, gpa: u64, size: u32): u64 {
  if (size == 8) return mmioRead64(cpu, <f64>gpa)
  const value = <u64>mmioRead(cpu, <f64>gpa, size)
  return size == 4 ? value : value & (((<u64>1) << (size << 3)) - 1)
}

function writeDevice(cpu: usize, gpa: u64, size: u32, value: u64): void {
  if (size == 8) return mmioWrite64(cpu, <f64>gpa, value)
  mmioWrite(cpu, <f64>gpa, size, <u32>value)
}
