/** A call of the kernel without the public API around it. */
export declare function write(fd: i32, data: usize, length: u32): i32
