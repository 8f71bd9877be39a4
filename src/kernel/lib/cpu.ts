/**
 * Privileged instructions and loads and stores that the optimiser must not move or drop. The compiler emits each of
 * them inline; the module's name, `cpu`, comes from this file's.
 */
export declare function hlt(): void
/** STI; HLT with nothing between: sleeps until an interrupt has been handled. */
export declare function stiHlt(): void
export declare function cli(): void
export declare function sti(): void
export declare function pause(): void
export declare function in8(port: u32): u32
export declare function in16(port: u32): u32
export declare function in32(port: u32): u32
export declare function out8(port: u32, value: u32): void
export declare function out16(port: u32, value: u32): void
export declare function out32(port: u32, value: u32): void
export declare function rdmsr(msr: u32): u64
export declare function wrmsr(msr: u32, value: u64): void
export declare function rdtsc(): u64
export declare function invlpg(address: usize): void
export declare function readCr2(): u64
export declare function readCr3(): u64
export declare function readCr4(): u64
export declare function writeCr3(value: u64): void
export declare function writeCr4(value: u64): void
export declare function readCr0(): u64
export declare function writeCr0(value: u64): void
export declare function cpuidEax(leaf: u32, subleaf: u32): u32
export declare function cpuidEbx(leaf: u32, subleaf: u32): u32
export declare function cpuidEcx(leaf: u32, subleaf: u32): u32
/** The value of RBP, where a backtrace starts. */
export declare function framePointer(): u64
export declare function lgdt(pointer: usize): void
export declare function lidt(pointer: usize): void
export declare function ltr(selector: u32): void
export declare function stac(): void
export declare function clac(): void
export declare function mfence(): void
export declare function read8(address: usize): u32
export declare function read16(address: usize): u32
export declare function read32(address: usize): u32
export declare function read64(address: usize): u64
export declare function write8(address: usize, value: u32): void
export declare function write16(address: usize, value: u32): void
export declare function write32(address: usize, value: u32): void
export declare function write64(address: usize, value: u64): void
