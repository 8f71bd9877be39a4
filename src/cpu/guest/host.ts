/**
 * What the helpers ask of the host (`hostImports` of `../helpers.ts`); this file's name is the module name of these
 * imports. Guest-physical addresses are below 2^52 and travel as f64.
 */
export declare function mmioRead(cpu: usize, gpa: f64, size: u32): u32
export declare function mmioRead64(cpu: usize, gpa: f64): u64
export declare function mmioWrite(cpu: usize, gpa: f64, size: u32, value: u32): void
export declare function mmioWrite64(cpu: usize, gpa: f64, value: u64): void
export declare function ioRead(cpu: usize, port: u32, size: u32): u32
export declare function ioWrite(cpu: usize, port: u32, size: u32, value: u32): void
export declare function codeWritten(cpu: usize, gpa: f64, size: u32): void
export declare function apicRead(cpu: usize, msr: u32): u64
export declare function apicWrite(cpu: usize, msr: u32, value: u64): void
export declare function stopAfterInstruction(cpu: usize): void
export declare function ferr(cpu: usize, asserted: u32): u32
export declare function random(cpu: usize): u64
export declare function probe(cpu: usize, event: u32, x: u64, y: u64): void
