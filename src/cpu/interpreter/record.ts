/**
 * One decoded instruction, 64 bytes in wasm memory; the records of a block follow each other. Offsets are in bytes. Registers are given as
 * offsets in the state block, so that a handler reads any register by one addition.
 */

export const RECORD_SIZE = 64
/** u32: index of the handler in the table. */
export const HANDLER = 0
/** u32: offset of the instruction in its page, 0 … 4095, and of the next one, up to 4110. */
export const IP = 4
export const NEXT = 8
/** u32: instructions from this one to the end of the block. */
export const REMAINING = 12
/** u32 each: state offset of a register operand, or the number of a special register. */
export const OPERAND = 16
export const OPERANDS = 3
/** Where operand `index` stands; a fourth register, which leaves no room for an immediate, in its place. */
export function operandSlot(index: number): number {
  return index < OPERANDS ? OPERAND + 4 * index : IMMEDIATE
}
/** Memory operand: state offsets of base and index, then u8 shift of the index, state offset of the segment base, displacement (i32). */
export const BASE = 28
export const INDEX = 32
export const SHIFT = 36
export const SEGMENT_BASE = 40
export const DISPLACEMENT = 44
/** u8 each: what `Context.field` gives. */
export const REPEAT = 37
export const ADDRESS = 38
export const SEGMENT = 39
/** i64: immediate; for a near branch the target relative to CODE_BASE. */
export const IMMEDIATE = 48
/** u32: record of the block at the branch's target and at the next instruction, 0 = not linked. */
export const LINK = 56
export const LINK_NEXT = 60
/** u16, of instructions that are not near branches: `Context.field('second')`. */
export const SECOND = 56

export const BLOCK_ENTRY_BITS = 16
/** The table of block entries in wasm memory, direct-mapped by linear address: u32 linear address, u32 MODE, u32 record, u32 the block's own handler. */
export const BLOCK_ENTRIES = 1 << BLOCK_ENTRY_BITS
export const BLOCK_ENTRY_SIZE = 16
export const BLOCK_LINEAR = 0
export const BLOCK_MODE = 4
export const BLOCK_RECORD = 8
export const BLOCK_HANDLER = 12

/** Index in the table of blocks; generated code computes the same. */
export function blockSlot(linear: number): number {
  return (linear ^ (linear >>> BLOCK_ENTRY_BITS)) & (BLOCK_ENTRIES - 1)
}

/** Why a run came back, beside the STATUS values of `helpers.ts`. RIP and BUDGET are valid in each case. */
export const STATUS_LINK = 16
export const STATUS_LOOKUP = 17
export const STATUS_BUDGET = 18
export const STATUS_STOP = 19
/** As STATUS_BUDGET, before a block of translated code. */
export const STATUS_BUDGET_TRANSLATED = 20
/** Translated code has left its region so often the same way that it should be translated anew; EXIT_LINK holds the way out. */
export const STATUS_HOT_EXIT = 21
/** The interpreter is to go on at RIP, with the block's own handler whatever stands in for it. */
export const STATUS_CAREFUL = 22
