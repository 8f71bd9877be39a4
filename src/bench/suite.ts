/** What is measured: names for the numbers of `src/app/bench/cases.ts`. */
import * as C from '../app/bench/cases.ts'

export interface Case {
  readonly id: number
  readonly name: string
  /** What one operation is. */
  readonly operation: string
  readonly repetitions: number
  /** Number of the same loop without the operation, which is taken away. Default: nothing between the marks. */
  readonly baseline?: number
  /** Cases of one series differ in how many bytes they carry: points of one curve. */
  readonly payload?: Payload
}

export interface Payload {
  readonly series: string
  readonly bytes: number
}

export const PAYLOADS: readonly number[] = [1, 64, 512, 1024, 4096, 8192]

const series = (id: number, name: string, operation: string, repetitions: number): Case[] =>
  PAYLOADS.map((bytes, index) => ({
    id: id + index,
    name: `${name} ${bytes} B`,
    operation,
    repetitions,
    payload: { series: name, bytes },
  }))

const echo = (id: number, name: string, operation: string): Case[] => series(id, name, operation, C.ECHOES)
const oneWay = (id: number, name: string, operation: string): Case[] => series(id, name, operation, C.QUEUED)
const fault = (id: number, pages: number): Case => ({
  id,
  name: `fault ${pages}`,
  operation: `a page fault, the mean over ${pages} page${pages === 1 ? '' : 's'} touched for the first time`,
  repetitions: pages,
})

const stackFault = (id: number, pages: number): Case => ({
  id,
  name: `stack ${pages}`,
  operation: `a page fault on the stack, the mean over ${pages} page${pages === 1 ? '' : 's'} that calls reach for the first time`,
  repetitions: pages,
  baseline: id + 1,
})

export const cases: readonly Case[] = [
  {
    id: C.GETPPID,
    name: 'getppid',
    operation: 'a call that does nothing, and its loop',
    repetitions: C.CALLS,
  },
  {
    id: C.NULL_CALL,
    name: 'null call',
    operation: 'a call of an empty function of the application itself, and its loop',
    repetitions: C.CALLS,
  },
  { id: C.CLOCK, name: 'clock', operation: 'a reading of the clock', repetitions: C.CALLS },
  ...oneWay(C.WRITE, 'write', 'bytes into a pipe'),
  ...oneWay(C.READ, 'read', 'bytes out of a pipe'),
  ...oneWay(C.SEND_TO, 'sendto', 'a datagram into the loopback interface'),
  ...oneWay(C.RECV_FROM, 'recvfrom', 'a datagram that waits'),
  ...echo(C.UDP_ECHO, 'udp', 'sendto and recvfrom over the loopback interface'),
  ...echo(C.TCP_ECHO, 'tcp', 'write and read over a connection on the loopback interface'),
  { id: C.SELECT_10, name: 'select 10', operation: 'select of 10 idle descriptors', repetitions: C.POLLS },
  {
    id: C.SELECT_1000,
    name: 'select 1000',
    operation: 'select of 1000 idle descriptors',
    repetitions: C.POLLS,
  },
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
  {
    id: C.PIPE_SWITCH,
    name: 'pipe switch',
    operation: 'to another thread and back by a byte in each of two pipes',
    repetitions: C.PIPE_SWITCHES,
  },
  {
    id: C.UPCALL,
    name: 'upcall',
    operation: 'a handler that the kernel calls, as a signal’s: raised, run, and back',
    repetitions: C.UPCALLS,
  },
  { id: C.MAP, name: 'map', operation: '16 pages mapped and unmapped untouched', repetitions: C.MAPS },
  fault(C.FAULT_1, 1),
  fault(C.FAULT_10, 10),
  fault(C.FAULT_100, 100),
  stackFault(C.STACK_1, 1),
  stackFault(C.STACK_10, 10),
  stackFault(C.STACK_100, 100),
]

export const EMPTY: number = C.EMPTY
