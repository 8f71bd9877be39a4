/** Stores `value` and returns what was there, atomically (XCHG). From the entry code of the application's side. */
export declare function exchange32(address: usize, value: u32): u32
