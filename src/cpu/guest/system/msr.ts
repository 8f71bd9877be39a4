/** RDMSR and WRMSR. SDM Vol. 4; Vol. 3A, 11.11 (MTRR), 11.12 (PAT). A number that is not here raises #GP(0). */
import * as L from '../../layout'
import { EVENT_MSR_WRITE } from '../../probe'
import { CR0_PG, CR4_FRED, CR4_PKS, EFER_LMA, EFER_LME, EFER_NXE, EFER_SCE } from '../bits'
import { apicRead, apicWrite } from '../host'
import { isCanonicalBase } from '../mmu/canonical'
import { PHYSICAL_BITS } from '../mmu/format'
import { flushTlb } from '../mmu/tlb'
import { setPkrs } from '../mmu/protection-keys'
import { updateMode } from '../mode'
import { CONFIG_RESERVED } from '../privilege/fred'
import * as S from '../private'
import { raiseGp } from '../raise'
import { cr0Has, getCpl, getGpr, getNextRip, modelHas, RAX, RBX, RCX, RDX, setGpr32, setRip } from '../state'
import { CONTINUE, JUMP } from '../status'
import { event } from '../trace'
import { hasFeature } from './cpuid'
import * as M from './msr-numbers'
import { timeStamp } from './time'
import { isReadable, isWritable } from './x2apic'

/** Variable-range MTRRs: eight pairs; fixed ranges and write-combining supported. */
const MTRR_CAPABILITIES: u64 = 0x508
/** The microcode's, in the upper half. Above all revisions that Intel has published for this signature: Linux from 6.16 on compares, and calls a processor with an older one vulnerable. */
const MICROCODE_REVISION: u64 = 0x7fff_ffff << 32
/** Nothing is executed speculatively here, so nothing leaks: kernels may leave their remedies out. */
const ARCH_CAPABILITIES: u64 =
  (1 << 0) | // RDCL_NO (Meltdown)
  (1 << 3) | // SKIP_L1DFL_VMENTRY
  (1 << 4) | // SSB_NO
  (1 << 5) | // MDS_NO
  (1 << 6) | // IF_PSCHANGE_MC_NO
  (1 << 8) | // TAA_NO
  (1 << 13) | // SBDR_SSDP_NO
  (1 << 14) | // FBSDP_NO
  (1 << 15) | // PSDP_NO
  (1 << 20) | // BHI_NO
  (1 << 24) | // PBRSB_NO
  (1 << 26) | // GDS_NO
  (1 << 27) | // RFDS_NO
  (1 << 62) // ITS_NO
const EFER_WRITABLE: u64 = EFER_SCE | EFER_LME | EFER_NXE
/** BTF; there are no last-branch records. */
const DEBUGCTL_WRITABLE: u64 = 1 << 1
const X2APIC_ENABLED: u64 = 1 << 10
const APIC_ENABLED: u64 = 1 << 11
/** Reserved in IA32_APIC_BASE: 7:0, 9 and all above the physical address. */
const APIC_BASE_RESERVED: u64 = 0x2ff | ~((1 << PHYSICAL_BITS) - 1)
const ECX_X2APIC: u32 = 1 << 21
const EBX_TSC_ADJUST: u32 = 1 << 1
/** CPUID.(EAX=0DH,ECX=1):EAX, XSAVES. */
const EAX_XSAVES: u32 = 1 << 3

/** Offset in the state block of an MSR that is a plain 64-bit register, or 0. */
function plainField(cpu: usize, msr: u32): usize {
  switch (msr) {
    case M.IA32_SYSENTER_CS:
      return S.SYSENTER_CS
    case M.IA32_SYSENTER_ESP:
      return S.SYSENTER_ESP
    case M.IA32_SYSENTER_EIP:
      return S.SYSENTER_EIP
    case M.IA32_MISC_ENABLE:
      return L.MISC_ENABLE
    case M.IA32_PAT:
      return L.PAT
    case M.IA32_MTRR_DEF_TYPE:
      return S.MTRR_DEF_TYPE
    case M.IA32_EFER:
      return L.EFER
    case M.IA32_STAR:
      return L.STAR
    case M.IA32_LSTAR:
      return L.LSTAR
    case M.IA32_CSTAR:
      return L.CSTAR
    case M.IA32_FMASK:
      return L.SFMASK
    case M.IA32_FS_BASE:
      return L.SEGMENTS + L.FS * L.SEG_SIZE + L.SEG_BASE
    case M.IA32_GS_BASE:
      return L.SEGMENTS + L.GS * L.SEG_SIZE + L.SEG_BASE
    case M.IA32_KERNEL_GS_BASE:
      return L.KERNEL_GS_BASE
    case M.IA32_TSC_AUX:
      return L.TSC_AUX
    case M.IA32_XSS:
      return hasFeature(cpu, 0xd, 1, RAX, EAX_XSAVES) ? <usize>L.XSS : 0
    case M.IA32_DEBUGCTL:
      return S.DEBUGCTL
    case M.IA32_TSC_ADJUST:
      return hasFeature(cpu, 7, 0, RBX, EBX_TSC_ADJUST) ? <usize>S.TSC_ADJUST : 0
    default:
      if (!isFredMsr(msr)) return mtrrField(msr)
      return modelHas(cpu, CR4_FRED) ? fredField(msr) : 0
  }
}

function fredField(msr: u32): usize {
  if (msr == M.IA32_FRED_CONFIG) return S.FRED_CONFIG
  if (msr == M.IA32_FRED_STKLVLS) return S.FRED_STKLVLS
  if (msr >= M.IA32_FRED_SSP1) return S.FRED_SSP1 + <i32>(msr - M.IA32_FRED_SSP1) * 8
  return S.FRED_RSP0 + <i32>(msr - M.IA32_FRED_RSP0) * 8
}

/** What a register of FRED takes: canonical addresses, aligned as stacks and shadow stacks are. */
function isValidFred(cpu: usize, msr: u32, value: u64): bool {
  if (!modelHas(cpu, CR4_FRED)) return false
  if (msr == M.IA32_FRED_STKLVLS) return true
  if (!isCanonicalBase(cpu, value)) return false
  if (msr == M.IA32_FRED_CONFIG) return (value & CONFIG_RESERVED) == 0
  return (value & (msr >= M.IA32_FRED_SSP1 ? 7 : 63)) == 0
}

function isFredMsr(msr: u32): bool {
  return msr >= M.IA32_FRED_RSP0 && msr <= M.IA32_FRED_CONFIG
}

function mtrrField(msr: u32): usize {
  if (msr >= M.IA32_MTRR_PHYSBASE0 && msr < M.IA32_MTRR_PHYSBASE0 + 16) {
    return S.MTRR_VARIABLE + <i32>(msr - M.IA32_MTRR_PHYSBASE0) * 8
  }
  if (msr == M.IA32_MTRR_FIX64K_00000) return S.MTRR_FIXED
  if (msr == M.IA32_MTRR_FIX16K_80000 || msr == M.IA32_MTRR_FIX16K_80000 + 1) {
    return S.MTRR_FIXED + 8 + <i32>(msr - M.IA32_MTRR_FIX16K_80000) * 8
  }
  if (msr >= M.IA32_MTRR_FIX4K_C0000 && msr < M.IA32_MTRR_FIX4K_C0000 + 8) {
    return S.MTRR_FIXED + 24 + <i32>(msr - M.IA32_MTRR_FIX4K_C0000) * 8
  }
  return 0
}

/** Registers of the local APIC: its base and deadline always, the rest only in x2APIC mode. */
function isApic(cpu: usize, msr: u32): bool {
  if (msr == M.IA32_APIC_BASE || msr == M.IA32_TSC_DEADLINE) return true
  const isX2 = msr >= M.X2APIC_FIRST && msr <= M.X2APIC_LAST
  return isX2 && (load<u64>(cpu, L.APIC_BASE) & X2APIC_ENABLED) != 0
}

/** EDX:EAX ← MSR[ECX] */
export function readMsr(cpu: usize): i32 {
  if (getCpl(cpu)) return raiseGp(cpu, 0)
  const msr = <u32>getGpr(cpu, RCX)
  if (isApic(cpu, msr)) {
    const isHere = msr < M.X2APIC_FIRST || isReadable(msr)
    return isHere ? answer(cpu, apicRead(cpu, msr)) : raiseGp(cpu, 0)
  }
  const field = plainField(cpu, msr)
  if (field) return answer(cpu, load<u64>(cpu + field))
  switch (msr) {
    case M.IA32_TSC:
      return answer(cpu, timeStamp(cpu))
    case M.IA32_PKRS:
      return modelHas(cpu, CR4_PKS) ? answer(cpu, load<u32>(cpu, L.PKRS)) : raiseGp(cpu, 0)
    case M.IA32_MTRRCAP:
      return answer(cpu, MTRR_CAPABILITIES)
    case M.IA32_BIOS_SIGN_ID:
      return answer(cpu, MICROCODE_REVISION)
    case M.IA32_ARCH_CAPABILITIES:
      return answer(cpu, ARCH_CAPABILITIES)
    case M.IA32_PLATFORM_ID:
    case M.IA32_MCG_CAP:
    case M.IA32_MCG_STATUS:
      return answer(cpu, 0)
    default:
      return raiseGp(cpu, 0)
  }
}

function answer(cpu: usize, value: u64): i32 {
  setGpr32(cpu, RAX, <u32>value)
  setGpr32(cpu, RDX, <u32>(value >> 32))
  return CONTINUE
}

/** MSR[ECX] ← EDX:EAX */
export function writeMsr(cpu: usize): i32 {
  if (getCpl(cpu)) return raiseGp(cpu, 0)
  const msr = <u32>getGpr(cpu, RCX)
  const value = (getGpr(cpu, RDX) << 32) | (getGpr(cpu, RAX) & 0xffff_ffff)
  if (!isValid(cpu, msr, value)) return raiseGp(cpu, 0)
  event(cpu, EVENT_MSR_WRITE, msr, value)
  if (isApic(cpu, msr)) return writeApic(cpu, msr, value)
  if (msr == M.IA32_EFER) return writeEfer(cpu, value)
  const field = plainField(cpu, msr)
  if (msr == M.IA32_PKRS) setPkrs(cpu, <u32>value)
  else if (msr == M.IA32_TSC) moveTimeStamp(cpu, value - timeStamp(cpu))
  else if (msr == M.IA32_TSC_ADJUST) moveTimeStamp(cpu, value - load<u64>(cpu, S.TSC_ADJUST))
  else if (field) store<u64>(cpu + field, value)
  return CONTINUE
}

/** The time-stamp counter and IA32_TSC_ADJUST move together; a deadline that waits is another moment now. Vol. 3B, 17.17.3. */
function moveTimeStamp(cpu: usize, by: u64): void {
  store<u64>(cpu, load<u64>(cpu, L.TSC_OFFSET) + by, L.TSC_OFFSET)
  store<u64>(cpu, load<u64>(cpu, S.TSC_ADJUST) + by, S.TSC_ADJUST)
  const deadline = apicRead(cpu, M.IA32_TSC_DEADLINE)
  if (deadline) apicWrite(cpu, M.IA32_TSC_DEADLINE, deadline)
}

/** IA32_APIC_BASE: off ↔ xAPIC → x2APIC → off; every other way does not exist. Vol. 3A, 11.12.5. */
function isValidApicBase(cpu: usize, value: u64): bool {
  if (value & APIC_BASE_RESERVED) return false
  const old = load<u64>(cpu, L.APIC_BASE)
  if (!(value & X2APIC_ENABLED)) return !(value & APIC_ENABLED) || !(old & X2APIC_ENABLED)
  if (!hasFeature(cpu, 1, 0, RCX, ECX_X2APIC)) return false
  return (value & APIC_ENABLED) != 0 && (old & APIC_ENABLED) != 0
}

/** A memory type of an MTRR: UC, WC, WT, WP, WB. Vol. 3A, table 11-8. */
function isMemoryType(type: u64): bool {
  return type <= 6 && type != 2 && type != 3
}

/** Fixed ranges hold eight types; the variable ones a base with a type, or a mask with a valid bit. */
function isValidMtrr(msr: u32, value: u64): bool {
  if (msr < M.IA32_MTRR_PHYSBASE0 + 16) {
    if (value >> PHYSICAL_BITS) return false
    return msr & 1 ? (value & 0x7ff) == 0 : (value & 0xf00) == 0 && isMemoryType(value & 0xff)
  }
  for (let i = 0; i < 64; i += 8) if (!isMemoryType((value >> i) & 0xff)) return false
  return true
}

/** Whether the register exists, may be written, and takes this value. */
function isValid(cpu: usize, msr: u32, value: u64): bool {
  switch (msr) {
    case M.IA32_TSC:
    case M.IA32_BIOS_SIGN_ID:
    case M.IA32_MCG_STATUS:
      return true
    case M.IA32_EFER:
      return isValidEfer(cpu, value)
    case M.IA32_PAT:
      return isValidPat(value)
    case M.IA32_LSTAR:
    case M.IA32_CSTAR:
    case M.IA32_FS_BASE:
    case M.IA32_GS_BASE:
    case M.IA32_KERNEL_GS_BASE:
    case M.IA32_SYSENTER_ESP:
    case M.IA32_SYSENTER_EIP:
      return isCanonicalBase(cpu, value)
    case M.IA32_FMASK:
    case M.IA32_TSC_AUX:
      return value >> 32 == 0
    case M.IA32_PKRS:
      return modelHas(cpu, CR4_PKS) && value >> 32 == 0
    case M.IA32_XSS:
      return plainField(cpu, msr) != 0 && !(value & ~load<u64>(cpu, L.XSS_WRITABLE))
    case M.IA32_DEBUGCTL:
      return (value & ~DEBUGCTL_WRITABLE) == 0
    case M.IA32_MTRR_DEF_TYPE:
      return (value & ~0xcff) == 0 && isMemoryType(value & 0xff)
    case M.IA32_APIC_BASE:
      return isValidApicBase(cpu, value)
    default:
      if (isApic(cpu, msr)) return msr < M.X2APIC_FIRST || isWritable(msr, value)
      if (isFredMsr(msr)) return isValidFred(cpu, msr, value)
      if (!mtrrField(msr)) return plainField(cpu, msr) != 0
      return isValidMtrr(msr, value)
  }
}

function isValidEfer(cpu: usize, value: u64): bool {
  if (value & ~(EFER_WRITABLE | EFER_LMA)) return false
  const changed = value ^ load<u64>(cpu, L.EFER)
  return !(changed & EFER_LME) || !cr0Has(cpu, CR0_PG)
}

/** Eight memory types, of which 2 and 3 are reserved. */
function isValidPat(value: u64): bool {
  for (let i = 0; i < 64; i += 8) {
    const type = (value >> i) & 0xff
    if (type > 7 || type == 2 || type == 3) return false
  }
  return true
}

/** LMA follows from LME and CR0.PG; writes do not reach it. */
function writeEfer(cpu: usize, value: u64): i32 {
  const old = load<u64>(cpu, L.EFER)
  store<u64>(cpu, (value & EFER_WRITABLE) | (old & EFER_LMA), L.EFER)
  if ((old ^ value) & EFER_NXE) flushTlb(cpu)
  return next(cpu)
}

function writeApic(cpu: usize, msr: u32, value: u64): i32 {
  apicWrite(cpu, msr, value)
  if (msr == M.IA32_APIC_BASE) store<u64>(cpu, value, L.APIC_BASE)
  return next(cpu)
}

function next(cpu: usize): i32 {
  updateMode(cpu)
  setRip(cpu, getNextRip(cpu))
  return JUMP
}
