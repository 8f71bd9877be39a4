/** The module's name makes these instructions of the processor. */
export declare function cli(): void
export declare function hlt(): void
export declare function in8(port: u32): u32
export declare function out8(port: u32, value: u32): void
export declare function rdmsr(msr: u32): u64
export declare function wrmsr(msr: u32, value: u64): void
export declare function readCr0(): u64
export declare function writeCr3(value: u64): void
export declare function writeCr4(value: u64): void
export declare function lidt(pointer: usize): void
export declare function lgdt(pointer: usize): void
export declare function ltr(selector: u32): void
export declare function swapgs(): void
export declare function invlpg(address: usize): void
export declare function clts(): void
export declare function stac(): void
export declare function int3(): void
export declare function xsetbv(register: u32, value: u64): void
export declare function readFlags(): u64
export declare function writeFlags(value: u64): void
export declare function read32(address: usize): u32
export declare function read64(address: usize): u64
export declare function write32(address: usize, value: u32): void
export declare function write64(address: usize, value: u64): void
export declare function framePointer(): u64
