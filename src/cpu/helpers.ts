/**
 * The contract between generated code and the helpers of `guest/`: every function that `build/cpu-helpers.wasm` exports,
 * and every function that it imports. Each takes the address of the CPU state block as its first parameter, `cpu: i32`,
 * not repeated here. Sizes are in bytes, addresses (`va`) are linear addresses (segment base already added).
 *
 * A helper with a `status` result returns one of the STATUS values. Generated code has stored RIP, NEXT_RIP and RETIRED (which
 * counts the instructions completed before this one) before it calls any helper but `raise`.
 */

/** The instruction is complete; go on with the next one. */
export const STATUS_CONTINUE = 0
/** An exception is pending in EXC_VECTOR, EXC_ERROR, EXC_HAS_ERROR; nothing else has changed. The instruction does not retire. */
export const STATUS_EXCEPTION = 1
/** The instruction is complete; RIP is valid and may be anywhere, and the mode or IF may have changed. Leave the block. */
export const STATUS_JUMP = 2
/** The instruction is complete, RIP is valid; the board must act (HALTED, SHUTDOWN). */
export const STATUS_BOARD = 3
/** A repeated string instruction has made progress and wants to be run again; RIP is still its own. It does not retire. */
export const STATUS_AGAIN = 4

type Type = 'i32' | 'i64' | 'f64'
/** `[result, first parameter, …]`; 'status' is an i32 and 'none' no result. */
export type Signature = readonly ['status' | 'none' | Type, ...(readonly `${string}:${Type}`[])]

/** Slow paths of memory accesses. They also do page-crossing, MMIO and pages with decoded code, and fill the TLB. */
const memory = {
  /** Loads are zero-extended; EXC_PENDING is non-zero afterwards when it raised (the caller clears it). */
  load8: ['i64', 'va:i64'],
  load16: ['i64', 'va:i64'],
  load32: ['i64', 'va:i64'],
  load64: ['i64', 'va:i64'],
  store8: ['status', 'va:i64', 'value:i64'],
  store16: ['status', 'va:i64', 'value:i64'],
  store32: ['status', 'va:i64', 'value:i64'],
  store64: ['status', 'va:i64', 'value:i64'],
  /** `to` and `from` are linear addresses in the wasm memory. No alignment is required here. */
  load128: ['status', 'va:i64', 'to:i32'],
  store128: ['status', 'va:i64', 'from:i32'],
  /** Raises what a write of `size` bytes would raise, and fills the TLB for it; writes nothing. */
  probeWrite: ['status', 'va:i64', 'size:i32'],
  /** The elements of `size` bytes at `va` whose bit in `mask` is set, between memory and SCRATCH, where a load clears the others. */
  maskedLoad: ['status', 'va:i64', 'mask:i32', 'size:i32'],
  maskedStore: ['status', 'va:i64', 'mask:i32', 'size:i32'],
  /**
   * Outside 64-bit code: linear address of `size` bytes at an offset of a segment, after the checks of limit and type; #GP(0) or #SS(0)
   * through EXC_PENDING.
   */
  segmentAddress: ['i64', 'seg:i32', 'offset:i64', 'size:i32', 'write:i32'],
  /** #GP(0) when a near branch may not go to `rip`: beyond the limit of CS, or not canonical. */
  checkTarget: ['status', 'rip:i64'],
  /**
   * A gather: bits of `kind` are 0 indexes of 64 bits, 1 elements of 64 bits, 2 a form of 256 bits; `to`, `vectorMask` and `index` are numbers of vector
   * registers, which change as far as it comes. `base` plus an index shifted by `shift` is an offset of `address` bytes in segment `seg`.
   */
  gather: [
    'status',
    'kind:i32',
    'to:i32',
    'vectorMask:i32',
    'index:i32',
    'base:i64',
    'shift:i32',
    'address:i32',
    'seg:i32',
  ],
  /** Guest-physical address of the code byte at `va`, filling the exec tag, or -1 with the exception pending. */
  translateExec: ['i64', 'va:i64'],
} as const

/** Exceptions and interrupts. */
const events = {
  /** Stores the pending exception and returns STATUS_EXCEPTION. */
  raise: ['status', 'vector:i32', 'hasError:i32', 'error:i32'],
  /** Delivers the pending exception (RIP is that of the instruction): STATUS_JUMP, or STATUS_BOARD with SHUTDOWN set. */
  deliverException: ['status'],
  /** Delivers an external interrupt between two instructions; clears HALTED. */
  deliverInterrupt: ['status', 'vector:i32'],
  /** The same for a non-maskable one, which blocks the next until IRET. */
  deliverNmi: ['status'],
  /** Makes the debug traps of the last instruction the pending exception, unless none wait or a load of SS holds them back. */
  debugTrap: ['status'],
  /** STATUS_EXCEPTION with #DB when DR0 … DR3 have an enabled breakpoint for the instruction at this linear address; STATUS_AGAIN: for others near it. */
  checkCodeBreakpoint: ['status', 'va:i64'],
  /** The host has written the list of a debugger's points. */
  pointsChanged: ['none'],
  /** Recomputes MODE and TLB_BASE; after a reset, a load of a snapshot, or a write to control registers by the host. */
  updateMode: ['none'],
  flushTlb: ['none'],
  /** Makes the TLBs empty whatever they hold; after a reset or a load of a snapshot. */
  resetTlb: ['none'],
  /** RFLAGS with the six arithmetic flags materialised. */
  getRflags: ['i64'],
  /** One event of `probe.ts`, while PROBE is not 0. */
  report: ['none', 'event:i32', 'x:i64', 'y:i64'],
  setRflags: ['none', 'value:i64'],
} as const

/** Far transfers and segments. `size`: operand size in bytes. `seg`: layout's ES … GS. Selectors zero-extended. */
const control = {
  syscall: ['status'],
  sysret: ['status', 'size:i32'],
  sysenter: ['status'],
  sysexit: ['status', 'size:i32'],
  iret: ['status', 'size:i32'],
  erets: ['status'],
  eretu: ['status'],
  /** INT n (kind 0), INT3 (1), INTO (2; OF has been tested), INT1 (3). */
  intN: ['status', 'vector:i32', 'kind:i32'],
  farJump: ['status', 'selector:i32', 'offset:i64', 'size:i32'],
  farCall: ['status', 'selector:i32', 'offset:i64', 'size:i32'],
  farReturn: ['status', 'size:i32', 'release:i32'],
  /** STATUS_JUMP when MODE changed or interrupts are shadowed (SS). LSS, LDS …: after the offset has been read. */
  loadSegment: ['status', 'seg:i32', 'selector:i32'],
  lldt: ['status', 'selector:i32'],
  lkgs: ['status', 'selector:i32'],
  ltr: ['status', 'selector:i32'],
  /** Checks (UMIP) only; the value is read from SEGMENTS by the caller. Also for SMSW. */
  checkUmip: ['status'],
  /** #UD in real and virtual-8086 mode; for SLDT and STR the UMIP check too. */
  checkProtected: ['status'],
  checkSelectorStore: ['status'],
  sgdt: ['status', 'va:i64', 'size:i32'],
  sidt: ['status', 'va:i64', 'size:i32'],
  lgdt: ['status', 'va:i64', 'size:i32'],
  lidt: ['status', 'va:i64', 'size:i32'],
  lmsw: ['status', 'value:i32'],
  clts: ['status'],
  /** `gpr`: number of the general register. */
  movToCr: ['status', 'cr:i32', 'value:i64'],
  movFromCr: ['status', 'cr:i32', 'gpr:i32'],
  movToDr: ['status', 'dr:i32', 'value:i64'],
  movFromDr: ['status', 'dr:i32', 'gpr:i32'],
  invlpg: ['status', 'va:i64'],
  invpcid: ['status', 'kind:i64', 'va:i64'],
  wbinvd: ['status'],
  swapgs: ['status'],
  hlt: ['status'],
  /** STATUS_JUMP when an interrupt that is pending now becomes deliverable (after one more instruction). */
  sti: ['status'],
  cli: ['status'],
  /** Push and pop the flags image; `size` 2, 4 or 8. STATUS_JUMP when MODE changed or a pending interrupt became deliverable. */
  pushf: ['status', 'size:i32'],
  popf: ['status', 'size:i32'],
  stac: ['status'],
  clac: ['status'],
  /** VERR, VERW, LAR, LSL: the result is the descriptor's value or -1 (ZF = 0); EXC_PENDING as for loads. */
  verr: ['i64', 'selector:i32'],
  verw: ['i64', 'selector:i32'],
  lar: ['i64', 'selector:i32'],
  lsl: ['i64', 'selector:i32'],
} as const

/** Model-specific registers, identification, ports. */
const system = {
  readMsr: ['status'],
  writeMsr: ['status'],
  cpuid: ['status'],
  rdtsc: ['status'],
  rdtscp: ['status'],
  rdpmc: ['status'],
  /** `seg`: FS or GS. Checks CR4.FSGSBASE and canonical form; the caller reads and writes the GPR by number. `size` 4 or 8. */
  rdSegBase: ['status', 'seg:i32', 'gpr:i32', 'size:i32'],
  wrSegBase: ['status', 'seg:i32', 'value:i64'],
  rdpkru: ['status'],
  wrpkru: ['status'],
  xgetbv: ['status'],
  xsetbv: ['status'],
  fxsave: ['status', 'va:i64', 'size:i32'],
  fxrstor: ['status', 'va:i64', 'size:i32'],
  xsave: ['status', 'va:i64', 'size:i32'],
  xsaveopt: ['status', 'va:i64', 'size:i32'],
  xsavec: ['status', 'va:i64', 'size:i32'],
  xsaves: ['status', 'va:i64', 'size:i32'],
  xrstor: ['status', 'va:i64', 'size:i32'],
  xrstors: ['status', 'va:i64', 'size:i32'],
  /** 64 random bits from the board's seeded generator. */
  random: ['i64'],
  /** Port to and from AL, AX, EAX. */
  in: ['status', 'port:i32', 'size:i32'],
  out: ['status', 'port:i32', 'size:i32'],
} as const

/** The x87 unit. Generated code has looked at CR0.EM, CR0.TS and at pending exceptions. `size`: operand size in bytes. */
const x87 = {
  /** An exception is pending and CR0.NE is clear: CONTINUE under IGNNE#, else HALTED until an interrupt, and the instruction AGAIN. */
  x87Ferr: ['status'],
  fninit: ['status'],
  fnclex: ['status'],
  fldcw: ['status', 'value:i32'],
  fldenv: ['status', 'va:i64', 'size:i32'],
  fnstenv: ['status', 'va:i64', 'size:i32'],
  frstor: ['status', 'va:i64', 'size:i32'],
  fnsave: ['status', 'va:i64', 'size:i32'],
  /** The numbers of formats and operations stand in `semantics/x87`; `high`: bits 64 to 79 of formats of ten bytes. Integers are sign-extended. */
  x87Load: ['status', 'format:i32', 'value:i64', 'high:i32'],
  x87Store: ['status', 'format:i32', 'va:i64', 'size:i32', 'pops:i32', 'truncate:i32'],
  x87Memory: ['status', 'operation:i32', 'format:i32', 'value:i64'],
  x87Arithmetic: ['status', 'operation:i32', 'to:i32', 'from:i32', 'pops:i32'],
  x87Compare: ['status', 'sti:i32', 'quiet:i32', 'pops:i32'],
  /** FCOMI and its like: the arithmetic flags at their places. */
  x87CompareFlags: ['i64', 'sti:i32', 'quiet:i32', 'pops:i32'],
  x87CompareMemory: ['status', 'format:i32', 'value:i64', 'pops:i32'],
  x87Duplicate: ['status', 'sti:i32'],
  x87Copy: ['status', 'sti:i32', 'pops:i32'],
  x87Exchange: ['status', 'sti:i32'],
  x87MoveIf: ['status', 'sti:i32', 'condition:i32'],
  x87Free: ['status', 'sti:i32', 'pops:i32'],
  x87Top: ['status', 'operation:i32'],
  x87Constant: ['status', 'constant:i32'],
  /** F2XM1; FYL2X and FYL2XP1; FPATAN; FSIN, FCOS, FSINCOS and FPTAN. */
  x87Power: ['status'],
  x87Logarithm: ['status', 'plusOne:i32'],
  x87ArcTangent: ['status'],
  x87Circle: ['status', 'function:i32'],
} as const

/**
 * Arithmetic of vector registers, exactly as MXCSR asks: what the fast paths of `semantics/sse/float.ts` leave. `code` and `immediate`: see
 * `float-operations.ts`. Sets flags of MXCSR; or raises through EXC_PENDING (#XM, #UD) and then the result means nothing.
 */
const float = {
  floatScalar: ['i64', 'code:i32', 'immediate:i32', 'x:i64', 'y:i64', 'z:i64'],
  /** Operands in layout's FLOAT_OPERANDS, the result in FLOAT_RESULT; answers 0. */
  floatLanes: ['i64', 'code:i32', 'immediate:i32', 'lanes:i32'],
} as const

/** Long arithmetic on RAX and RDX (AX for 8 bits). Raise #DE. The multiplications give the high half only. */
const arithmetic = {
  div8: ['status', 'divisor:i32'],
  div16: ['status', 'divisor:i32'],
  div32: ['status', 'divisor:i32'],
  div64: ['status', 'divisor:i64'],
  idiv8: ['status', 'divisor:i32'],
  idiv16: ['status', 'divisor:i32'],
  idiv32: ['status', 'divisor:i32'],
  idiv64: ['status', 'divisor:i64'],
  mulHigh64: ['i64', 'x:i64', 'y:i64'],
  imulHigh64: ['i64', 'x:i64', 'y:i64'],
} as const

/**
 * Cryptographic instructions on vectors in SCRATCH, one behind the other. The result is the low half of a vector; its high half is left in
 * SCRATCH at 8. Multiplication takes its factors as parameters.
 */
const crypto = {
  /** `kind`: 0 AESENC, 1 AESENCLAST, 2 AESDEC, 3 AESDECLAST. */
  aesRound: ['i64', 'kind:i32'],
  aesInverseMix: ['i64'],
  aesKeyAssist: ['i64', 'constant:i32'],
  carrylessMultiply: ['i64', 'x:i64', 'y:i64'],
  sha1NextE: ['i64'],
  sha1Message1: ['i64'],
  sha1Message2: ['i64'],
  sha1Rounds: ['i64', 'stage:i32'],
  sha256Rounds: ['i64'],
  sha256Message1: ['i64'],
  sha256Message2: ['i64'],
} as const

/** `rep`: 0 none, 1 REP/REPE (F3), 2 REPNE (F2). `address`: address size in bytes. `seg`: segment of the source. */
const strings = {
  movs: ['status', 'size:i32', 'rep:i32', 'address:i32', 'seg:i32'],
  stos: ['status', 'size:i32', 'rep:i32', 'address:i32'],
  lods: ['status', 'size:i32', 'rep:i32', 'address:i32', 'seg:i32'],
  scas: ['status', 'size:i32', 'rep:i32', 'address:i32'],
  cmps: ['status', 'size:i32', 'rep:i32', 'address:i32', 'seg:i32'],
  ins: ['status', 'size:i32', 'rep:i32', 'address:i32'],
  outs: ['status', 'size:i32', 'rep:i32', 'address:i32', 'seg:i32'],
} as const

/** Exports of the helpers module, which generated code imports as module `helper`. */
export const helpers = {
  ...memory,
  ...events,
  ...control,
  ...system,
  ...x87,
  ...float,
  ...arithmetic,
  ...crypto,
  ...strings,
} as const satisfies Record<string, Signature>
export type HelperName = keyof typeof helpers

/**
 * What the helpers import, as module `host`, besides `env.memory`. Guest-physical addresses are f64, which holds all 52 bits
 * and crosses to JavaScript without a BigInt.
 */
export const hostImports = {
  mmioRead: ['i32', 'gpa:f64', 'size:i32'],
  mmioRead64: ['i64', 'gpa:f64'],
  mmioWrite: ['none', 'gpa:f64', 'size:i32', 'value:i32'],
  mmioWrite64: ['none', 'gpa:f64', 'value:i64'],
  ioRead: ['i32', 'port:i32', 'size:i32'],
  ioWrite: ['none', 'port:i32', 'size:i32', 'value:i32'],
  /** A page with decoded blocks (PAGE_FLAGS bit 0) is about to be written: forget the blocks that touch these bytes. */
  codeWritten: ['none', 'gpa:f64', 'size:i32'],
  /** Local APIC by MSR: x2APIC registers and IA32_APIC_BASE; task priority for CR8. */
  apicRead: ['i64', 'msr:i32'],
  apicWrite: ['none', 'msr:i32', 'value:i64'],
  /** Drives FERR#; 1 while IGNNE# is asserted. */
  ferr: ['i32', 'asserted:i32'],
  random: ['i64'],
  /** A debug trap waits: the run must end after the instruction that runs now. */
  stopAfterInstruction: ['none'],
  /** One event of `probe.ts`; the two operands depend on the event. */
  probe: ['none', 'event:i32', 'x:i64', 'y:i64'],
} as const satisfies Record<string, Signature>
export type HostImportName = keyof typeof hostImports
