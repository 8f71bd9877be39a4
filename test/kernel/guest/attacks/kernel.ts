/** Calls of the kernel without the public API around it. */
export declare function write(fd: i32, data: usize, length: u32): i32
export declare function setUpcall(address: u32, entry: u32): void
export declare function endUpcall(): i32
