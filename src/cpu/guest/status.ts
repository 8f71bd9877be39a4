/** What a helper answers to the generated code that called it: the STATUS values of `../helpers.ts`. */

/** The instruction is complete; go on with the next one. */
export const CONTINUE: i32 = 0
/** An exception is pending in the state block; nothing else has changed. */
export const EXCEPTION: i32 = 1
/** Complete; RIP is valid and may be anywhere, the mode or IF may have changed. */
export const JUMP: i32 = 2
/** Complete; RIP is valid, the board must act (HALTED, SHUTDOWN). */
export const BOARD: i32 = 3
/** A repeated string instruction has made progress and wants to be run again. */
export const AGAIN: i32 = 4
