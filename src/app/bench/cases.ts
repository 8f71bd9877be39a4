/** Numbers of the measurements, and how often each operation is repeated between its two marks. Read by both dialects: literal constants only. */

/** Nothing between the marks: what the marks themselves cost. */
export const EMPTY = 0
/** A call that does nothing, and its loop. */
export const GETPPID = 1
export const CLOCK = 2
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
export const POLLS = 20

/** A thread started and joined. */
export const THREAD = 40
export const THREADS = 20
/** From one thread to another and back. */
export const SWITCH = 41
export const SWITCHES = 200
