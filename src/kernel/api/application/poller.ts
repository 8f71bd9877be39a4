/** Waiting for many sockets at once. */
import { close, poll as pollEntries, pollerControl, pollerCreate, pollerWait } from '../gen/kernel'

export const POLL_IN: u32 = 0x001
export const POLL_OUT: u32 = 0x004
export const POLL_ERR: u32 = 0x008
export const POLL_HUP: u32 = 0x010
/** The peer has closed its direction. */
export const POLL_RDHUP: u32 = 0x2000

const ADD: u32 = 1
const REMOVE: u32 = 2
const MODIFY: u32 = 3
const EVENT: usize = 8

/** Like `epoll`, level-triggered: waiting costs what is ready, not what is watched. */
export class Poller {
  private fd: i32
  private events: StaticArray<u32>
  private count: i32 = 0

  /** Room for `capacity` events of one wait. */
  constructor(capacity: i32 = 64) {
    this.fd = pollerCreate()
    this.events = new StaticArray<u32>(max(capacity, 1) * 2)
  }

  /** Watches `fd` for `interest`; `POLL_ERR` and `POLL_HUP` are always reported. `token` comes back with each event. */
  add(fd: i32, interest: u32, token: u32 = <u32>fd): i32 {
    return pollerControl(this.fd, ADD, fd, interest, token)
  }

  /** Changes what `fd` is watched for. */
  modify(fd: i32, interest: u32, token: u32 = <u32>fd): i32 {
    return pollerControl(this.fd, MODIFY, fd, interest, token)
  }

  /** Watches `fd` no longer. Closing a descriptor does the same. */
  remove(fd: i32): i32 {
    return pollerControl(this.fd, REMOVE, fd, 0, 0)
  }

  /** Waits up to `timeoutMs` (negative: for ever): the number of events, 0 when the time is up. */
  wait(timeoutMs: i32 = -1): i32 {
    this.count = pollerWait(this.fd, changetype<usize>(this.events), <u32>this.events.length >> 1, timeoutMs)
    return this.count
  }

  /** Token of event `index` of the last wait. */
  token(index: i32): u32 {
    return load<u32>(changetype<usize>(this.events) + <usize>index * EVENT)
  }

  /** What event `index` of the last wait is ready for. */
  readiness(index: i32): u32 {
    return load<u32>(changetype<usize>(this.events) + <usize>index * EVENT, 4)
  }

  close(): void {
    close(this.fd)
  }
}

/** One question of `poll`. */
@unmanaged
export class PollEntry {
  fd: i32
  interest: u32
  /** The answer. */
  readiness: u32
}

/** As POSIX `poll` for `count` entries one after another at `entries`. */
export function poll(entries: PollEntry, count: u32, timeoutMs: i32): i32 {
  return pollEntries(changetype<usize>(entries), count, timeoutMs)
}
