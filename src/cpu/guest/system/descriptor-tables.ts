/** LGDT, LIDT, SGDT, SIDT and the UMIP check that SLDT, STR and SMSW share. SDM Vol. 2A and 2B. */
import { GDTR, IDTR } from '../../layout'
import { CR4_UMIP } from '../bits'
import { isCanonicalBase } from '../mmu/canonical'
import { probeWriteAs, readData, writeUnaligned } from '../mmu/memory'
import { ACCESS_UNALIGNED, ACCESS_WRITE } from '../mmu/access-kind'
import { explicit } from '../mmu/translate'
import { pending, raiseGp, raiseUd } from '../raise'
import { isRealOrVm86 } from '../segmentation/load'
import { cr4Has, getCpl } from '../state'
import { CONTINUE, EXCEPTION } from '../status'

/** ARPL: it does not exist in real and virtual-8086 mode. */
export function checkProtected(cpu: usize): i32 {
  return isRealOrVm86(cpu) ? raiseUd(cpu) : CONTINUE
}

/** SLDT and STR: they do not exist in real and virtual-8086 mode. */
export function checkSelectorStore(cpu: usize): i32 {
  return isRealOrVm86(cpu) ? raiseUd(cpu) : checkUmip(cpu)
}

export function checkUmip(cpu: usize): i32 {
  return getCpl(cpu) && cr4Has(cpu, CR4_UMIP) ? raiseGp(cpu, 0) : CONTINUE
}

/** Limit (2 bytes), then base: 8 bytes in 64-bit mode, else 4. */
function storeTable(cpu: usize, register: usize, va: u64, size: u32): i32 {
  if (checkUmip(cpu)) return EXCEPTION
  const baseSize: u32 = size == 8 ? 8 : 4
  if (probeWriteAs(cpu, va, 2 + baseSize, explicit(cpu, ACCESS_WRITE) | ACCESS_UNALIGNED)) return EXCEPTION
  if (writeUnaligned(cpu, va, 2, load<u16>(register, 8))) return EXCEPTION
  return writeUnaligned(cpu, va + 2, baseSize, load<u64>(register))
}

/** With 16-bit operand size the base has only 24 bits. */
function loadTable(cpu: usize, register: usize, va: u64, size: u32): i32 {
  if (getCpl(cpu)) return raiseGp(cpu, 0)
  const limit = readData(cpu, va, 2)
  if (pending(cpu)) return EXCEPTION
  let base = readData(cpu, va + 2, size == 8 ? 8 : 4)
  if (pending(cpu)) return EXCEPTION
  if (size == 8 && !isCanonicalBase(cpu, base)) return raiseGp(cpu, 0)
  if (size == 2) base &= 0xff_ffff
  store<u64>(register, base)
  store<u32>(register, <u32>limit, 8)
  return CONTINUE
}

export function sgdt(cpu: usize, va: u64, size: u32): i32 {
  return storeTable(cpu, cpu + GDTR, va, size)
}

export function sidt(cpu: usize, va: u64, size: u32): i32 {
  return storeTable(cpu, cpu + IDTR, va, size)
}

export function lgdt(cpu: usize, va: u64, size: u32): i32 {
  return loadTable(cpu, cpu + GDTR, va, size)
}

export function lidt(cpu: usize, va: u64, size: u32): i32 {
  return loadTable(cpu, cpu + IDTR, va, size)
}
