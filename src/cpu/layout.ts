/**
 * Offsets, in bytes, of the fields of one CPU state block. Read by the TypeScript that generates code and by the
 * AssemblyScript helpers, so only literal constants may stand here. All fields are little-endian.
 */

/** 16 × u64: RAX RCX RDX RBX RSP RBP RSI RDI R8 … R15. */
export const GPR = 0
/** u64: address of the instruction being executed, as far as it has been written back. */
export const RIP = 128
/** u64: address of the instruction after it; written before a system helper is called. */
export const NEXT_RIP = 136
/** u64: RFLAGS without the six arithmetic flags, whose lazy parts follow from FLAGS_KIND on. */
export const RFLAGS = 144

/**
 * Lazy arithmetic flags: what the last instruction that wrote them leaves behind, from which `semantics/flags.ts` and
 * `guest/flags.ts` compute them on demand. 152 … 199.
 *
 * FLAGS_KIND (u32) is one of the FLAGS_ kinds below, plus (operand bits - 1) << 8. FLAGS_RESULT (i64) is the result,
 * sign-extended from the operand size; ZF is FLAGS_RESULT = 0 whatever the kind. FLAGS_X (i64) depends on the kind.
 */
export const FLAGS_KIND = 152
export const FLAGS_RESULT = 160
export const FLAGS_X = 168
export const FLAGS_Y = 176
/** The six flags stand in FLAGS_X at their places in RFLAGS. */
export const FLAGS_EXPLICIT = 0
/** ADD: FLAGS_X is one addend, sign-extended. */
export const FLAGS_ADD = 1
/** SUB, CMP, NEG: FLAGS_X is the minuend, sign-extended. */
export const FLAGS_SUB = 2
/** AND, OR, XOR, TEST: CF = OF = AF = 0. */
export const FLAGS_LOGIC = 3
/** INC, DEC: FLAGS_X is CF. */
export const FLAGS_INC = 4
export const FLAGS_DEC = 5
/** CF, AF and OF stand in FLAGS_X at their places; ZF, SF and PF follow from the result. */
export const FLAGS_PARTIAL = 6

/** Pending exception: u32 vector, u32 error code, u32 whether it has one. */
export const EXC_VECTOR = 200
export const EXC_ERROR = 204
export const EXC_HAS_ERROR = 208
/** u32: current privilege level, 0 … 3. */
export const CPL = 212
/** u32: linear address of the TLB array for the current mode. */
export const TLB_BASE = 216
/** u32: non-zero while the board asserts the interrupt line (INTR). */
export const INTR = 220
/** u64: retired instructions. */
export const RETIRED = 224
/** i64: instructions left of the current budget. */
export const BUDGET = 232
/**
 * u32: what decoded code depends on besides its bytes; a set of the MODE_ bits below. `updateMode` of the helpers keeps it
 * and TLB_BASE true whenever CR0, CR4, EFER, RFLAGS.AC, RFLAGS.TF, CPL or a segment register changes.
 */
export const MODE = 240
/** u32: non-zero after a load helper that raised. */
export const EXC_PENDING = 244
/**
 * u32: linear address of one byte for each page of RAM: bit 0 = has decoded blocks, bit 1 = writes are dropped (ROM), bit 2 = the bus
 * answers here instead of RAM (video memory), bit 3 = not written since the host has last looked (`Cpu.takeWrittenPages`).
 */
export const PAGE_FLAGS = 248
export const PAGE_HAS_CODE = 1
export const PAGE_READ_ONLY = 2
export const PAGE_DEVICE = 4
export const PAGE_CLEAN = 8

/** u64 each. */
export const CR0 = 256
export const CR2 = 264
export const CR3 = 272
export const CR4 = 280
export const CR8 = 288
export const EFER = 296
export const STAR = 304
export const LSTAR = 312
export const CSTAR = 320
export const SFMASK = 328
export const KERNEL_GS_BASE = 336
export const APIC_BASE = 344
export const PAT = 352
export const TSC_OFFSET = 360
export const XCR0 = 368
export const TSC_AUX = 376
export const MISC_ENABLE = 384

/** u32: linear address of guest-physical address 0, and bytes of RAM. */
export const RAM_BASE = 392
export const RAM_SIZE = 396
/** u32: linear address of the first of the three TLB arrays. */
export const TLB_ARRAYS = 400
/** u32: non-zero after HLT, until an interrupt wakes the processor. */
export const HALTED = 404
/** u32: non-zero after a triple fault. */
export const SHUTDOWN = 408
/** u32: non-zero when events are listened to or recorded; a set of the bits below. */
export const PROBE = 412
/** Bits of PROBE: a listener hears events of `probe.ts`; calls are among the events; events are recorded. */
export const PROBE_EVENTS = 1
export const PROBE_CALLS = 2
export const PROBE_TRACE = 4

/** u64, always 0: what a missing base or index register reads. */
export const ZERO = 416
/** u64: RIP of the byte at offset 0 of the page of the running block, so that RIP = CODE_BASE + offset in the page. */
export const CODE_BASE = 424
/** u64: RETIRED after the last instruction of the current budget. */
export const RETIRED_LIMIT = 432
/** u32: record being executed, as far as it has been written back. */
export const RECORD = 440
/** u32: linear address of the link field that a run left through, 0 = none. */
export const EXIT_LINK = 444
/** u32: linear address of the table of block entries (`interpreter/record.ts`). */
export const BLOCK_TABLE = 448
/** u32: non-zero when the run must end after this instruction. */
export const EXIT_REQUEST = 452
/** u32: exceptions that may still be delivered before the run ends: a handler that only faults must not hold the host. */
export const EXCEPTION_FUEL = 464
/**
 * u32: segment (ES … GS) through which the instruction being executed accesses memory, written with RIP before a helper that takes an address is called.
 * SS makes #SS(0) of what is #GP(0) elsewhere.
 */
export const ACCESS_SEGMENT = 468
/** u64: virtual nanoseconds spent halted. The time-stamp counter is RETIRED + HALTED_NS + TSC_OFFSET. */
export const HALTED_NS = 456
/** u32 each: events that are recorded (bit n: EVENT_ n), linear address of the next record of `trace-record.ts`, and of the buffer's end. */
export const TRACE_KINDS = 472
export const TRACE_NEXT = 476
export const TRACE_LIMIT = 480
/** 64 bytes of scratch, 16-byte aligned, for vector loads and stores that take the slow path. */
export const SCRATCH = 896

/**
 * Segment registers ES CS SS DS FS GS, then LDTR TR, 32 bytes each:
 * u16 selector, u16 -, u32 attributes (descriptor bits 40–55, right-aligned), u64 base, u32 limit (bytes, scaled), u32 -.
 */
export const SEGMENTS = 512
export const SEG_SELECTOR = 0
export const SEG_ATTRIBUTES = 4
export const SEG_BASE = 8
export const SEG_LIMIT = 16
export const SEG_SIZE = 32
export const ES = 0
export const CS = 1
export const SS = 2
export const DS = 3
export const FS = 4
export const GS = 5
export const LDTR = 6
export const TR = 7

/** GDTR and IDTR: u64 base, u32 limit. */
export const GDTR = 768
export const IDTR = 784

/** u32: MXCSR. */
export const MXCSR = 800
/** u64[8]: debug registers. */
export const DR = 832
/** 16 × 64 bytes: vector registers (XMM in the low 16 bytes, YMM in the low 32). 64-byte aligned. */
export const XMM = 1024
export const XMM_STRIDE = 64

/**
 * The x87 unit. u16 FCW, u16 FSW, u8 tags (bit i: register Ri is not empty), u8 -, u16 FOP, u64 FIP, u64 FDP; then the registers R0 … R7
 * (MM0 … MM7) by their physical number, 16 bytes each: u64 significand, u16 sign and exponent.
 */
export const FCW = 2560
export const FSW = 2562
export const FTW = 2564
export const FOP = 2566
export const FIP = 2568
export const FDP = 2576
export const FPU_REGISTERS = 2592
export const FPU_STRIDE = 16

/** u64: offset of the memory operand of the x87 instruction that is being executed, for FDP. */
export const FPU_OPERAND = 2720
/** Operands and result of `floatLanes`: four times 32 bytes, 16-byte aligned; the result comes last. */
export const FLOAT_OPERANDS = 3072
export const FLOAT_OPERAND_SIZE = 32
export const FLOAT_RESULT = 3168

/** Bits of MODE: 16-, 32- or 64-bit code. */
export const MODE_CODE = 3
export const MODE_CODE16 = 0
export const MODE_CODE32 = 1
export const MODE_CODE64 = 2
/** The stack pointer is ESP rather than SP (SS.B; outside 64-bit code only). */
export const MODE_STACK32 = 4
/**
 * Outside 64-bit code: some of CS DS ES SS is not flat: it has a base other than 0, a limit other than 4 GiB, or (but CS) is not writable data.
 * Accesses are then checked one by one.
 */
export const MODE_SEGMENTED = 8
/** SSE instructions raise #UD: CR0.EM is set or CR4.OSFXSR is clear. */
export const MODE_NO_SSE = 16
/** Vector and x87 instructions raise #NM: CR0.TS is set. */
export const MODE_TASK_SWITCHED = 32
/** RFLAGS.TF: #DB after every instruction. */
export const MODE_SINGLE_STEP = 64
/** AVX instructions raise #UD: CR4.OSXSAVE is clear or XCR0 lacks YMM, or the mode is real or virtual-8086. */
export const MODE_NO_AVX = 128
/** Near CALL and RET report to the probe: PROBE has PROBE_CALLS. */
export const MODE_TRACE_CALLS = 256
/** x87 instructions raise #NM, MMX instructions #UD: CR0.EM is set. */
export const MODE_EMULATION = 512

/**
 * What the model of the processor says, written at reset: u32 linear address of the leaves of CPUID and how many there are (`cpuid/leaves.ts`); u64 each: bits
 * that may be set in CR4, XCR0 and IA32_XSS.
 */
export const CPUID_TABLE = 3200
export const CPUID_LEAVES = 3204
export const CR4_WRITABLE = 3208
export const XCR0_WRITABLE = 3216
export const XSS_WRITABLE = 3224
/** u64: IA32_XSS. */
export const XSS = 3232
/** u32 each: PKRU and IA32_PKRS, the rights of protection keys for user and for supervisor pages. */
export const PKRU = 3240
export const PKRS = 3244
/** u32 each, of pages that are not global and of those that are: see TLB_FILLED_MAX. */
export const TLB_FILLED = 3248
export const TLB_FILLED_GLOBAL = 3252

/** Free for the owners of single helpers: 2048 … 4095, but for the fields above. */
export const PRIVATE = 2048
/** u64 each: the counters of `counters.ts`. */
export const COUNTERS = 4096
export const STATE_SIZE = 8192

/** Geometry of one TLB array; four of them (supervisor, supervisor that may touch user pages, user, user code only while alignment is checked). */
export const TLB_ARRAY_COUNT = 4
/**
 * Behind the arrays two lists of the entries that hold something, u32 linear addresses, so that a small TLB is flushed quickly: first those of pages that are not
 * global. TLB_FILLED and TLB_FILLED_GLOBAL of the state block count them; a list whose count is beyond TLB_FILLED_MAX is not complete.
 */
export const TLB_FILLED_MAX = 2048
export const TLB_ENTRIES = 4096
export const TLB_ENTRY_SIZE = 32
/** Bytes of the arrays, and of these and both lists. */
export const TLB_ARRAYS_SIZE = TLB_ARRAY_COUNT * TLB_ENTRIES * TLB_ENTRY_SIZE
export const TLB_SIZE = TLB_ARRAYS_SIZE + 2 * 4 * TLB_FILLED_MAX
export const TLB_READ_TAG = 0
export const TLB_WRITE_TAG = 8
export const TLB_EXEC_TAG = 16
export const TLB_ADDEND = 24
export const TLB_FLAGS = 28
