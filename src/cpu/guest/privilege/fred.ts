/** What the transitions of FRED share: whether it is on, the stack levels, and the words of a frame. Intel's FRED specification (document 346446). */
import { STAR } from '../../layout'
import { STEP_CSL, STEP_GS_BASE } from '../../probe'
import { GS, KERNEL_GS_BASE } from '../../layout'
import { CR4_FRED } from '../bits'
import { FRED_CONFIG } from '../private'
import { cr4Has, longMode, segBase, setSegBase } from '../state'
import { step } from '../trace'

/* Types of events, bits 19:16 of the event information. Table 5-2. */
export const TYPE_INTERRUPT: u32 = 0
export const TYPE_NMI: u32 = 2
export const TYPE_EXCEPTION: u32 = 3
/** INT n. */
export const TYPE_SOFTWARE_INTERRUPT: u32 = 4
/** INT1. */
export const TYPE_PRIVILEGED_EXCEPTION: u32 = 5
/** INT3 and INTO. */
export const TYPE_SOFTWARE_EXCEPTION: u32 = 6
/** SYSCALL and SYSENTER, by these vectors. */
export const TYPE_OTHER: u32 = 7
export const VECTOR_SYSCALL: u32 = 1
export const VECTOR_SYSENTER: u32 = 2

/* The frame, from the new RSP up: error code, RIP, CS, RFLAGS, RSP, SS, event data, reserved. */
export const FRAME_BYTES: u64 = 64
export const FRAME_RIP: u32 = 8
export const FRAME_CS: u32 = 16
export const FRAME_RFLAGS: u32 = 24
export const FRAME_RSP: u32 = 32
export const FRAME_SS: u32 = 40

/* Beside the selector in the CS word: the stack level before. In the SS word: what returning does. */
export const CS_LEVEL_SHIFT: u64 = 16
export const SS_STI: u64 = 1 << 16
export const SS_SOFTWARE: u64 = 1 << 17
export const SS_NMI: u64 = 1 << 18
export const SS_INFORMATION_SHIFT: u64 = 32

/* IA32_FRED_CONFIG. */
const CONFIG_CSL: u64 = 3
export const CONFIG_RED_ZONE: u64 = 0x1c0
export const CONFIG_INTERRUPT_LEVEL_SHIFT: u64 = 9
/** The bits that must be zero: 2, 5:4 and 11. */
export const CONFIG_RESERVED: u64 = 0x834

/** Whether events are delivered, and returned from, by FRED. */
export function isFred(cpu: usize): bool {
  return cr4Has(cpu, CR4_FRED) && longMode(cpu)
}

/** The current stack level: IA32_FRED_CONFIG[1:0]. */
export function stackLevel(cpu: usize): u32 {
  return <u32>(load<u64>(cpu, FRED_CONFIG) & CONFIG_CSL)
}

export function setStackLevel(cpu: usize, level: u32): void {
  store<u64>(cpu, (load<u64>(cpu, FRED_CONFIG) & ~CONFIG_CSL) | level, FRED_CONFIG)
  step(cpu, STEP_CSL, level)
}

/** GS.base ↔ IA32_KERNEL_GS_BASE, on every change of ring. */
export function exchangeGs(cpu: usize): void {
  const base = segBase(cpu, GS)
  setSegBase(cpu, GS, load<u64>(cpu, KERNEL_GS_BASE))
  store<u64>(cpu, base, KERNEL_GS_BASE)
  step(cpu, STEP_GS_BASE, segBase(cpu, GS))
}

/** IA32_STAR[47:32], the selector of ring 0's code, and [63:48], from which those of ring 3 follow. */
export function kernelSelector(cpu: usize): u32 {
  return <u32>(load<u64>(cpu, STAR) >> 32) & 0xfffc
}

export function userSelector(cpu: usize): u32 {
  return <u32>(load<u64>(cpu, STAR) >> 48)
}
