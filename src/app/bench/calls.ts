/** What `onering bench` measures: every operation in a loop between two marks. */
import {
  accept,
  bind,
  connect,
  console,
  DescriptorSets,
  getppid,
  listen,
  monotonicTime,
  poll,
  PollEntry,
  Poller,
  POLL_IN,
  recv,
  select,
  send,
  socket,
  TCP,
  UDP,
} from 'onering'
import * as Cases from './cases'
import { datagramCalls, datagramEcho } from './datagrams'
import { begin, end } from './marks'
import { pages } from './pages'
import { LONGEST, payloads, pipeCalls } from './payloads'
import { stackFaults } from './stacks'
import { pipeSwitches, threads } from './switches'
import { upcalls } from './upcalls'

const PORT: u32 = 9
const LOCALHOST: u32 = 0x7f00_0001

/** Does nothing; called through the table, so that no compiler leaves the call out. */
function nothing(): void {}

function simpleCalls(): void {
  begin(Cases.EMPTY)
  end(Cases.EMPTY)
  const empty = nothing
  begin(Cases.NULL_CALL)
  for (let i = 0; i < Cases.CALLS; i++) empty()
  end(Cases.NULL_CALL)
  begin(Cases.GETPPID)
  for (let i = 0; i < Cases.CALLS; i++) getppid()
  end(Cases.GETPPID)
  begin(Cases.CLOCK)
  for (let i = 0; i < Cases.CALLS; i++) monotonicTime()
  end(Cases.CLOCK)
}

function tcpEcho(): void {
  const listener = socket(TCP)
  bind(listener, 0, PORT)
  listen(listener, 1)
  const here = socket(TCP)
  connect(here, LOCALHOST, PORT)
  const there = accept(listener)
  const data = new Uint8Array(LONGEST)
  for (let n = 0; n < payloads.length; n++) {
    const id = Cases.TCP_ECHO + n
    const size = payloads[n]
    begin(id)
    for (let i = 0; i < Cases.ECHOES; i++) {
      send(here, data, 0, size)
      for (let got = 0; got < size;) got += recv(there, data, got, size - got)
    }
    end(id)
  }
}

function polling(id: u32, pollerId: u32, selectId: u32, count: i32): void {
  const entries = heap.alloc(<usize>count * offsetof<PollEntry>())
  const poller = new Poller(count)
  const sets = new DescriptorSets(64 + count)
  let last = 0
  for (let i = 0; i < count; i++) {
    const fd = socket(UDP)
    bind(fd, 0, <u32>(1000 + i))
    const entry = changetype<PollEntry>(entries + <usize>i * offsetof<PollEntry>())
    entry.fd = fd
    entry.interest = POLL_IN
    poller.add(fd, POLL_IN)
    last = fd
  }
  begin(id)
  for (let i = 0; i < Cases.POLLS; i++) poll(changetype<PollEntry>(entries), count, 0)
  end(id)
  begin(pollerId)
  for (let i = 0; i < Cases.POLLS; i++) poller.wait(0)
  end(pollerId)
  begin(selectId)
  for (let i = 0; i < Cases.POLLS; i++) {
    // What is not ready has left the sets.
    for (let fd = last - count + 1; fd <= last; fd++) sets.addReading(fd)
    select(sets, 0)
  }
  end(selectId)
}

export function main(): i32 {
  simpleCalls()
  datagramEcho()
  tcpEcho()
  pipeCalls()
  datagramCalls()
  polling(Cases.POLL_10, Cases.POLLER_10, Cases.SELECT_10, 10)
  polling(Cases.POLL_1000, Cases.POLLER_1000, Cases.SELECT_1000, 1000)
  threads()
  pipeSwitches()
  upcalls()
  pages()
  stackFaults()
  console.log('done')
  return 0
}
