/** MOVS: [RDI] ← [RSI]. SDM Vol. 2B, MOVS and REP. A fault leaves the registers at the element that raised it. */
import { ES } from '../../layout'
import { readData, writeData } from '../mmu/memory'
import { pending } from '../raise'
import { linear } from '../segmentation/limit'
import { RDI, RSI } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { bytesInPage, FAULTED, NOT_RAM, runSource, runTarget } from './run'
import * as S from './step'

function moveElement(cpu: usize, size: u32, address: u32, seg: u32): i32 {
  const from = S.elementAddress(cpu, seg, S.getIndex(cpu, RSI, address), size, false)
  if (pending(cpu)) return EXCEPTION
  const value = readData(cpu, from, size)
  if (pending(cpu)) return EXCEPTION
  const to = S.elementAddress(cpu, ES, S.getIndex(cpu, RDI, address), size, true)
  if (pending(cpu)) return EXCEPTION
  if (writeData(cpu, to, size, value)) return EXCEPTION
  S.advance(cpu, RSI, address, S.stride(cpu, size))
  S.advance(cpu, RDI, address, S.stride(cpu, size))
  return CONTINUE
}

/** The copy that the processor makes, element after element: an overlap ahead repeats the elements between. */
function copy(to: usize, from: usize, bytes: u32, size: u32): void {
  if (to <= from || to >= from + bytes) return memory.copy(to, from, bytes)
  for (let i: u32 = 0; i < bytes; i += size) {
    switch (size) {
      case 1:
        store<u8>(to + i, load<u8>(from + i))
        break
      case 2:
        store<u16>(to + i, load<u16>(from + i))
        break
      case 4:
        store<u32>(to + i, load<u32>(from + i))
        break
      default:
        store<u64>(to + i, load<u64>(from + i))
    }
  }
}

/** Moves what lies before the end of both pages; the number of bytes, 0 when it must go by elements, or -1 when it raised. */
function moveRun(cpu: usize, size: u32, address: u32, seg: u32): i32 {
  const from = linear(cpu, seg, S.getIndex(cpu, RSI, address))
  const to = linear(cpu, ES, S.getIndex(cpu, RDI, address))
  const inFrom = bytesInPage(from)
  const inTo = bytesInPage(to)
  const room = inFrom < inTo ? inFrom : inTo
  const count = S.getCount(cpu, address)
  const elements: u32 = count < room / size ? <u32>count : room / size
  if (elements == 0) return 0
  const bytes = elements * size
  const source = runSource(cpu, from, bytes)
  if (source == FAULTED) return -1
  if (source == NOT_RAM) return 0
  const target = runTarget(cpu, to, bytes)
  if (target == FAULTED) return -1
  if (target == NOT_RAM) return 0
  copy(target, source, bytes, size)
  S.advance(cpu, RSI, address, bytes)
  S.advance(cpu, RDI, address, bytes)
  S.countDown(cpu, address, elements, size)
  return bytes
}

export function movs(cpu: usize, size: u32, rep: u32, address: u32, seg: u32): i32 {
  if (rep == S.REP_NONE) return moveElement(cpu, size, address, seg)
  const canRun = S.isPlain(cpu, seg)
  let work: u32 = 0
  while (S.getCount(cpu, address) != 0) {
    if (work >= S.BYTES_PER_CALL || (work > 0 && S.isTrapped(cpu))) return S.batchStatus(cpu, rep, address)
    const moved = canRun ? moveRun(cpu, size, address, seg) : 0
    if (moved < 0) return EXCEPTION
    if (moved == 0) {
      if (moveElement(cpu, size, address, seg)) return EXCEPTION
      S.countDown(cpu, address, 1, size)
    }
    work += moved ? moved : 32
  }
  return CONTINUE
}
