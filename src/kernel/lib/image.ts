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
