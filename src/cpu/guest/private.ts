/** Fields of the state block that only the helpers use, from layout's PRIVATE on. Literal constants, as in `../layout.ts`. */

/** u64[4]: the PDPTE registers of PAE paging, loaded with CR3. SDM Vol. 3A, 4.4.1. */
export const PDPTE = 2048
/** u64 each: IA32_SYSENTER_CS, _ESP, _EIP. */
export const SYSENTER_CS = 2080
export const SYSENTER_ESP = 2088
export const SYSENTER_EIP = 2096
/** u64[16]: IA32_MTRR_PHYSBASE0, PHYSMASK0, PHYSBASE1, …. */
export const MTRR_VARIABLE = 2112
/** u64[11]: IA32_MTRR_FIX64K_00000, FIX16K_80000, FIX16K_A0000, FIX4K_C0000 … F8000. */
export const MTRR_FIXED = 2240
/** u64: IA32_MTRR_DEF_TYPE. */
export const MTRR_DEF_TYPE = 2328
/** u64: bit n set when a piece of a large page in the nth GiB (mod 64) may be in the TLB. */
export const LARGE_REGIONS = 2336
/** u32: 1 while an event from outside the program is delivered: bit EXT of the error codes that this raises. */
export const EVENT_EXTERNAL = 2372
/** {u64 address, u64 entry}[5]: the paging-structure entries that the current walk has used. */
export const WALK = 2384

/** u32[8]: vectors of the chain of exceptions that is being delivered, oldest first, and how many. Ends in shutdown or is void. */
export const SHUTDOWN_CHAIN = 2480
export const SHUTDOWN_CHAIN_LENGTH = 2512
/** u64: RIP at which that chain began. */
export const SHUTDOWN_RIP = 2520
