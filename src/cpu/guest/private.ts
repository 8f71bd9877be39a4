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
/** u32[8]: their error codes, or SHUTDOWN_NO_ERROR. */
export const SHUTDOWN_ERRORS = 2528
export const SHUTDOWN_NO_ERROR = 0xffff_ffff

/* Events between two instructions, 2816 … 2879. A count of retired instructions names a boundary; all ones: none. */

/** u64: the boundary before which STI (that set IF) or a load of SS shields the next instruction, and u32: which of them, SHADOW_. Vol. 3A, 6.8. */
export const SHADOW_RETIRED = 2816
export const SHADOW_KIND = 2824
export const SHADOW_STI = 1
export const SHADOW_SS = 2
/** u64: the boundary at which RFLAGS.RF is set; everywhere else it is clear. Vol. 3B, 17.3.1.1. */
export const RESUME_RETIRED = 2832
/** u32: debug traps that wait for the end of the instruction, at their places in DR6. */
export const DEBUG_PENDING = 2840
/** u32: which kinds of breakpoints DR7 enables, WATCH_ bits; `debug/breakpoints.ts` keeps it. */
export const WATCH = 2844
export const WATCH_CODE = 1
export const WATCH_DATA = 2
export const WATCH_PORTS = 4
/** u32: the pending #DB is a fault: its handler returns to the instruction. */
export const DEBUG_FAULT = 2848
/** u32 each: an NMI waits; NMIs are blocked until the next IRET. Vol. 3A, 6.7.1. */
export const NMI_PENDING = 2852
export const NMI_BLOCKED = 2856
/** u64: IA32_DEBUGCTL. */
export const DEBUGCTL = 2864

/* FRED, 2880 … 2983. */

/** u64 each: IA32_FRED_CONFIG, _RSP0 … _RSP3, _STKLVLS, _SSP1 … _SSP3, and IA32_PL0_SSP, which is _SSP0. Nothing uses shadow stacks yet. */
export const FRED_CONFIG = 2880
export const FRED_RSP0 = 2888
export const FRED_STKLVLS = 2920
export const FRED_SSP1 = 2928
export const PL0_SSP = 2952
/** u32: delivering an event has raised, and the exception is not delivered yet. */
export const NESTED = 2960
/** u32: what the last #DB was raised for, at its places in DR6. */
export const DEBUG_DATA = 2964

/** u64: IA32_TSC_ADJUST. */
export const TSC_ADJUST = 2968
/** u64: bits of guest-physical addresses that are always zero, because gate A20 is closed. */
export const CLOSED_ADDRESS_BITS = 2976

/*
 * Points of a debugger outside, 3328 … 3871; not the guest's, and not a part of its state. u32: the kinds that are set, WATCH_CODE and WATCH_DATA; how many there
 * are; one more than the number of the data point that an access has met, 0 = none. Then POINT_MAX points.
 */
export const POINT_KINDS = 3328
export const POINT_COUNT = 3332
export const POINT_MET = 3336
export const POINTS = 3344
export const POINT_MAX = 32
/** One point: u64 linear address; u32 bytes; u32 accesses, a set of POINT_ bits. */
export const POINT_SIZE = 16
export const POINT_BYTES = 8
export const POINT_ACCESS = 12
export const POINT_EXECUTE = 1
export const POINT_WRITE = 2
export const POINT_READ = 4
