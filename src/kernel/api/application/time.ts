/** Time. */
import { clock, sleep as sleepFor } from '../gen/kernel'

/** Nanoseconds since boot; never goes back. */
export function monotonicTime(): u64 {
  return clock(0)
}

/** Milliseconds since 1 January 1970, UTC. */
export function date(): i64 {
  return <i64>(clock(1) / 1_000_000)
}

/** Lets other threads run for at least `milliseconds`. */
export function sleep(milliseconds: u32): void {
  sleepFor(<u64>milliseconds * 1_000_000)
}
