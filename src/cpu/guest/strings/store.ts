/** STOS and LODS. SDM Vol. 2B. */
import { ES } from '../../layout'
import { readData, writeData } from '../mmu/memory'
import { pending } from '../raise'
import { linear } from '../segmentation/limit'
import { getGpr, RAX, RDI, RSI, setGpr } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { bytesInPage, FAULTED, NOT_RAM, runTarget } from './run'
import * as S from './step'

function storeElement(cpu: usize, size: u32, address: u32): i32 {
  const to = S.elementAddress(cpu, ES, S.getIndex(cpu, RDI, address), size, true)
  if (pending(cpu)) return EXCEPTION
  if (writeData(cpu, to, size, getGpr(cpu, RAX))) return EXCEPTION
  S.advance(cpu, RDI, address, S.stride(cpu, size))
  return CONTINUE
}

function fill(to: usize, bytes: u32, size: u32, value: u64): void {
  if (size == 1) return memory.fill(to, <u8>value, bytes)
  for (let i: u32 = 0; i < bytes; i += size) {
    switch (size) {
      case 2:
        store<u16>(to + i, <u16>value)
        break
      case 4:
        store<u32>(to + i, <u32>value)
        break
      default:
        store<u64>(to + i, value)
    }
  }
}

/** As `moveRun`. */
function storeRun(cpu: usize, size: u32, address: u32): i32 {
  const to = linear(cpu, ES, S.getIndex(cpu, RDI, address))
  const room = bytesInPage(to)
  const count = S.getCount(cpu, address)
  const elements: u32 = count < room / size ? <u32>count : room / size
  if (elements == 0) return 0
  const bytes = elements * size
  const target = runTarget(cpu, to, bytes)
  if (target == FAULTED) return -1
  if (target == NOT_RAM) return 0
  fill(target, bytes, size, getGpr(cpu, RAX))
  S.advance(cpu, RDI, address, bytes)
  S.countDown(cpu, address, elements, size)
  return bytes
}

/** STOS: [RDI] ← RAX */
export function stos(cpu: usize, size: u32, rep: u32, address: u32): i32 {
  if (rep == S.REP_NONE) return storeElement(cpu, size, address)
  const canRun = S.isPlain(cpu, ES)
  let work: u32 = 0
  while (S.getCount(cpu, address) != 0) {
    if (work >= S.BYTES_PER_CALL || (work > 0 && S.isTrapped(cpu))) return S.batchStatus(cpu, rep, address)
    const moved = canRun ? storeRun(cpu, size, address) : 0
    if (moved < 0) return EXCEPTION
    if (moved == 0) {
      if (storeElement(cpu, size, address)) return EXCEPTION
      S.countDown(cpu, address, 1, size)
    }
    work += moved ? moved : 32
  }
  return CONTINUE
}

function setAccumulator(cpu: usize, size: u32, value: u64): void {
  if (size >= 4) return setGpr(cpu, RAX, value)
  const mask: u64 = size == 1 ? 0xff : 0xffff
  setGpr(cpu, RAX, (getGpr(cpu, RAX) & ~mask) | value)
}

/** LODS: RAX ← [RSI] */
export function lods(cpu: usize, size: u32, rep: u32, address: u32, seg: u32): i32 {
  for (let left = S.batch(cpu, rep, address); left > 0; left--) {
    const from = S.elementAddress(cpu, seg, S.getIndex(cpu, RSI, address), size, false)
    if (pending(cpu)) return EXCEPTION
    const value = readData(cpu, from, size)
    if (pending(cpu)) return EXCEPTION
    setAccumulator(cpu, size, value)
    S.advance(cpu, RSI, address, S.stride(cpu, size))
    if (rep != S.REP_NONE) S.countDown(cpu, address, 1, size)
    if (S.isTrapped(cpu)) break
  }
  return S.batchStatus(cpu, rep, address)
}
