/**
 * What the processor writes into its trace buffer while PROBE has PROBE_TRACE: one record for each event of `probe.ts` whose bit is set in TRACE_KINDS.
 * Offsets in bytes, little-endian; read by both dialects, so only literal constants stand here. `guest/record.ts` writes them.
 */

/** u16 each: EVENT_, bytes of the whole record (a multiple of 8), selectors of CS and SS. */
export const RECORD_EVENT = 0
export const RECORD_SIZE = 2
export const RECORD_CS = 4
export const RECORD_SS = 6
/** u64 each: retired instructions, not counting one that is being executed; the operands of the event. */
export const RECORD_RETIRED = 8
export const RECORD_X = 16
export const RECORD_Y = 24
export const RECORD_BYTES = 32

/** u64: RSP. EVENT_CALL, EVENT_RET; after the push, and after the pop. */
export const RECORD_RSP = 32
export const RECORD_CALL_BYTES = 40

/** EVENT_BEGIN and EVENT_END add u64 each: RSP (above), RIP, RFLAGS, CR3. */
export const RECORD_RIP = 40
export const RECORD_RFLAGS = 48
export const RECORD_CR3 = 56

/** EVENT_BEGIN then: u64 virtual nanoseconds spent halted, u32 MODE, u32 how many bytes of code at RIP follow, 16 bytes. */
export const RECORD_HALTED_NS = 64
export const RECORD_MODE = 72
export const RECORD_CODE_LENGTH = 76
export const RECORD_CODE = 80
export const RECORD_CODE_BYTES = 16
export const RECORD_BEGIN_BYTES = 96

/** EVENT_END then: the counters of `counters.ts`, as they stand when this transition has been counted. */
export const RECORD_COUNTERS = 64
export const RECORD_END_BYTES = 576
