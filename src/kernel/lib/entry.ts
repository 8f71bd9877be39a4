/** Routines of the entry code (`src/toolchain/entry/`); the linker binds them. */

/** Saves the callee-saved registers on this stack, stores RSP at `save`, continues on the stack `next`. */
export declare function switchStack(save: usize, next: u64): void
/** The address where a new thread begins: it calls `runThread` with the thread that R12 holds. */
export declare function threadStartAddress(): usize
/** Leaves for ring 3 at `rip` with `first`, `second` as arguments. Returns never. */
export declare function enterUser(rip: usize, rsp: usize, first: u32, second: u32): void
/** Reloads CS, SS, DS, ES, FS and GS from the GDT that LGDT has just set. */
export declare function reloadSegments(): void
/** Address of the stub of interrupt vector 0; each is `interruptStubSize()` bytes long. */
export declare function interruptStubs(): usize
export declare function interruptStubSize(): usize
/** Where SYSCALL enters. */
export declare function syscallEntry(): usize
/** The per-processor block that the syscall entry reaches through GS: u64 kernel stack top, u64 scratch. */
export declare function processorBlock(): usize
/** Runs the application: its `_start`, then its `main`; the result is its exit status. */
export declare function applicationMain(): i32
/** Calls the function of index `entry` in the application's table with `argument`. */
export declare function applicationThread(entry: u32, argument: u32): void
export declare function applicationMainAddress(): usize
export declare function applicationThreadAddress(): usize
