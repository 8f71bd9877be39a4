/** Connection states (RFC 9293 section 3.3.2). */
export const CLOSED: u32 = 0
export const LISTEN: u32 = 1
export const SYN_SENT: u32 = 2
export const SYN_RECEIVED: u32 = 3
export const ESTABLISHED: u32 = 4
export const FIN_WAIT_1: u32 = 5
export const FIN_WAIT_2: u32 = 6
export const CLOSE_WAIT: u32 = 7
export const CLOSING: u32 = 8
export const LAST_ACK: u32 = 9
export const TIME_WAIT: u32 = 10

/** Loss recovery: none, fast recovery (RFC 6675, RFC 6582), or after a retransmission timeout. */
export const OPEN: u32 = 0
export const RECOVERY: u32 = 1
export const LOSS: u32 = 2

/** Deadlines and limits. Times in ns. */
export const MILLISECOND: u64 = 1_000_000
export const SECOND: u64 = 1_000_000_000
export const RTO_INITIAL: u64 = 1 * SECOND
/** RFC 6298 asks for a second; 200 ms is what deployed stacks have found good enough. */
export const RTO_MINIMUM: u64 = 200 * MILLISECOND
export const RTO_MAXIMUM: u64 = 60 * SECOND
export const DELAYED_ACK: u64 = 40 * MILLISECOND
/** Twice the maximum segment lifetime, taken as 30 s. */
export const TIME_WAIT_LENGTH: u64 = 60 * SECOND
/** How long a closed socket waits for the peer's FIN. */
export const FIN_WAIT_2_LENGTH: u64 = 60 * SECOND
/** R2 of RFC 9293 section 3.8.3: so many retransmissions without an answer end the connection. */
export const RETRIES_DATA: u32 = 15
export const RETRIES_SYN: u32 = 6
export const RETRIES_SYN_ACK: u32 = 5
export const FORWARDER_PATIENCE: u64 = 75 * SECOND
export const INITIAL_WINDOW_SEGMENTS: u32 = 10
export const DUPLICATE_THRESHOLD: u32 = 3
export const BUFFER_DEFAULT: u32 = 256 << 10
export const BUFFER_MAXIMUM: u32 = 16 << 20
export const BUFFER_MINIMUM: u32 = 2048
export const KEEP_ALIVE_IDLE: u64 = 7200 * SECOND
export const KEEP_ALIVE_INTERVAL: u64 = 75 * SECOND
export const KEEP_ALIVE_PROBES: u32 = 9
export const TIME_WAIT_LIMIT: u32 = 1024
