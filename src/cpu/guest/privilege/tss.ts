/** Stack pointers in the TSS of protected mode, in its 16- and 32-bit forms. SDM Vol. 3A, 8.2.1 and 8.6. */
import { TR } from '../../layout'
import { segAttributes } from '../state'
import { readTss } from './stack-target'

function is32(cpu: usize): bool {
  return (segAttributes(cpu, TR) & 8) != 0
}

export function innerStackPointer(cpu: usize, cpl: u32): u64 {
  return is32(cpu) ? readTss(cpu, 4 + 8 * cpl, 4) : readTss(cpu, 2 + 4 * cpl, 2)
}

export function innerStackSelector(cpu: usize, cpl: u32): u32 {
  return <u32>(is32(cpu) ? readTss(cpu, 8 + 8 * cpl, 2) : readTss(cpu, 4 + 4 * cpl, 2))
}
