/** Stores `value` and returns what was there, atomically (XCHG). From the entry code of the application's side. */
export declare function exchange32(address: usize, value: u32): u32
/** Stores RBX, RBP, R12 to R15 and RSP, eight bytes each, at `address`: with the stack, all that the callers hold. */
export declare function saveRegisters(address: usize): void
