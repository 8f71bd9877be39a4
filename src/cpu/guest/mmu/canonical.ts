/** Which linear addresses there are: canonical form, and LASS. SDM Vol. 1, 3.3.7.1; Vol. 3A, 4.5 and 4.13 (linear-address-space separation). */
import { CR4_LA57, CR4_LASS } from '../bits'
import { cr4Has, longMode, modelHas } from '../state'
import { ACCESS_FETCH } from './access-kind'
import { CLASS_SUPERVISOR_ANY, CLASS_USER } from './tlb'

function signExtends(va: u64, bits: u64): bool {
  const unused = 64 - bits
  return <u64>(((<i64>va) << unused) >> unused) == va
}

/** Canonical for an access or for RIP: with 48 significant bits, or 57 under CR4.LA57. */
export function isCanonical(cpu: usize, va: u64): bool {
  return signExtends(va, cr4Has(cpu, CR4_LA57) ? 57 : 48)
}

/**
 * Canonical for what is kept rather than accessed: bases of segments and descriptor tables, addresses in MSRs, the operands of TLB
 * invalidations. A processor that has 57-bit addresses takes them there whatever CR4.LA57 says.
 */
export function isCanonicalBase(cpu: usize, va: u64): bool {
  return signExtends(va, modelHas(cpu, CR4_LA57) ? 57 : 48)
}

/**
 * Whether LASS lets an access of this class reach `va`: programs stay in the lower half, the supervisor fetches from the upper half and, where
 * SMAP would close user pages, stays there with data too. Paging plays no part in it.
 */
export function lassAllows(cpu: usize, kind: u32, va: u64, access: u32): bool {
  if (!cr4Has(cpu, CR4_LASS) || !longMode(cpu)) return true
  const isUpper = va >> 63 != 0
  if (kind == CLASS_USER) return !isUpper
  return isUpper || (!(access & ACCESS_FETCH) && kind == CLASS_SUPERVISOR_ANY)
}
