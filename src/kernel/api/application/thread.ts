/** Threads: preemptive, all in one address space. */
import { join as joinId, spawn as spawnEntry, threadId, yieldNow } from '../gen/kernel'

export { yieldNow }

/** Starts `entry(argument)` in a thread of its own: its id, or a negative errno. */
export function spawn(entry: (argument: u32) => void, argument: u32): i32 {
  return spawnEntry(entry.index, argument)
}

/** Waits for the end of thread `id`: its status, 0 unless it was stopped; or a negative errno. */
export function join(id: i32): i32 {
  return joinId(<u32>id)
}

/** Id of the thread that asks. */
export function currentThread(): u32 {
  return threadId()
}
