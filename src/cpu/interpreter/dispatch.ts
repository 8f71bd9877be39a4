/** How generated code finds the block at a RIP, and enters it. */
import * as L from '../layout.ts'
import {
  add,
  and,
  extendU,
  i32,
  i64,
  loadI32,
  loadI64,
  ltS,
  ne,
  or,
  shl,
  shrU,
  sub,
  wrap,
  xor,
  type FunctionBuilder,
  type FunctionRef,
  type FuncType,
  type I32,
  type I64,
  type Label,
} from '../wasm/index.ts'
import * as R from './record.ts'

/** `(cpu, record, budget) → status`: every handler, and every exit. */
export const handlerType: FuncType = { params: ['i32', 'i32', 'i32'], results: ['i32'] }

const PAGE_MASK = i64(~0xfffn)

/** Linear address of the TLB entry for a virtual address. */
export function tlbEntry(cpu: I32, va: I64): I32 {
  const index = and(wrap(shrU(va, i64(7))), i32((L.TLB_ENTRIES - 1) * L.TLB_ENTRY_SIZE))
  return add(loadI32(cpu, L.TLB_BASE), index)
}

/** Runs the block at `record` if the budget covers it, else leaves through `outOfBudget`. */
export function enterBlock(
  f: FunctionBuilder,
  cpu: I32,
  record: I32,
  budget: I32,
  outOfBudget: FunctionRef,
  handler: I32 = loadI32(record, R.HANDLER),
): void {
  const left = f.let(sub(budget, loadI32(record, R.REMAINING)))
  f.if(ltS(left, i32(0)), () => f.returnCall(outOfBudget, cpu, record, budget))
  f.returnCallIndirect(handlerType, handler, cpu, record, left)
}

/**
 * Linear address of an offset in the code segment; to `miss` unless a segment with a limit holds the whole page, so that no block in it can leave
 * the limit.
 */
function codeAddress(f: FunctionBuilder, cpu: I32, rip: I64, mode: I32, miss: Label): I64 {
  const cs = L.SEGMENTS + L.CS * L.SEG_SIZE
  const va = f.variable('i64', rip)
  f.if(and(mode, i32(L.MODE_SEGMENTED)), () => {
    f.set(va, and(add(rip, loadI64(cpu, cs + L.SEG_BASE)), i64(0xffff_ffff)))
    const room = sub(extendU(loadI32(cpu, cs + L.SEG_LIMIT)), rip)
    f.brIf(miss, ltS(room, sub(i64(0xfff), and(va.value, i64(0xfff)))))
  })
  return f.let(va.value)
}

/** By the record's handler, which may be translated code, or by the block's own, which never is. */
export type Way = 'fast' | 'careful'

/** Enters the block at `rip` if the exec TLB and the block table know it; falls through otherwise. `flat`: the code segment has base 0 for sure. */
export function findBlock(
  f: FunctionBuilder,
  cpu: I32,
  rip: I64,
  budget: I32,
  outOfBudget: FunctionRef,
  flat: boolean,
  way: Way = 'fast',
): void {
  const mode = f.let(loadI32(cpu, L.MODE))
  f.block((miss) => {
    const va = flat ? rip : codeAddress(f, cpu, rip, mode, miss)
    const entry = f.let(tlbEntry(cpu, va))
    f.brIf(miss, ne(and(va, PAGE_MASK), loadI64(entry, L.TLB_EXEC_TAG)))
    const linear = f.let(add(wrap(va), loadI32(entry, L.TLB_ADDEND)))
    const hash = and(xor(linear, shrU(linear, i32(R.BLOCK_ENTRY_BITS))), i32(R.BLOCK_ENTRIES - 1))
    const slot = f.let(add(loadI32(cpu, L.BLOCK_TABLE), shl(hash, i32(4))))
    f.brIf(miss, or(xor(loadI32(slot, R.BLOCK_LINEAR), linear), xor(loadI32(slot, R.BLOCK_MODE), mode)))
    const record = f.let(loadI32(slot, R.BLOCK_RECORD))
    f.store('i64.store', cpu, sub(rip, extendU(and(linear, i32(0xfff)))), L.CODE_BASE)
    const handler = way === 'fast' ? loadI32(record, R.HANDLER) : loadI32(slot, R.BLOCK_HANDLER)
    enterBlock(f, cpu, record, budget, outOfBudget, handler)
  })
}
