/** What the test's driver gives the guest. Numbers are doubles: virtual times and 52-bit seeds fit, and no BigInt is made. */
export declare function hostNow(): f64
export declare function hostTransmit(context: u32, frame: usize, length: u32): u32
export declare function hostReady(owner: u32, readiness: u32): void
export declare function hostPending(context: u32, pending: usize): void
export declare function hostCancel(context: u32, pending: usize): void
export declare function hostDatagram(
  context: u32,
  source: u32,
  sourcePort: u32,
  destination: u32,
  destinationPort: u32,
  payload: usize,
  length: u32,
): u32
export declare function hostResolved(context: u32, status: i32, addresses: usize, count: u32): void
export declare function hostDhcp(context: u32, client: usize): void
