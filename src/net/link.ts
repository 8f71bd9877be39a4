/**
 * The virtual wire, seen from the machine's end: what a network card plugs into.
 *
 * A frame is an Ethernet frame from destination address to payload, without preamble and FCS. It belongs to the
 * receiver from the call on: the sender must not touch its bytes again. A wire loses frames when a queue is full;
 * nothing on it blocks and nothing throws.
 */
export interface Link {
  /** Puts a frame of the machine on the wire. A closed link ignores it. */
  send(frame: Uint8Array): void
  /** Called for each frame that arrives for the machine, possibly from within `send`. */
  onFrame: ((frame: Uint8Array) => void) | null
  /** Ends the link and frees what it holds: sockets, timers, files. May be called again. */
  close(): void
}

/**
 * A network that can be plugged in: `userNet(…)`, `streamNet(…)`. Describing one touches nothing on the host;
 * `open` does, and rejects with a `NetError` when the host refuses.
 */
export interface Network<L extends Link = Link> {
  open(): Promise<L>
}

/** Ethernet header: two addresses and the type. */
export const ETHERNET_HEADER_BYTES = 14

/** The largest frame any link accepts: the largest IPv4 packet behind an Ethernet header. */
export const MAX_FRAME_BYTES: number = ETHERNET_HEADER_BYTES + 65_535
