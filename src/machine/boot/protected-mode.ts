import type { Cpu } from '../../cpu/cpu.ts'
import * as L from '../../cpu/layout.ts'
import type { BootState } from './boot.ts'

/** Attributes as in a descriptor: present, 32-bit, limit in pages; code and data with the accessed bit. */
const FLAT_CODE = 0xc09b
const FLAT_DATA = 0xc093
const BUSY_TSS = 0x008b
const CODE_SELECTOR = 0x10
const DATA_SELECTOR = 0x18
const CR0_PE_ET = 0x11n
const RAX = 0
const RBX = 3

/**
 * The state in which both PVH and multiboot start a kernel: protected mode, flat 4 GiB segments whose selectors mean nothing,
 * no paging, no interrupts.
 */
export function startProtectedMode(cpu: Cpu, state: BootState): void {
  const flat = (selector: number, attributes: number) => ({
    selector,
    base: 0n,
    limit: 0xffff_ffff,
    attributes,
  })
  cpu.setSegment(L.CS, flat(CODE_SELECTOR, FLAT_CODE))
  for (const segment of [L.DS, L.ES, L.FS, L.GS, L.SS])
    cpu.setSegment(segment, flat(DATA_SELECTOR, FLAT_DATA))
  cpu.setSegment(L.TR, { selector: 0, base: 0n, limit: 0x67, attributes: BUSY_TSS })
  cpu.setState64(L.CR0, CR0_PE_ET)
  cpu.setGpr(RAX, BigInt(state.eax))
  cpu.setGpr(RBX, BigInt(state.ebx))
  cpu.rip = BigInt(state.entry)
  cpu.stateChanged()
}
