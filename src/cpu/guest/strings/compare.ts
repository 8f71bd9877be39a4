/** SCAS and CMPS: as CMP, until the count or the condition of the prefix ends them. SDM Vol. 2A, 2B. */
import { ES } from '../../layout'
import { setFlagsOfCompare } from '../flags'
import { readData } from '../mmu/memory'
import { pending } from '../raise'
import { getGpr, RAX, RDI, RSI } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import * as S from './step'

function signExtend(value: u64, size: u32): i64 {
  const unused = 64 - (size << 3)
  return <i64>(value << unused) >> unused
}

function readElement(cpu: usize, seg: u32, register: u32, size: u32, address: u32): i64 {
  const at = S.elementAddress(cpu, seg, S.getIndex(cpu, register, address), size, false)
  return pending(cpu) ? 0 : signExtend(readData(cpu, at, size), size)
}

/** Whether the prefix ends the repetition after a comparison with this outcome. */
function ends(rep: u32, isEqual: bool): bool {
  return rep == S.REPE ? !isEqual : isEqual
}

/** SCAS: compare RAX with [RDI] */
export function scas(cpu: usize, size: u32, rep: u32, address: u32): i32 {
  const x = signExtend(getGpr(cpu, RAX), size)
  for (let left = S.batch(cpu, rep, address); left > 0; left--) {
    const y = readElement(cpu, ES, RDI, size, address)
    if (pending(cpu)) return EXCEPTION
    setFlagsOfCompare(cpu, x, y, size << 3)
    S.advance(cpu, RDI, address, S.stride(cpu, size))
    if (rep == S.REP_NONE) return CONTINUE
    S.countDown(cpu, address, 1, size)
    if (ends(rep, x == y)) return CONTINUE
    if (S.isTrapped(cpu)) break
  }
  return S.batchStatus(cpu, rep, address)
}

/** CMPS: compare [RSI] with [RDI] */
export function cmps(cpu: usize, size: u32, rep: u32, address: u32, seg: u32): i32 {
  for (let left = S.batch(cpu, rep, address); left > 0; left--) {
    // In this order, as on silicon: it shows in which of two faults is raised.
    const y = readElement(cpu, ES, RDI, size, address)
    if (pending(cpu)) return EXCEPTION
    const x = readElement(cpu, seg, RSI, size, address)
    if (pending(cpu)) return EXCEPTION
    setFlagsOfCompare(cpu, x, y, size << 3)
    S.advance(cpu, RSI, address, S.stride(cpu, size))
    S.advance(cpu, RDI, address, S.stride(cpu, size))
    if (rep == S.REP_NONE) return CONTINUE
    S.countDown(cpu, address, 1, size)
    if (ends(rep, x == y)) return CONTINUE
    if (S.isTrapped(cpu)) break
  }
  return S.batchStatus(cpu, rep, address)
}
