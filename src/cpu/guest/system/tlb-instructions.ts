/** INVLPG, INVPCID, WBINVD. SDM Vol. 2A; Vol. 3A, 4.10.4.1. */
import { CR4_PCIDE } from '../bits'
import { isCanonicalBase } from '../mmu/canonical'
import { readData } from '../mmu/memory'
import { flushNonGlobal, flushPage, flushTlb } from '../mmu/tlb'
import { pending, raiseGp } from '../raise'
import { cr4Has, getCpl, getNextRip, setRip } from '../state'
import { CONTINUE, EXCEPTION, JUMP } from '../status'

export function invlpg(cpu: usize, va: u64): i32 {
  if (getCpl(cpu)) return raiseGp(cpu, 0)
  flushPage(cpu, va)
  setRip(cpu, getNextRip(cpu))
  return JUMP
}

/** `kind`: 0 one address, 1 one PCID, 2 everything, 3 everything but global pages; `va`: the 16-byte descriptor. */
export function invpcid(cpu: usize, kind: u64, va: u64): i32 {
  if (getCpl(cpu)) return raiseGp(cpu, 0)
  const pcid = readData(cpu, va, 8)
  if (pending(cpu)) return EXCEPTION
  const address = readData(cpu, va + 8, 8)
  if (pending(cpu)) return EXCEPTION
  if (kind > 3 || pcid >> 12) return raiseGp(cpu, 0)
  if (kind < 2 && pcid != 0 && !cr4Has(cpu, CR4_PCIDE)) return raiseGp(cpu, 0)
  if (kind == 0 && !isCanonicalBase(cpu, address)) return raiseGp(cpu, 0)
  if (kind == 0) flushPage(cpu, address)
  else if (kind == 2) flushTlb(cpu)
  else flushNonGlobal(cpu)
  setRip(cpu, getNextRip(cpu))
  return JUMP
}

/** There are no caches to write back. */
export function wbinvd(cpu: usize): i32 {
  return getCpl(cpu) ? raiseGp(cpu, 0) : CONTINUE
}
