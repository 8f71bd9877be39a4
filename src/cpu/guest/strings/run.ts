/** Runs: as many elements as lie in the pages that an address is in now, so that MOVS and STOS can work on RAM at once. */
import { ACCESS_READ, ACCESS_WRITE } from '../mmu/access-kind'
import { isRam, pageFlags, ramAddress } from '../mmu/physical'
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

/** Linear address in the wasm memory of the byte at `va`, when the rest of its page is RAM that needs no attention. */
export function ramForRun(cpu: usize, va: u64, isWrite: bool): usize {
  const access = explicit(cpu, isWrite ? ACCESS_WRITE : ACCESS_READ)
  if (!isAddressable(cpu, va, 1, access)) return NOT_RAM
  const gpa = translate(cpu, va, access)
  if (gpa == NO_TRANSLATION) return FAULTED
  if (!isRam(cpu, gpa & ~0xfff, 4096) || (isWrite && pageFlags(cpu, gpa))) return NOT_RAM
  return ramAddress(cpu, gpa)
}
