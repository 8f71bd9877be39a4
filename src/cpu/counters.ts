/**
 * What the processor counts besides retired instructions: everything that costs more than an ordinary instruction does. The counters are u64, from
 * COUNTERS of `layout.ts` on, by the numbers here. Literal constants, read by both dialects; `counter-names.ts` has the words.
 *
 * Both engines count alike: transitions are counted by the helpers that make them, instructions where their meaning is emitted.
 */

/** Four counters: instructions retired in each ring up to the last change of ring. An instruction that changes it counts where it arrives. */
export const COUNT_RINGS = 0
/** Not a counter: RETIRED at the last change of ring. */
export const COUNT_SINCE = 4
/** MOV to CR3 that drops translations, and that keeps them. */
export const COUNT_CR3_FLUSH = 5
export const COUNT_CR3_KEEP = 6
/** Events by where they come from: INT n and its kin, exceptions, the board. */
export const COUNT_SOFTWARE_INTERRUPT = 7
export const COUNT_EXCEPTION = 8
export const COUNT_INTERRUPT = 9
/** Bytes that repeated string instructions have gone through. */
export const COUNT_STRING_BYTES = 10
/** Events that FRED has delivered, SYSCALL among them: they count here alone. */
export const COUNT_FRED_EVENT = 11
/** Page walks. Without a name: how often the software TLB misses is a matter of the engine, and of no model. */
export const COUNT_TLB_MISS = 12
/** One for each TRANSITION_ of `probe.ts` from here on. */
export const COUNT_TRANSITIONS = 16
/** Instructions of `counter-names.ts` from here on. */
export const COUNT_INSTRUCTIONS = 40
export const COUNTERS_LENGTH = 64
