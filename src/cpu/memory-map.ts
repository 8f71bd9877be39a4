/** Where things lie in the processor's WebAssembly memory, from low to high. Linear addresses and sizes in bytes. */
import * as L from './layout.ts'
import { SITE_SIZE, SITES } from './jit/sites.ts'
import { BLOCK_ENTRIES, BLOCK_ENTRY_SIZE, RECORD_SIZE } from './interpreter/record.ts'

/** Below this lies what the helpers' module keeps for itself. */
const HELPERS_END = 0x10_0000
const ALIGN = 0x1_0000
const CPUID_BYTES = 4096
/** Room for the code that a kernel and its programs run in a minute or so: Linux uses some six hundred thousand on its way to a shell. */
const RECORDS = 1 << 19
/** Records of a block that is cut short to fit a budget; made anew each time. */
const SCRATCH_RECORDS = 256
const TRACE_BYTES = 1 << 20

export interface MemoryMap {
  readonly state: number
  readonly tlb: number
  readonly blockTable: number
  /** Leaves of CPUID. */
  readonly cpuid: number
  /** Records, and where they end. */
  readonly scratchRecords: number
  readonly records: number
  readonly recordsEnd: number
  readonly pageFlags: number
  /** Counted ways out of translated code. */
  readonly sites: number
  /** Records of `trace-record.ts`; memory that nobody has touched while nothing is traced. */
  readonly trace: number
  readonly traceEnd: number
  readonly ram: number
  readonly ramSize: number
  /** Size of the whole memory. */
  readonly end: number
}

/** `ramSize` is a multiple of 4 KiB, at most 3.5 GiB. */
export function memoryMap(ramSize: number): MemoryMap {
  if (ramSize % 4096 !== 0 || ramSize <= 0 || ramSize > 3.5 * 2 ** 30)
    throw new RangeError(`RAM of ${ramSize} bytes: must be a multiple of 4096, at most 3.5 GiB`)
  let at = HELPERS_END
  const place = (size: number): number => {
    const start = at
    at = Math.ceil((at + size) / 4096) * 4096
    return start
  }
  const state = place(L.STATE_SIZE)
  const tlb = place(L.TLB_SIZE)
  const blockTable = place(BLOCK_ENTRIES * BLOCK_ENTRY_SIZE)
  const cpuid = place(CPUID_BYTES)
  const scratchRecords = place(SCRATCH_RECORDS * RECORD_SIZE)
  const records = place(RECORDS * RECORD_SIZE)
  const recordsEnd = at
  const sites = place(SITES * SITE_SIZE)
  const pageFlags = place(ramSize / 4096)
  const trace = place(TRACE_BYTES)
  const traceEnd = at
  const ram = Math.ceil(at / ALIGN) * ALIGN
  const end = Math.ceil((ram + ramSize) / ALIGN) * ALIGN
  const code = { blockTable, scratchRecords, records, recordsEnd, sites }
  return { state, tlb, cpuid, ...code, pageFlags, trace, traceEnd, ram, ramSize, end }
}
