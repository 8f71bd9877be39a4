/**
 * SYSCALL and SYSRET between ring 3 and ring 0 as they usually are, in the midst of a region: the micro-steps of `guest/privilege/syscall.ts` and `sysret.ts`
 * in the same order; and SWAPGS, which comes with them. What is not usual (FRED, a probe, a flag that needs a look) fails a hope, and the helper does it. SDM
 * Vol. 2B, SYSCALL, SYSRET and SWAPGS.
 */
import { COUNT_RINGS, COUNT_SINCE, COUNT_TRANSITIONS } from '../counters.ts'
import type { HelperName } from '../helpers.ts'
import * as L from '../layout.ts'
import { TRANSITION_SYSCALL, TRANSITION_SYSRET } from '../probe.ts'
import {
  add,
  and,
  extendS,
  i32,
  i64,
  loadI32,
  loadI64,
  ne,
  or,
  select,
  shl,
  shrS,
  shrU,
  sub,
  wrap,
  xor,
  type Expr,
  type I32,
  type I64,
} from '../wasm/index.ts'
import type { RegionContext } from './context.ts'

const RCX = 1
const R11 = 11
const EFER_SCE = 1
const CR4_SMAP = 1 << 21
/** CR4.FRED stands in the upper half. */
export const CR4_HIGH_FRED = 1
const RF = 1n << 16n
/** Flags that change what code is, or which TLB array it uses. */
const TF_AC = 0x4_0100
/** As in `guest/privilege/commit.ts`: attributes that are loaded without reading a descriptor. */
const FLAT_CODE64 = 0xaf9b
const FLAT_DATA = 0xcf93
/** The bits of R11 that reach RFLAGS. */
const FLAGS_FROM_R11 = 0x3c_7fd7
const ARITHMETIC_FLAGS = 0x8d5n
/** Arrays of the TLB, by the classes of `guest/mmu/tlb.ts`. */
const ARRAY_SIZE = L.TLB_ENTRIES * L.TLB_ENTRY_SIZE
const SUPERVISOR = 0
const SUPERVISOR_ANY = 1
const USER = 2

/** Bits that are set in another ring than `ring`, or under FRED. */
function isElsewhere(cpu: I32, ring: number): I32 {
  const isFred = and(loadI32(cpu, L.CR4 + 4), i32(CR4_HIGH_FRED))
  return or(isFred, xor(loadI32(cpu, L.CPL), i32(ring)))
}

/** The same, and when the fast transitions are off or somebody listens. */
function isUnusual(cpu: I32, ring: number): I32 {
  const disabled = xor(and(loadI32(cpu, L.EFER), i32(EFER_SCE)), i32(EFER_SCE))
  return or(or(disabled, loadI32(cpu, L.PROBE)), isElsewhere(cpu, ring))
}

/** A flat segment of ring `ring`, as `setFlatCode` and `setFlatStack` load it. `selector` has 16 bits. */
function setFlat(c: RegionContext, segment: number, selector: I64, attributes: number, ring: number): void {
  const at = L.SEGMENTS + segment * L.SEG_SIZE
  const word = BigInt(attributes | (ring << 5)) << 32n
  c.f.store('i64.store', c.cpu, or(and(selector, i64(0xfffc)), i64(word | BigInt(ring))), at)
  c.f.store('i64.store', c.cpu, i64(0), at + L.SEG_BASE)
  c.f.store('i32.store', c.cpu, i32(-1), at + L.SEG_LIMIT)
}

function addTo(c: RegionContext, counter: number, amount: I64): void {
  const at = L.COUNTERS + 8 * counter
  c.f.store('i64.store', c.cpu, add(loadI64(c.cpu, at), amount), at)
}

/** What both have in common once nothing can go wrong: flags, segments, ring, counters, rights, and the jump. */
function cross(
  c: RegionContext,
  to: { ring: number; flags: I64; code: I64; stack: I64; array: I32; target: I64; transition: number },
): void {
  const { f, cpu } = c
  f.store('i64.store', cpu, or(and(to.flags, i64(~ARITHMETIC_FLAGS)), i64(2)), L.RFLAGS)
  c.setAllFlags(to.flags)
  setFlat(c, L.CS, to.code, FLAT_CODE64, to.ring)
  setFlat(c, L.SS, to.stack, FLAT_DATA, to.ring)
  const retired = f.let(sub(loadI64(cpu, L.RETIRED_LIMIT), extendS(c.left)))
  const since = L.COUNTERS + 8 * COUNT_SINCE
  addTo(c, COUNT_RINGS + 3 - to.ring, sub(retired, loadI64(cpu, since)))
  f.store('i64.store', cpu, retired, since)
  f.store('i32.store', cpu, i32(to.ring), L.CPL)
  addTo(c, COUNT_TRANSITIONS + to.transition, i64(1))
  c.useTlb(add(loadI32(cpu, L.TLB_ARRAYS), to.array))
  c.jumpTo(to.target)
}

function syscall(c: RegionContext): void {
  const { f, cpu } = c
  const flags = f.let(c.rflags())
  const kept = f.let(and(flags, xor(loadI64(cpu, L.SFMASK), i64(-1))))
  c.expect(or(isUnusual(cpu, 3), and(wrap(kept), i32(TF_AC))))
  const star = f.let(shrU(loadI64(cpu, L.STAR), i64(32)))
  c.setGpr(RCX, 64, c.nextRip())
  c.setGpr(R11, 64, flags)
  cross(c, {
    ring: 0,
    flags: f.let(and(kept, i64(~RF))),
    code: star,
    stack: add(star, i64(8)),
    array: select(
      and(loadI32(cpu, L.CR4), i32(CR4_SMAP)),
      i32(SUPERVISOR * ARRAY_SIZE),
      i32(SUPERVISOR_ANY * ARRAY_SIZE),
    ),
    target: loadI64(cpu, L.LSTAR),
    transition: TRANSITION_SYSCALL,
  })
}

/** To 64-bit code. An interrupt that waits may become deliverable: that is the host's. */
function sysret(c: RegionContext): void {
  const { f, cpu } = c
  const target = c.gpr(RCX, 64) as I64
  const flags = f.let(or(and(c.gpr(R11, 64) as I64, i64(FLAGS_FROM_R11)), i64(2)))
  const isOutside = ne(shrS(shl(target, i64(16)), i64(16)), target)
  const waits = or(loadI32(cpu, L.INTR), isOutside)
  c.expect(or(or(isUnusual(cpu, 0), waits), and(wrap(flags), i32(TF_AC))))
  const star = f.let(shrU(loadI64(cpu, L.STAR), i64(48)))
  cross(c, {
    ring: 3,
    flags,
    code: add(star, i64(16)),
    stack: add(star, i64(8)),
    array: i32(USER * ARRAY_SIZE),
    target,
    transition: TRANSITION_SYSRET,
  })
}

function swapgs(c: RegionContext): void {
  const { f, cpu } = c
  const gs = L.SEGMENTS + L.GS * L.SEG_SIZE + L.SEG_BASE
  c.expect(isElsewhere(cpu, 0))
  const base = f.let(loadI64(cpu, gs))
  f.store('i64.store', cpu, loadI64(cpu, L.KERNEL_GS_BASE), gs)
  f.store('i64.store', cpu, base, L.KERNEL_GS_BASE)
}

/** What stands for the call of a helper, or undefined. */
export function usualTransition(
  name: HelperName,
  args: readonly Expr[],
): ((c: RegionContext) => void) | undefined {
  if (name === 'syscall') return syscall
  if (name === 'swapgs') return swapgs
  return name === 'sysret' && args[0]?.constant === 8 ? sysret : undefined
}
