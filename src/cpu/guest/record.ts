/** Writes events into the trace buffer. When that is full the host takes the records out before the next is written, so none is lost. */
import { COUNTERS_LENGTH } from '../counters'
import * as L from '../layout'
import { EVENT_BEGIN, EVENT_CALL, EVENT_END, EVENT_RET, EVENT_TRACE_FULL } from '../probe'
import * as R from '../trace-record'
import { getRflags } from './flags'
import { probe } from './host'
import { getGpr, getRip, RSP, segBase, segSelector } from './state'

export function record(cpu: usize, kind: u32, x: u64, y: u64): void {
  if (load<u32>(cpu, L.TRACE_NEXT) + R.RECORD_END_BYTES > load<u32>(cpu, L.TRACE_LIMIT))
    probe(cpu, EVENT_TRACE_FULL, 0, 0)
  const at = <usize>load<u32>(cpu, L.TRACE_NEXT)
  store<u16>(at, <u16>kind, R.RECORD_EVENT)
  store<u16>(at, <u16>segSelector(cpu, L.CS), R.RECORD_CS)
  store<u16>(at, <u16>segSelector(cpu, L.SS), R.RECORD_SS)
  store<u64>(at, load<u64>(cpu, L.RETIRED), R.RECORD_RETIRED)
  store<u64>(at, x, R.RECORD_X)
  store<u64>(at, y, R.RECORD_Y)
  const size = more(cpu, kind, at)
  store<u16>(at, <u16>size, R.RECORD_SIZE)
  store<u32>(cpu, <u32>at + size, L.TRACE_NEXT)
}

/** What the event's kind adds. Answers the size of the record. */
function more(cpu: usize, kind: u32, at: usize): u32 {
  if (kind == EVENT_CALL || kind == EVENT_RET) {
    store<u64>(at, getGpr(cpu, RSP), R.RECORD_RSP)
    return R.RECORD_CALL_BYTES
  }
  if (kind == EVENT_BEGIN) {
    registers(cpu, at)
    store<u64>(at, load<u64>(cpu, L.HALTED_NS), R.RECORD_HALTED_NS)
    store<u32>(at, load<u32>(cpu, L.MODE), R.RECORD_MODE)
    store<u32>(at, copyCode(cpu, at + R.RECORD_CODE), R.RECORD_CODE_LENGTH)
    return R.RECORD_BEGIN_BYTES
  }
  if (kind == EVENT_END) {
    registers(cpu, at)
    memory.copy(at + R.RECORD_COUNTERS, cpu + L.COUNTERS, COUNTERS_LENGTH * 8)
    return R.RECORD_END_BYTES
  }
  return R.RECORD_BYTES
}

function registers(cpu: usize, at: usize): void {
  store<u64>(at, getGpr(cpu, RSP), R.RECORD_RSP)
  store<u64>(at, getRip(cpu), R.RECORD_RIP)
  store<u64>(at, getRflags(cpu), R.RECORD_RFLAGS)
  store<u64>(at, load<u64>(cpu, L.CR3), R.RECORD_CR3)
}

/** The code at RIP, as far as the TLB knows where it is: nothing is walked for it. Answers the number of bytes. */
function copyCode(cpu: usize, to: usize): u32 {
  const is64 = (load<u32>(cpu, L.MODE) & L.MODE_CODE) == L.MODE_CODE64
  const va = is64 ? getRip(cpu) : (segBase(cpu, L.CS) + getRip(cpu)) & 0xffff_ffff
  const wanted: u32 = R.RECORD_CODE_BYTES
  const inPage: u32 = 4096 - (<u32>va & 0xfff)
  if (inPage >= wanted) return copyFromPage(cpu, va, to, wanted)
  const first = copyFromPage(cpu, va, to, inPage)
  return first == 0 ? 0 : first + copyFromPage(cpu, va + first, to + first, wanted - first)
}

function copyFromPage(cpu: usize, va: u64, to: usize, count: u32): u32 {
  const index = <usize>(va >> 12) & (L.TLB_ENTRIES - 1)
  const entry = <usize>load<u32>(cpu, L.TLB_BASE) + index * L.TLB_ENTRY_SIZE
  if (load<u64>(entry, L.TLB_EXEC_TAG) != (va & ~0xfff)) return 0
  memory.copy(to, <usize>(<u32>va + load<u32>(entry, L.TLB_ADDEND)), count)
  return count
}
