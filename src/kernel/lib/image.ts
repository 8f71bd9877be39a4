/** What the linker knows about the image: the functions return addresses and sizes fixed at link time. */
export declare function textStart(): usize
export declare function textEnd(): usize
export declare function rodataStart(): usize
export declare function rodataEnd(): usize
/** First and last byte after everything the image occupies in physical memory. */
export declare function imageStart(): usize
export declare function imageEnd(): usize
/** Table of the application's segments: u32 count, then per segment u32 virtual, physical, size, flags (1 X, 2 W). */
export declare function segments(): usize
/** The symbol and line table of `trap/symbols.ts`. */
export declare function lineTable(): usize
/** 1 when the application runs in ring 3. */
export declare function userMode(): u32
/** 1 when each thread has one stack for the application and one for the kernel. */
export declare function hasOwnStack(): u32
/** How calls come from ring 3; the numbers are in `trap/descriptors.ts`. */
export declare function trapKind(): u32
/** Page tables of the application's own; the numbers are in `mm/isolation.ts`. */
export declare function isolation(): u32
/** 1 when page faults come on a stack of their own. */
export declare function hasPageFaultStack(): u32
/** Where the entry of a call leaves the caller's RBP, in bytes below the top of the kernel stack. */
export declare function savedRbp(): u32
/** The same of RSP, where the processor has not pushed SS first. */
export declare function savedRsp(): u32
