/** The module's name makes these instructions of the processor. */
export declare function cli(): void
export declare function rdmsr(msr: u32): u64
export declare function read32(address: usize): u32
export declare function write32(address: usize, value: u32): void
export declare function write64(address: usize, value: u64): void
export declare function framePointer(): u64
