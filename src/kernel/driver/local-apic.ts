/** The local APIC (SDM Vol. 3A §11): its one-shot timer and the end-of-interrupt register, through MMIO. */
import { in8, out8, pause, rdmsr, rdtsc, read32, write32, wrmsr } from '../lib/cpu'
import { monotonicNs, ticksIn } from '../task/clock'
import { LEGACY, SPURIOUS, TIMER } from '../trap/vectors'

const BASE: usize = 0xfee0_0000
const ID: usize = BASE + 0x20
const TASK_PRIORITY: usize = BASE + 0x80
const END_OF_INTERRUPT: usize = BASE + 0xb0
const SPURIOUS_VECTOR: usize = BASE + 0xf0
const LVT_TIMER: usize = BASE + 0x320
const LVT_LINT0: usize = BASE + 0x350
const LVT_LINT1: usize = BASE + 0x360
const LVT_ERROR: usize = BASE + 0x370
const INITIAL_COUNT: usize = BASE + 0x380
const CURRENT_COUNT: usize = BASE + 0x390
const DIVIDE: usize = BASE + 0x3e0

const MASKED: u32 = 1 << 16
const ENABLED: u32 = 1 << 8
const DIVIDE_BY_1: u32 = 0xb
const IA32_APIC_BASE: u32 = 0x1b
const APIC_GLOBAL_ENABLE: u64 = 1 << 11

const CALIBRATION_NS: u64 = 2_000_000

/** Timer counts in 2^20 ns, for a division by shift. */
let countsPerMillion: u64 = 0

/** Moves the legacy controllers out of the way of the exceptions and masks all their lines. */
function silenceLegacyControllers(): void {
  out8(0x20, 0x11)
  out8(0xa0, 0x11)
  out8(0x21, LEGACY)
  out8(0xa1, LEGACY + 8)
  out8(0x21, 4)
  out8(0xa1, 2)
  out8(0x21, 1)
  out8(0xa1, 1)
  out8(0x21, 0xff)
  out8(0xa1, 0xff)
  in8(0x21)
}

export function initLocalApic(): void {
  silenceLegacyControllers()
  wrmsr(IA32_APIC_BASE, rdmsr(IA32_APIC_BASE) | APIC_GLOBAL_ENABLE)
  write32(TASK_PRIORITY, 0)
  write32(LVT_LINT0, MASKED)
  write32(LVT_LINT1, MASKED)
  write32(LVT_ERROR, MASKED)
  write32(SPURIOUS_VECTOR, ENABLED | SPURIOUS)
  calibrate()
  write32(LVT_TIMER, TIMER)
}

/** Measures the timer's frequency against the TSC. */
function calibrate(): void {
  write32(DIVIDE, DIVIDE_BY_1)
  write32(LVT_TIMER, MASKED | TIMER)
  write32(INITIAL_COUNT, 0xffff_ffff)
  const end = rdtsc() + ticksIn(CALIBRATION_NS)
  while (rdtsc() < end) pause()
  const counted = <u64>(0xffff_ffff - read32(CURRENT_COUNT))
  write32(INITIAL_COUNT, 0)
  countsPerMillion = max<u64>((counted << 20) / CALIBRATION_NS, 1)
}

/**
 * Lets the timer interrupt at `deadlineNs`, or at once if that is past; at the latest after its longest count. Up to two microseconds late, never early:
 * whoever came early would have to set it again.
 */
export function setTimer(deadlineNs: u64): void {
  const now = monotonicNs()
  if (deadlineNs <= now) return write32(INITIAL_COUNT, 1)
  const wait = min<u64>(deadlineNs - now, 1 << 40)
  const counts = ((((wait >> 10) + 1) * countsPerMillion) >> 10) + 1
  write32(INITIAL_COUNT, <u32>min<u64>(counts, 0xffff_ffff))
}

export function endOfInterrupt(): void {
  write32(END_OF_INTERRUPT, 0)
}

/** Destination field of messages for this processor. */
export function localApicId(): u32 {
  return read32(ID) >> 24
}
