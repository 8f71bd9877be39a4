/** The state block by the names of the manual. Every function is one load or store after inlining. */
import {
  CPL,
  CR0,
  CR4,
  CR4_WRITABLE,
  EFER,
  EXC_ERROR,
  NEXT_RIP,
  RFLAGS,
  RIP,
  SEGMENTS,
  SEG_ATTRIBUTES,
  SEG_BASE,
  SEG_LIMIT,
  SEG_SELECTOR,
  SEG_SIZE,
  CS,
  SS,
} from '../layout'
import { DESC_DB, DESC_L, EFER_LMA } from './bits'

/* Register numbers as instructions encode them. */
export const RAX: u32 = 0
export const RCX: u32 = 1
export const RDX: u32 = 2
export const RBX: u32 = 3
export const RSP: u32 = 4
export const RBP: u32 = 5
export const RSI: u32 = 6
export const RDI: u32 = 7
export const R11: u32 = 11

export function getGpr(cpu: usize, register: u32): u64 {
  return load<u64>(cpu + ((<usize>register) << 3))
}

export function setGpr(cpu: usize, register: u32, value: u64): void {
  store<u64>(cpu + ((<usize>register) << 3), value)
}

/** Writes the low 32 bits and clears the high half, as every 32-bit operation does. */
export function setGpr32(cpu: usize, register: u32, value: u32): void {
  store<u64>(cpu + ((<usize>register) << 3), <u64>value)
}

export function getRip(cpu: usize): u64 {
  return load<u64>(cpu, RIP)
}

export function setRip(cpu: usize, value: u64): void {
  store<u64>(cpu, value, RIP)
}

export function getNextRip(cpu: usize): u64 {
  return load<u64>(cpu, NEXT_RIP)
}

export function getCpl(cpu: usize): u32 {
  return load<u32>(cpu, CPL)
}

export function cr0Has(cpu: usize, bits: u64): bool {
  return (load<u64>(cpu, CR0) & bits) != 0
}

export function cr4Has(cpu: usize, bits: u64): bool {
  return (load<u64>(cpu, CR4) & bits) != 0
}

/** Whether the model of the processor has what a bit of CR4 enables. */
export function modelHas(cpu: usize, cr4Bits: u64): bool {
  return (load<u64>(cpu, CR4_WRITABLE) & cr4Bits) != 0
}

export function eferHas(cpu: usize, bits: u64): bool {
  return (load<u64>(cpu, EFER) & bits) != 0
}

/** RFLAGS without the arithmetic flags; for those see `flags.ts`. */
export function systemFlags(cpu: usize): u64 {
  return load<u64>(cpu, RFLAGS)
}

export function segment(cpu: usize, index: u32): usize {
  return cpu + SEGMENTS + <usize>index * SEG_SIZE
}

export function segSelector(cpu: usize, index: u32): u32 {
  return load<u16>(segment(cpu, index), SEG_SELECTOR)
}

export function segAttributes(cpu: usize, index: u32): u32 {
  return load<u32>(segment(cpu, index), SEG_ATTRIBUTES)
}

export function segBase(cpu: usize, index: u32): u64 {
  return load<u64>(segment(cpu, index), SEG_BASE)
}

export function setSegBase(cpu: usize, index: u32, base: u64): void {
  store<u64>(segment(cpu, index), base, SEG_BASE)
}

export function segLimit(cpu: usize, index: u32): u32 {
  return load<u32>(segment(cpu, index), SEG_LIMIT)
}

/** Writes a segment register with its hidden part. Does not touch CPL or the mode: see `mode.ts`. */
export function setSegment(
  cpu: usize,
  index: u32,
  selector: u32,
  attributes: u32,
  base: u64,
  limit: u32,
): void {
  const at = segment(cpu, index)
  store<u32>(at, selector, SEG_SELECTOR)
  store<u32>(at, attributes, SEG_ATTRIBUTES)
  store<u64>(at, base, SEG_BASE)
  store<u32>(at, limit, SEG_LIMIT)
}

/** IA-32e mode: 64-bit or compatibility. */
export function longMode(cpu: usize): bool {
  return eferHas(cpu, EFER_LMA)
}

/** 64-bit mode proper: IA-32e mode and CS.L. */
export function mode64(cpu: usize): bool {
  return longMode(cpu) && (segAttributes(cpu, CS) & DESC_L) != 0
}

/** Bits of RSP that pushes and pops use: all in 64-bit mode, else by SS.B. */
export function stackMask(cpu: usize): u64 {
  if (mode64(cpu)) return ~(<u64>0)
  return segAttributes(cpu, SS) & DESC_DB ? 0xffff_ffff : 0xffff
}

export function excError(cpu: usize): u32 {
  return load<u32>(cpu, EXC_ERROR)
}
