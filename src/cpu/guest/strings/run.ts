/** Runs: as many elements as lie in the pages that an address is in now, so that MOVS and STOS can work on RAM at once. */
import { ACCESS_READ, ACCESS_WRITE } from '../mmu/access-kind'
import { isRam, ramAddress, ramToWrite } from '../mmu/physical'
import { explicit, isAddressable, translate } from '../mmu/translate'
import { NO_TRANSLATION } from '../mmu/walk'

/** The address is not ordinary RAM for this access; go element by element. */
export const NOT_RAM: usize = 0
/** Translating it has raised. */
export const FAULTED: usize = ~(<usize>0)

/** Bytes from `va` to the end of its page. */
export function bytesInPage(va: u64): u32 {
  const inPage = <u32>va & 0xfff
  return 0x1000 - inPage
}

/** Linear address in the wasm memory of the `bytes` at `va`, which lie within one page, to read from. */
export function runSource(cpu: usize, va: u64, bytes: u32): usize {
  const access = explicit(cpu, ACCESS_READ)
  if (!isAddressable(cpu, va, bytes, access)) return NOT_RAM
  const gpa = translate(cpu, va, access)
  if (gpa == NO_TRANSLATION) return FAULTED
  return isRam(cpu, gpa, bytes) ? ramAddress(cpu, gpa) : NOT_RAM
}

/**
 * The same, to write to, at once. That the page holds decoded code makes no difference to how far a run goes: what the host keeps must not decide where an
 * instruction that overwrites itself is read again.
 */
export function runTarget(cpu: usize, va: u64, bytes: u32): usize {
  const access = explicit(cpu, ACCESS_WRITE)
  if (!isAddressable(cpu, va, bytes, access)) return NOT_RAM
  const gpa = translate(cpu, va, access)
  return gpa == NO_TRANSLATION ? FAULTED : ramToWrite(cpu, gpa, bytes)
}
