/** #DB: what raises it, what it leaves in DR6, and when it is taken. SDM Vol. 3B, 17.2 and 17.3.1; Vol. 3A, 6.9. */
import * as L from '../../layout'
import { VECTOR_DB } from '../bits'
import * as S from '../private'
import { raise } from '../raise'
import { systemFlags } from '../state'
import { AGAIN, CONTINUE, EXCEPTION } from '../status'
import { TF } from '../bits'
import { codeHits, watchesPage } from './breakpoints'

/** Bytes of the longest instruction but one. */
const LONGEST: u64 = 14
const DR6: usize = L.DR + 48
const DR7: usize = L.DR + 56
const DR6_BREAKPOINTS: u32 = 15
export const DR6_BD: u32 = 1 << 13
export const DR6_BS: u32 = 1 << 14
export const DR6_BT: u32 = 1 << 15
const DR7_GD: u64 = 1 << 13
const DEBUGCTL_BTF: u64 = 1 << 1

/** DR6 ← causes: B0 … B3 are replaced, the other bits are only ever set by the processor. */
function report(cpu: usize, causes: u32): void {
  store<u32>(cpu, causes, S.DEBUG_DATA)
  const old = load<u64>(cpu, DR6)
  store<u64>(cpu, (old & ~(<u64>DR6_BREAKPOINTS)) | causes, DR6)
}

/** A #DB whose handler returns to the instruction that met it: instruction breakpoint or general detect. */
export function raiseDebugFault(cpu: usize, causes: u32): i32 {
  report(cpu, causes)
  store<u32>(cpu, 1, S.DEBUG_FAULT)
  return raise(cpu, VECTOR_DB, 0, 0)
}

/** Makes the traps that wait a pending #DB. */
export function raiseDebugTraps(cpu: usize): i32 {
  report(cpu, load<u32>(cpu, S.DEBUG_PENDING))
  store<u32>(cpu, 0, S.DEBUG_PENDING)
  return raise(cpu, VECTOR_DB, 0, 0)
}

/**
 * #DB for an enabled breakpoint at the instruction at `va`, unless RFLAGS.RF or a load of SS shields it. AGAIN: the instruction must be run alone,
 * so that the one after it is checked too.
 */
export function checkCodeBreakpoint(cpu: usize, va: u64): i32 {
  const isWatched =
    watchesPage(cpu, va, S.WATCH_CODE, false) || watchesPage(cpu, va + LONGEST, S.WATCH_CODE, false)
  if (!isWatched) return CONTINUE
  const boundary = load<u64>(cpu, L.RETIRED)
  if (load<u64>(cpu, S.RESUME_RETIRED) == boundary || isShadowedBySs(cpu)) return AGAIN
  const found = codeHits(cpu, va)
  return found ? raiseDebugFault(cpu, found) : AGAIN
}

function isShadowedBySs(cpu: usize): bool {
  return (
    load<u64>(cpu, S.SHADOW_RETIRED) == load<u64>(cpu, L.RETIRED) &&
    load<u32>(cpu, S.SHADOW_KIND) == S.SHADOW_SS
  )
}

/** Shields the next instruction; the one that runs now is the last before it. */
export function beginShadow(cpu: usize, kind: u32): void {
  store<u64>(cpu, load<u64>(cpu, L.RETIRED) + 1, S.SHADOW_RETIRED)
  store<u32>(cpu, kind, S.SHADOW_KIND)
}

/** RFLAGS.RF for the instruction after this one. */
export function setResumeFlag(cpu: usize): void {
  store<u64>(cpu, load<u64>(cpu, L.RETIRED) + 1, S.RESUME_RETIRED)
}

/** The instruction that runs now does not end in a single-step trap, whatever RFLAGS.TF was at its beginning. */
export function cancelStep(cpu: usize): void {
  store<u32>(cpu, load<u32>(cpu, S.DEBUG_PENDING) & ~DR6_BS, S.DEBUG_PENDING)
}

/** SYSCALL and SYSRET trap by the TF that they leave behind. */
export function stepByNewFlags(cpu: usize): void {
  cancelStep(cpu)
  if (!(systemFlags(cpu) & TF)) return
  store<u32>(cpu, load<u32>(cpu, S.DEBUG_PENDING) | DR6_BS, S.DEBUG_PENDING)
}

/** An event is being handled: what held for the boundary before its handler is over. */
export function endBoundary(cpu: usize): void {
  store<u64>(cpu, ~(<u64>0), S.SHADOW_RETIRED)
  store<u64>(cpu, ~(<u64>0), S.RESUME_RETIRED)
}

/** The handler of #DB has been reached: it may use the debug registers, and its branches are not stepped. */
export function enterDebugHandler(cpu: usize): void {
  store<u64>(cpu, load<u64>(cpu, DR7) & ~DR7_GD, DR7)
  store<u64>(cpu, load<u64>(cpu, S.DEBUGCTL) & ~DEBUGCTL_BTF, S.DEBUGCTL)
}

/** INT1 reaches the handler with whatever waits; by itself it leaves no trace in DR6. */
export function mergePending(cpu: usize): void {
  const waiting = load<u32>(cpu, S.DEBUG_PENDING)
  if (waiting) report(cpu, waiting)
  store<u32>(cpu, 0, S.DEBUG_PENDING)
}

/** Delivers nothing: says whether traps wait and may be taken at this boundary. */
export function debugTrap(cpu: usize): i32 {
  if (!load<u32>(cpu, S.DEBUG_PENDING) || isShadowedBySs(cpu)) return CONTINUE
  raiseDebugTraps(cpu)
  return EXCEPTION
}
