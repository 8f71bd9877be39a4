/** Memory types as firmware leaves them in the MTRRs (SDM vol. 3, 12.11): RAM cached, devices not. */
import type { Cpu } from '../../cpu/cpu.ts'
import { MTRR_DEF_TYPE, MTRR_FIXED, MTRR_VARIABLE } from '../../cpu/guest/private.ts'
import { HIGH_RAM_BASE, LOW_RAM_LIMIT } from '../memory-map.ts'

const UNCACHED = 0x00n
const WRITE_PROTECTED = 0x05n
const WRITE_BACK = 0x06n
const VALID = 0x800n
/** MTRRs on, those of fixed ranges too. */
const ENABLED = 0xc00n
const PHYSICAL_MASK = 0xff_ffff_ffffn

/** For the registers of fixed ranges in their order: one of 64 KiB units, two of 16 KiB (the second is video memory), eight of 4 KiB (ROM). */
const FIXED: readonly bigint[] = [WRITE_BACK, WRITE_BACK, UNCACHED, ...Array<bigint>(8).fill(WRITE_PROTECTED)]

/** Everything is written back, but for the first megabyte's special ranges and the device hole below 4 GiB. */
export function setMemoryTypes(cpu: Cpu): void {
  for (const [i, type] of FIXED.entries()) cpu.setState64(MTRR_FIXED + 8 * i, type * 0x0101_0101_0101_0101n)
  const holeBytes = BigInt(HIGH_RAM_BASE - LOW_RAM_LIMIT)
  cpu.setState64(MTRR_VARIABLE, BigInt(LOW_RAM_LIMIT) | UNCACHED)
  cpu.setState64(MTRR_VARIABLE + 8, (PHYSICAL_MASK & ~(holeBytes - 1n)) | VALID)
  cpu.setState64(MTRR_DEF_TYPE, ENABLED | WRITE_BACK)
}
