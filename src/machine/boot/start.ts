/** The state in which a boot protocol hands the processor over. */
import type { Cpu } from '../../cpu/cpu.ts'
import * as L from '../../cpu/layout.ts'
import type { BootState, LongStart, ProtectedStart, RealStart } from './boot.ts'
import { setMemoryTypes } from './memory-types.ts'

/** Attributes as in a descriptor: present; 32- and 64-bit code and data, limit in pages; 16-bit code; all with the accessed bit. */
const FLAT_CODE = 0xc09b
const LONG_CODE = 0xa09b
const FLAT_DATA = 0xc093
const REAL_CODE = 0x009b
const BUSY_TSS = 0x008b
/** The selectors that Linux calls __BOOT_CS and __BOOT_DS; the other protocols leave them open. */
const CODE_SELECTOR = 0x10
const DATA_SELECTOR = 0x18
const CR0_ET = 0x10n
const CR0_PE_ET = 0x11n
const CR0_PG = 0x8000_0000n
const CR4_PAE = 0x20n
const EFER_LME_LMA = 0x500n
const RAX = 0
const RBX = 3
const RSI = 6

/** Brings a processor from reset to where `state` says, past what firmware would have done. */
export function start(cpu: Cpu, state: BootState): void {
  setMemoryTypes(cpu)
  if (state.mode === 'real') startRealMode(cpu, state)
  else if (state.mode === 'protected') startProtectedMode(cpu, state)
  else startLongMode(cpu, state)
  cpu.rip = BigInt(state.entry)
  cpu.stateChanged()
}

/** What is not named here is as after a reset, which is real mode. */
function startRealMode(cpu: Cpu, { codeSegment }: RealStart): void {
  cpu.setSegment(L.CS, {
    selector: codeSegment,
    base: BigInt(codeSegment * 16),
    limit: 0xffff,
    attributes: REAL_CODE,
  })
  cpu.setState64(L.CR0, CR0_ET)
}

function startProtectedMode(cpu: Cpu, { eax, ebx, esi }: ProtectedStart): void {
  setFlatSegments(cpu, FLAT_CODE)
  cpu.setState64(L.CR0, CR0_PE_ET)
  cpu.setGpr(RAX, BigInt(eax))
  cpu.setGpr(RBX, BigInt(ebx))
  cpu.setGpr(RSI, BigInt(esi ?? 0))
}

function startLongMode(cpu: Cpu, { pageTables, rsi }: LongStart): void {
  setFlatSegments(cpu, LONG_CODE)
  cpu.setState64(L.CR3, BigInt(pageTables))
  cpu.setState64(L.CR4, CR4_PAE)
  cpu.setState64(L.EFER, EFER_LME_LMA)
  cpu.setState64(L.CR0, CR0_PG | CR0_PE_ET)
  cpu.setGpr(RSI, BigInt(rsi))
}

function setFlatSegments(cpu: Cpu, code: number): void {
  const flat = (selector: number, attributes: number) => ({
    selector,
    base: 0n,
    limit: 0xffff_ffff,
    attributes,
  })
  cpu.setSegment(L.CS, flat(CODE_SELECTOR, code))
  for (const segment of [L.DS, L.ES, L.FS, L.GS, L.SS])
    cpu.setSegment(segment, flat(DATA_SELECTOR, FLAT_DATA))
  cpu.setSegment(L.TR, { selector: 0, base: 0n, limit: 0x67, attributes: BUSY_TSS })
}
