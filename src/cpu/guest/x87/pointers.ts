/**
 * FOP and FDP. As processors with CPUID.07H.00H:EBX.FDP_EXCPTN_ONLY do: only an instruction that finds an exception that is not masked leaves its opcode and the
 * address of its operand behind. FIP follows every instruction but control ones. SDM Vol. 1, 8.1.8 and 8.1.9.
 */
import * as L from '../../layout'
import { ACCESS_FETCH } from '../mmu/access-kind'
import { read } from '../mmu/memory'
import { explicit } from '../mmu/translate'
import { pending } from '../raise'
import { getRip, segBase } from '../state'

const LONGEST: u64 = 15

/** An escape opcode is D8 … DF; whatever comes before it is a prefix. */
function isEscape(byte: u32): bool {
  return (byte & 0xf8) == 0xd8
}

/** For the instruction at RIP, which has just been fetched. */
export function keepPointers(cpu: usize): void {
  const start = segBase(cpu, L.CS) + getRip(cpu)
  const access = explicit(cpu, ACCESS_FETCH)
  for (let at: u64 = 0; at < LONGEST; at++) {
    const escape = <u32>read(cpu, start + at, 1, access)
    if (pending(cpu)) break
    if (!isEscape(escape)) continue
    const modrm = <u32>read(cpu, start + at + 1, 1, access)
    if (pending(cpu)) break
    store<u16>(cpu, ((escape & 7) << 8) | modrm, L.FOP)
    if (modrm < 0xc0) store<u64>(cpu, load<u64>(cpu, L.FPU_OPERAND), L.FDP)
    return
  }
  store<u32>(cpu, 0, L.EXC_PENDING)
}
