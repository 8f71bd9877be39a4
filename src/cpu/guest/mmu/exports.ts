/** The slow paths that generated code calls when the TLB has no tag for an access. */
import { pending, raiseGp } from '../raise'
import { CONTINUE, EXCEPTION } from '../status'
import { ACCESS_FETCH, ACCESS_WRITE } from './access-kind'
import { probeWriteAs, readData, readUnaligned, writeData, writeUnaligned } from './memory'
import { explicit, isAddressable, translate } from './translate'

export function load8(cpu: usize, va: u64): u64 {
  return readData(cpu, va, 1)
}

export function load16(cpu: usize, va: u64): u64 {
  return readData(cpu, va, 2)
}

export function load32(cpu: usize, va: u64): u64 {
  return readData(cpu, va, 4)
}

export function load64(cpu: usize, va: u64): u64 {
  return readData(cpu, va, 8)
}

export function store8(cpu: usize, va: u64, value: u64): i32 {
  return writeData(cpu, va, 1, value)
}

export function store16(cpu: usize, va: u64, value: u64): i32 {
  return writeData(cpu, va, 2, value)
}

export function store32(cpu: usize, va: u64, value: u64): i32 {
  return writeData(cpu, va, 4, value)
}

export function store64(cpu: usize, va: u64, value: u64): i32 {
  return writeData(cpu, va, 8, value)
}

/** 16 bytes of guest memory to the linear address `to`. */
export function load128(cpu: usize, va: u64, to: usize): i32 {
  const low = readUnaligned(cpu, va, 8)
  if (pending(cpu)) return EXCEPTION
  const high = readUnaligned(cpu, va + 8, 8)
  if (pending(cpu)) return EXCEPTION
  store<u64>(to, low)
  store<u64>(to, high, 8)
  return CONTINUE
}

/** 16 bytes at the linear address `from` to guest memory, all of them or none. */
export function store128(cpu: usize, va: u64, from: usize): i32 {
  if (probeWrite(cpu, va, 16)) return EXCEPTION
  writeUnaligned(cpu, va, 8, load<u64>(from))
  return writeUnaligned(cpu, va + 8, 8, load<u64>(from, 8))
}

export function probeWrite(cpu: usize, va: u64, size: u32): i32 {
  return probeWriteAs(cpu, va, size, explicit(cpu, ACCESS_WRITE))
}

/** Guest-physical address of the code byte at `va`, or -1. */
export function translateExec(cpu: usize, va: u64): u64 {
  const access = explicit(cpu, ACCESS_FETCH)
  if (isAddressable(cpu, va, 1, access)) return translate(cpu, va, access)
  raiseGp(cpu, 0)
  return ~(<u64>0)
}
