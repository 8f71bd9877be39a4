/** RDPKRU and WRPKRU. SDM Vol. 2B, RDPKRU; Vol. 2D, WRPKRU. */
import { PKRU } from '../../layout'
import { CR4_PKE } from '../bits'
import { setPkru } from '../mmu/protection-keys'
import { raiseGp, raiseUd } from '../raise'
import { cr4Has, getGpr, RAX, RCX, RDX, setGpr32 } from '../state'
import { CONTINUE } from '../status'

export function rdpkru(cpu: usize): i32 {
  if (!cr4Has(cpu, CR4_PKE)) return raiseUd(cpu)
  if (<u32>getGpr(cpu, RCX)) return raiseGp(cpu, 0)
  setGpr32(cpu, RAX, load<u32>(cpu, PKRU))
  setGpr32(cpu, RDX, 0)
  return CONTINUE
}

export function wrpkru(cpu: usize): i32 {
  if (!cr4Has(cpu, CR4_PKE)) return raiseUd(cpu)
  if (<u32>getGpr(cpu, RCX) || <u32>getGpr(cpu, RDX)) return raiseGp(cpu, 0)
  setPkru(cpu, <u32>getGpr(cpu, RAX))
  return CONTINUE
}
