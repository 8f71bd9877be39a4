/**
 * What an access is, in the bits of a page-fault error code (SDM Vol. 3A, 4.7), so that the code is this value plus what
 * the walk found. Explicit accesses add ACCESS_USER when CPL is 3.
 */
export const ACCESS_READ: u32 = 0
export const ACCESS_WRITE: u32 = 1 << 1
export const ACCESS_USER: u32 = 1 << 2
export const ACCESS_FETCH: u32 = 1 << 4
/** To a descriptor table or a TSS: a supervisor access at any CPL, which EFLAGS.AC does not exempt from SMAP. 4.6.1. */
export const ACCESS_IMPLICIT: u32 = 1 << 31
/** Of a program, but free of alignment checks. */
export const ACCESS_UNALIGNED: u32 = 1 << 30
/** The bits that an error code shows. */
export const ACCESS_REPORTED: u32 = ACCESS_WRITE | ACCESS_USER | ACCESS_FETCH

export const FAULT_PROTECTION: u32 = 1 << 0
export const FAULT_RESERVED: u32 = 1 << 3
export const FAULT_KEY: u32 = 1 << 5
