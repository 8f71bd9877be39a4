/** What is measured: names for the numbers of `src/app/bench/cases.ts`. */
import * as C from '../app/bench/cases.ts'

export interface Case {
  readonly id: number
  readonly name: string
  /** What one operation is. */
  readonly operation: string
  readonly repetitions: number
  /** Cases of one series differ in how many bytes they carry: points of one curve. */
  readonly payload?: Payload
}

export interface Payload {
  readonly series: string
  readonly bytes: number
}

export const PAYLOADS: readonly number[] = [1, 64, 512, 1024, 4096, 8192]

const echo = (id: number, name: string, operation: string): Case[] =>
  PAYLOADS.map((bytes, index) => ({
    id: id + index,
    name: `${name} ${bytes} B`,
    operation,
    repetitions: C.ECHOES,
    payload: { series: name, bytes },
  }))

export const cases: readonly Case[] = [
  {
    id: C.GETPPID,
    name: 'getppid',
    operation: 'a call that does nothing, and its loop',
    repetitions: C.CALLS,
  },
  { id: C.CLOCK, name: 'clock', operation: 'a reading of the clock', repetitions: C.CALLS },
  ...echo(C.UDP_ECHO, 'udp', 'sendto and recvfrom over the loopback interface'),
  ...echo(C.TCP_ECHO, 'tcp', 'write and read over a connection on the loopback interface'),
  { id: C.POLL_10, name: 'poll 10', operation: 'poll of 10 idle descriptors', repetitions: C.POLLS },
  { id: C.POLL_1000, name: 'poll 1000', operation: 'poll of 1000 idle descriptors', repetitions: C.POLLS },
  { id: C.POLLER_10, name: 'epoll 10', operation: 'epoll of 10 idle descriptors', repetitions: C.POLLS },
  {
    id: C.POLLER_1000,
    name: 'epoll 1000',
    operation: 'epoll of 1000 idle descriptors',
    repetitions: C.POLLS,
  },
  { id: C.THREAD, name: 'thread', operation: 'a thread started and joined', repetitions: C.THREADS },
  { id: C.SWITCH, name: 'switch', operation: 'to another thread and back', repetitions: C.SWITCHES },
]

export const EMPTY: number = C.EMPTY
