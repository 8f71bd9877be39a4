/** Routines of the entry code (`src/toolchain/entry/`); the linker binds them. */

/** Saves the callee-saved registers on this stack, stores RSP at `save`, continues on the stack `next`. */
export declare function switchStack(save: usize, next: u64): void
/** The address where a new thread begins: it calls `runThread` with the thread that R12 holds. */
export declare function threadStartAddress(): usize
/** Leaves for the application's stack, in ring 3 or not, and `rip`, with `first`, `second` as arguments. Returns never. */
export declare function enterApplication(rip: usize, rsp: usize, first: u32, second: u32): void
/** The same, after saving the callee-saved registers on this stack and RSP at `save`: `switchStack` to there returns. */
export declare function enterUpcall(rip: usize, rsp: usize, first: u32, second: u32, save: usize): void
/** Reloads CS, SS, DS, ES, FS and GS from the GDT that LGDT has just set. */
export declare function reloadSegments(): void
/** Address of the stub of interrupt vector 0; each is `interruptStubSize()` bytes long. */
export declare function interruptStubs(): usize
export declare function interruptStubSize(): usize
/** Where a call from ring 3 arrives. */
export declare function callEntry(): usize
/** The per-processor block that entries find their stack in: u64 kernel stack top, then what the entry code keeps for itself. */
export declare function processorBlock(): usize
/** Pages of code that are mapped while the application runs, where it has page tables of its own. */
export declare function trampolineStart(): usize
export declare function trampolineEnd(): usize
/** Forgets a page in the application's PCID. */
export declare function flushApplicationPage(address: usize): void
/** Runs the application: its `_start`, then its `main`; the result is its exit status. */
export declare function applicationMain(): i32
/** Calls the function of index `entry` in the application's table with `argument`. */
export declare function applicationThread(entry: u32, argument: u32): void
export declare function applicationMainAddress(): usize
export declare function applicationThreadAddress(): usize
