/** Protection keys: PKRU for user pages, IA32_PKRS for supervisor pages. SDM Vol. 3A, 4.6.2. */
import { PKRS, PKRU } from '../../layout'
import { CR0_WP, CR4_PKE, CR4_PKS } from '../bits'
import { cr0Has, cr4Has } from '../state'
import { PAGING_4LEVEL } from './format'
import { CLASS_USER, forgetTranslations } from './tlb'

const ACCESS_DISABLE: u32 = 1
const WRITE_DISABLE: u32 = 2
const KEY_SHIFT: u64 = 59

/** What a page's key forbids to data accesses of a class: bit 0 reads and writes, bit 1 writes. */
export function keyDenies(cpu: usize, format: u32, kind: u32, isUserPage: bool, leaf: u64): u32 {
  if (format < PAGING_4LEVEL || !cr4Has(cpu, isUserPage ? CR4_PKE : CR4_PKS)) return 0
  const rights = isUserPage ? load<u32>(cpu, PKRU) : load<u32>(cpu, PKRS)
  const key = <u32>(leaf >> KEY_SHIFT) & 15
  const denied = (rights >> (key * 2)) & (ACCESS_DISABLE | WRITE_DISABLE)
  if (denied & ACCESS_DISABLE) return ACCESS_DISABLE | WRITE_DISABLE
  // Like the R/W bit, the key's write-disable bit binds the supervisor only under CR0.WP.
  return kind == CLASS_USER || cr0Has(cpu, CR0_WP) ? denied : 0
}

export function keyDeniesRead(denied: u32): bool {
  return (denied & ACCESS_DISABLE) != 0
}

export function keyDeniesWrite(denied: u32): bool {
  return denied != 0
}

/** Writes PKRU; TLB tags hold the rights of the old value. Also for XRSTOR. */
export function setPkru(cpu: usize, value: u32): void {
  const old = load<u32>(cpu, PKRU)
  store<u32>(cpu, value, PKRU)
  if (old != value && cr4Has(cpu, CR4_PKE)) forgetTranslations(cpu)
}

/** Writes IA32_PKRS. */
export function setPkrs(cpu: usize, value: u32): void {
  store<u32>(cpu, value, PKRS)
  if (cr4Has(cpu, CR4_PKS)) forgetTranslations(cpu)
}
