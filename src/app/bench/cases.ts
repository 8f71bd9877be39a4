/** Numbers of the measurements, and how often each operation is repeated between its two marks. Read by both dialects: literal constants only. */

/** Nothing between the marks: what the marks themselves cost. */
export const EMPTY = 0
/** A call that does nothing, and its loop. */
export const GETPPID = 1
export const CLOCK = 2
/** The same loop with a function of the application's own, through its table of functions. */
export const NULL_CALL = 3
export const CALLS = 1000

/** A datagram to itself over the loopback interface, sent and received: one measurement for each size of PAYLOADS in `suite.ts`. */
export const UDP_ECHO = 10
/** The same over a TCP connection. */
export const TCP_ECHO = 20
export const ECHOES = 100

/** Nothing is ready, and nobody waits. */
export const POLL_10 = 30
export const POLL_1000 = 31
export const POLLER_10 = 32
export const POLLER_1000 = 33
/** With the descriptors put into the set each time. */
export const SELECT_10 = 34
export const SELECT_1000 = 35
export const POLLS = 20

/** A thread started and joined. */
export const THREAD = 40
export const THREADS = 20
/** From one thread to another and back. */
export const SWITCH = 41
export const SWITCHES = 200
/** The same through two pipes, a byte each way. */
export const PIPE_SWITCH = 42
export const PIPE_SWITCHES = 100
/** A handler of the application's called by the kernel, as a signal's. */
export const UPCALL = 43
export const UPCALLS = 100

/** One way only, for each size of PAYLOADS: into a pipe and out of it, to the loopback interface and from there. */
export const WRITE = 50
export const READ = 60
export const SEND_TO = 70
export const RECV_FROM = 80
export const QUEUED = 4

/** So many pages touched for the first time, one after the other. */
export const FAULT_1 = 90
export const FAULT_10 = 91
export const FAULT_100 = 92
/** 16 pages asked for and given back untouched. */
export const MAP = 93
export const MAPS = 20

/** So many pages of a stack reached by calls; each followed, under the next number, by the same calls without a fault. */
export const STACK_1 = 96
export const STACK_10 = 98
export const STACK_100 = 100
