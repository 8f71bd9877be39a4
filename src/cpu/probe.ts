/**
 * Events that a listener may see while PROBE is set in the state block: `host.probe(cpu, event, x, y)`. Literal constants, read
 * by both dialects; `probe-text.ts` has the words for them.
 */

/** A privilege transition begins: x = one of TRANSITION_, y = CPL before. */
export const EVENT_BEGIN = 1
/** One micro-step of it: x = one of STEP_, y = the value that was written. */
export const EVENT_STEP = 2
/** The transition is complete: x = TRANSITION_, y = CPL after. */
export const EVENT_END = 3
/** An exception was raised: x = vector, y = error code. */
export const EVENT_EXCEPTION = 4
/** An external interrupt is taken: x = vector. */
export const EVENT_INTERRUPT = 5
/** x = number of the control register, y = new value. */
export const EVENT_CR_WRITE = 6
/** x = number of the MSR, y = new value. */
export const EVENT_MSR_WRITE = 7
/** The paging structures were walked: x = linear address, y = guest-physical address or all ones when it faulted. */
export const EVENT_PAGE_WALK = 8
/** x = 0 everything, 1 all but global pages, 2 one page, whose address is y. */
export const EVENT_TLB_FLUSH = 9
/** x = vectors of the chain, one byte each, oldest first; y = RIP. */
export const EVENT_SHUTDOWN = 10
/** On request only. A near CALL: x = target, y = return address. A near RET: x = target, y = stack pointer after it. */
export const EVENT_CALL = 11
export const EVENT_RET = 12
/** An event is about to be delivered: x = vector, CAUSE_TYPE_SHIFT: type (FRED's), CAUSE_ERROR_SHIFT: error code; y = CR2. */
export const EVENT_CAUSE = 13
export const CAUSE_TYPE_SHIFT = 8
export const CAUSE_ERROR_SHIFT = 32
/** To the host alone: the trace buffer is full. */
export const EVENT_TRACE_FULL = 14

export const TRANSITION_SYSCALL = 1
export const TRANSITION_SYSRET = 2
export const TRANSITION_SYSENTER = 3
export const TRANSITION_SYSEXIT = 4
export const TRANSITION_EVENT = 5
export const TRANSITION_IRET = 6
export const TRANSITION_FAR_JUMP = 7
export const TRANSITION_FAR_CALL = 8
export const TRANSITION_FAR_RETURN = 9
export const TRANSITION_TASK_SWITCH = 10
export const TRANSITION_ERETS = 11
export const TRANSITION_ERETU = 12

export const STEP_READ_GATE = 1
export const STEP_READ_CODE_DESCRIPTOR = 2
export const STEP_READ_STACK_DESCRIPTOR = 3
export const STEP_STACK_FROM_IST = 4
export const STEP_STACK_FROM_TSS = 5
export const STEP_ALIGN_STACK = 6
export const STEP_PUSH_SS = 7
export const STEP_PUSH_RSP = 8
export const STEP_PUSH_RFLAGS = 9
export const STEP_PUSH_CS = 10
export const STEP_PUSH_RIP = 11
export const STEP_PUSH_ERROR = 12
export const STEP_PUSH_PARAMETER = 13
export const STEP_POP_RIP = 14
export const STEP_POP_CS = 15
export const STEP_POP_RFLAGS = 16
export const STEP_POP_RSP = 17
export const STEP_POP_SS = 18
export const STEP_RCX_FROM_RIP = 19
export const STEP_R11_FROM_RFLAGS = 20
export const STEP_RIP = 21
export const STEP_RSP = 22
export const STEP_CS = 23
export const STEP_SS = 24
export const STEP_CPL = 25
export const STEP_RFLAGS = 26
/** A data segment register that the new level may not use is made null: y = its number. */
export const STEP_NULL_SEGMENT = 27
/** The outgoing task's registers are in its task-state segment: y = its selector. */
export const STEP_SAVE_TASK = 28
export const STEP_TR = 29
/** FRED: the stack of an event, the current stack level, the words of its frame, and the exchange of GS bases. */
export const STEP_STACK_FROM_FRED = 30
export const STEP_CSL = 31
export const STEP_PUSH_RESERVED = 32
export const STEP_PUSH_EVENT_DATA = 33
export const STEP_GS_BASE = 34
/** INT n may use the gate: y = its DPL. */
export const STEP_CHECK_GATE = 35
