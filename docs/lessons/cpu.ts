/** Instructions that only the kernel may execute. The name of this module makes the compiler put the instruction in the place of the call. */
export declare function readCr0(): u64
export declare function cli(): void
