/** What the host provides to the stack: the imports of module `host`. */

/** Monotonic milliseconds, with a fraction. */
export declare function now(): f64
/** 32 bits that a peer cannot guess. */
export declare function random(): u32
/** A frame of the stack; valid during the call. */
export declare function transmit(frame: usize, length: u32): void
/** Readiness bits of a socket rose. */
export declare function ready(owner: usize, readiness: u32): void
/** Somebody wants to connect to a foreign address; to be answered by `accept` or `refuse`. */
export declare function offer(
  pending: usize,
  source: u32,
  sourcePort: u32,
  destination: u32,
  destinationPort: u32,
): void
/** An offer is over before it was answered. */
export declare function withdraw(pending: usize): void
