/** What of a state block a guest can see: equal for equal processors, whatever engine ran and wherever its runs were cut. */
import * as S from './guest/private.ts'
import * as L from './layout.ts'

/** Fields that belong to the host, or that only matter within one instruction: [offset, bytes]. */
const HIDDEN: readonly (readonly [offset: number, bytes: number])[] = [
  [L.NEXT_RIP, 8],
  // RFLAGS is put in whole.
  [L.FLAGS_KIND, L.FLAGS_Y + 8 - L.FLAGS_KIND],
  [L.EXC_VECTOR, L.EXC_HAS_ERROR + 4 - L.EXC_VECTOR],
  [L.TLB_BASE, 4],
  [L.BUDGET, 8],
  [L.MODE, 4],
  [L.EXC_PENDING, 4],
  [L.PAGE_FLAGS, 4],
  [L.RAM_BASE, 4],
  [L.TLB_ARRAYS, 4],
  [L.PROBE, 4],
  [L.CODE_BASE, 8],
  [L.RETIRED_LIMIT, 8],
  [L.RECORD, L.EXIT_REQUEST + 4 - L.RECORD],
  [L.EXCEPTION_FUEL, L.ACCESS_SEGMENT + 4 - L.EXCEPTION_FUEL],
  [L.TRACE_KINDS, L.TRACE_LIMIT + 4 - L.TRACE_KINDS],
  [L.SCRATCH, 64],
  [S.LARGE_REGIONS, 8],
  [S.EVENT_EXTERNAL, 4],
  // Follows from DR7 and from what a debugger watches.
  [S.WATCH, 4],
  [S.POINT_KINDS, S.POINTS + S.POINT_MAX * S.POINT_SIZE - S.POINT_KINDS],
  [S.WALK, 5 * 16],
  [S.SHUTDOWN_CHAIN, S.SHUTDOWN_ERRORS + 32 - S.SHUTDOWN_CHAIN],
  [L.FLOAT_OPERANDS, L.FLOAT_RESULT + L.FLOAT_OPERAND_SIZE - L.FLOAT_OPERANDS],
  [L.FPU_OPERAND, 8],
  [L.CPUID_TABLE, 8],
  [L.TLB_FILLED, 8],
  [L.COUNTERS, L.STATE_SIZE - L.COUNTERS],
]

/** `block`: a copy of a state block, which is changed. `rflags`: all of RFLAGS. */
export function makeCanonical(block: Uint8Array, rflags: bigint): Uint8Array {
  for (const [offset, bytes] of HIDDEN) block.fill(0, offset, offset + bytes)
  const view = new DataView(block.buffer, block.byteOffset)
  view.setBigUint64(L.RFLAGS, rflags, true)
  // Boundaries between instructions that have been passed say nothing any more.
  const retired = view.getBigUint64(L.RETIRED, true)
  for (const boundary of [S.SHADOW_RETIRED, S.RESUME_RETIRED])
    if (view.getBigUint64(boundary, true) !== retired) view.setBigUint64(boundary, 2n ** 64n - 1n, true)
  return block
}
