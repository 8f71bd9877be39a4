/** Time. Monotonic nanoseconds come from the TSC, the date from the battery-backed clock, read once. */
import { cpuidEax, cpuidEbx, cpuidEcx, in32, in8, out8, pause, rdtsc } from '../lib/cpu'
import { powerManagementTimer } from '../bus/acpi'
import { readDateSeconds } from '../driver/date'

/** ACPI 6.5 §4.8.2.1. */
const PM_TIMER_HZ: u64 = 3_579_545
/** 8254 input clock. */
const PIT_HZ: u64 = 1_193_182

let tscHz: u64 = 1_000_000_000
/** Nanoseconds per tick as a 32.32 fixed-point number. */
let scale: u64 = 0x1_0000_0000
let startTicks: u64 = 0
/** Date (nanoseconds since 1970) at monotonic zero. */
let dateOffsetNs: u64 = 0

/** What CPUID says about the TSC's frequency; 0 if nothing (SDM Vol. 3B §19.7.3; the hypervisors' leaf 0x40000010). */
function frequencyFromCpuid(): u64 {
  if (cpuidEax(0, 0) >= 0x15) {
    const denominator = <u64>cpuidEax(0x15, 0)
    const crystalHz = <u64>cpuidEcx(0x15, 0)
    if (denominator != 0 && crystalHz != 0) return (crystalHz * cpuidEbx(0x15, 0)) / denominator
  }
  const isVirtual = (cpuidEcx(1, 0) & 0x8000_0000) != 0
  if (!isVirtual || cpuidEax(0x4000_0000, 0) < 0x4000_0010) return 0
  return <u64>cpuidEax(0x4000_0010, 0) * 1000
}

/** TSC ticks while the ACPI timer, 24 bits wide at least, counts 10 ms. */
function frequencyFromAcpi(port: u32): u64 {
  const ticks = <u32>(PM_TIMER_HZ / 100)
  const first = in32(port)
  const start = rdtsc()
  let passed: u32 = 0
  while (passed < ticks) {
    pause()
    passed = (in32(port) - first) & 0xff_ffff
  }
  return ((rdtsc() - start) * PM_TIMER_HZ) / passed
}

/** TSC ticks while channel 2 of the 8254 counts 10 ms down; its output shows in port 0x61. */
function frequencyFromPit(): u64 {
  const ticks = <u32>(PIT_HZ / 100)
  out8(0x61, (in8(0x61) & ~2) | 1)
  out8(0x43, 0xb0)
  out8(0x42, ticks & 0xff)
  out8(0x42, ticks >> 8)
  const start = rdtsc()
  let patience: u32 = 10_000_000
  while ((in8(0x61) & 0x20) == 0 && --patience != 0) {}
  return (rdtsc() - start) * 100
}

export function initClock(): void {
  let frequency = frequencyFromCpuid()
  if (frequency == 0) {
    const port = powerManagementTimer()
    frequency = port != 0 ? frequencyFromAcpi(port) : frequencyFromPit()
  }
  tscHz = max<u64>(frequency, 1_000_000)
  scale = ((<u64>1_000_000_000) << 32) / tscHz
  startTicks = rdtsc()
  dateOffsetNs = readDateSeconds() * 1_000_000_000
}

/** Nanoseconds since boot. */
export function monotonicNs(): u64 {
  const ticks = rdtsc() - startTicks
  return (ticks >> 32) * scale + (((ticks & 0xffff_ffff) * scale) >> 32)
}

/** Nanoseconds since 1 January 1970, UTC. */
export function dateNs(): u64 {
  return dateOffsetNs + monotonicNs()
}

/** The ticks of the TSC in `ns` nanoseconds. */
export function ticksIn(ns: u64): u64 {
  return ((ns / 1000) * (tscHz / 1000)) / 1000
}
