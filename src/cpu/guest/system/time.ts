/** RDTSC, RDTSCP, RDPMC. The time-stamp counter advances by one with every retired instruction and every halted nanosecond. SDM Vol. 3B, 17.17. */
import { HALTED_NS, RETIRED, TSC_AUX, TSC_OFFSET } from '../../layout'
import { CR4_TSD } from '../bits'
import { raiseGp } from '../raise'
import { cr4Has, getCpl, RAX, RCX, RDX, setGpr32 } from '../state'
import { CONTINUE } from '../status'

export function timeStamp(cpu: usize): u64 {
  return load<u64>(cpu, RETIRED) + load<u64>(cpu, HALTED_NS) + load<u64>(cpu, TSC_OFFSET)
}

export function rdtsc(cpu: usize): i32 {
  if (getCpl(cpu) && cr4Has(cpu, CR4_TSD)) return raiseGp(cpu, 0)
  const now = timeStamp(cpu)
  setGpr32(cpu, RAX, <u32>now)
  setGpr32(cpu, RDX, <u32>(now >> 32))
  return CONTINUE
}

export function rdtscp(cpu: usize): i32 {
  const status = rdtsc(cpu)
  if (!status) setGpr32(cpu, RCX, load<u32>(cpu, TSC_AUX))
  return status
}

/** CPUID reports no performance counters, so every number is invalid. */
export function rdpmc(cpu: usize): i32 {
  return raiseGp(cpu, 0)
}
