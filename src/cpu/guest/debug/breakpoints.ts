/**
 * The four breakpoints of DR0 … DR3. SDM Vol. 3B, 17.2. A page that one of them watches has no TLB tag for the accesses it watches, so those take
 * the slow path and are compared here; where nothing is watched nothing is slower.
 */
import * as L from '../../layout'
import { CR4_DE } from '../bits'
import { stopAfterInstruction } from '../host'
import { DEBUG_PENDING, POINT_KINDS, WATCH, WATCH_CODE, WATCH_DATA, WATCH_PORTS } from '../private'
import { cr4Has } from '../state'
import { hasPoint, meetPoint } from './points'

/* DR7.R/Wn: what a breakpoint waits for. */
const ON_EXECUTION: u32 = 0
const ON_WRITE: u32 = 1
const ON_PORT: u32 = 2
const ON_ACCESS: u32 = 3

function register(cpu: usize, n: u32): u64 {
  return load<u64>(cpu + L.DR + ((<usize>n) << 3))
}

function dr7(cpu: usize): u32 {
  return <u32>register(cpu, 7)
}

/** DR7.Ln or DR7.Gn: enabled. Tasks do not matter to us: a task switch clears Ln. */
function isEnabled(control: u32, n: u32): bool {
  return (control & (3 << (n << 1))) != 0
}

function conditionOf(control: u32, n: u32): u32 {
  return (control >> (16 + (n << 2))) & 3
}

/** DR7.LENn in bytes: 1, 2, 8, 4. */
function lengthOf(control: u32, n: u32): u64 {
  const code = (control >> (18 + (n << 2))) & 3
  return code == 2 ? 8 : code + 1
}

/** Whether breakpoint `n` covers some of the `size` bytes from `at`; its low address bits do not count. */
function covers(cpu: usize, control: u32, n: u32, at: u64, size: u64): bool {
  const length = lengthOf(control, n)
  const from = register(cpu, n) & ~(length - 1)
  return at < from + length && from < at + size
}

/** WATCH follows from DR7, and from what a debugger outside watches. */
export function updateWatch(cpu: usize): void {
  const control = dr7(cpu)
  let watch = load<u32>(cpu, POINT_KINDS)
  for (let n: u32 = 0; n < 4; n++) {
    if (!isEnabled(control, n)) continue
    const condition = conditionOf(control, n)
    if (condition == ON_EXECUTION) watch |= WATCH_CODE
    else if (condition == ON_PORT) watch |= WATCH_PORTS
    else watch |= WATCH_DATA
  }
  store<u32>(cpu, watch, WATCH)
}

/** Whether accesses of this kind to the page of `va` must be looked at: `kind` is one of WATCH_CODE, WATCH_DATA. */
export function watchesPage(cpu: usize, va: u64, kind: u32, isWrite: bool): bool {
  if (!(load<u32>(cpu, WATCH) & kind)) return false
  if (hasPoint(cpu, va, kind, isWrite)) return true
  const control = dr7(cpu)
  for (let n: u32 = 0; n < 4; n++) {
    const condition = conditionOf(control, n)
    const isWanted =
      kind == WATCH_CODE
        ? condition == ON_EXECUTION
        : condition == ON_ACCESS || (condition == ON_WRITE && isWrite)
    if (isEnabled(control, n) && isWanted && covers(cpu, control, n, va & ~0xfff, 4096)) return true
  }
  return false
}

/** The breakpoints that an event meets, at their places in DR6, when an enabled one is among them; else 0. */
function hits(cpu: usize, at: u64, size: u64, first: u32, second: u32): u32 {
  const control = dr7(cpu)
  let found: u32 = 0
  let isAnyEnabled = false
  for (let n: u32 = 0; n < 4; n++) {
    const condition = conditionOf(control, n)
    if (condition != first && condition != second) continue
    if (!covers(cpu, control, n, at, size)) continue
    found |= 1 << n
    if (isEnabled(control, n)) isAnyEnabled = true
  }
  return isAnyEnabled ? found : 0
}

/** The trap comes after the instruction. */
function suspend(cpu: usize, found: u32): void {
  if (!found) return
  store<u32>(cpu, load<u32>(cpu, DEBUG_PENDING) | found, DEBUG_PENDING)
  stopAfterInstruction(cpu)
}

/** After an access to memory. */
export function watchData(cpu: usize, va: u64, size: u32, isWrite: bool): void {
  if (!(load<u32>(cpu, WATCH) & WATCH_DATA)) return
  meetPoint(cpu, va, size, isWrite)
  suspend(cpu, hits(cpu, va, size, ON_ACCESS, isWrite ? ON_WRITE : ON_ACCESS))
}

/** After an access to ports; only with CR4.DE are there such breakpoints. */
export function watchPort(cpu: usize, port: u32, size: u32): void {
  if (!(load<u32>(cpu, WATCH) & WATCH_PORTS) || !cr4Has(cpu, CR4_DE)) return
  suspend(cpu, hits(cpu, port, size, ON_PORT, ON_PORT))
}

/** The instruction breakpoints at a linear address, at their places in DR6. */
export function codeHits(cpu: usize, va: u64): u32 {
  return hits(cpu, va, 1, ON_EXECUTION, ON_EXECUTION)
}
