/** What `onering bench` measures: every operation in a loop between two marks, 2 n and 2 n + 1. */
import {
  accept,
  bind,
  connect,
  console,
  getppid,
  join,
  listen,
  mark,
  monotonicTime,
  poll,
  PollEntry,
  Poller,
  POLL_IN,
  recv,
  recvFrom,
  send,
  sendTo,
  socket,
  SocketName,
  spawn,
  TCP,
  UDP,
  yieldNow,
} from 'onering'
import * as Cases from './cases'

const PORT: u32 = 9
const LOCALHOST: u32 = 0x7f00_0001
const payloads: StaticArray<i32> = [1, 64, 512, 1024, 4096, 8192]

function begin(id: u32): void {
  mark(2 * id)
}

function end(id: u32): void {
  mark(2 * id + 1)
}

function simpleCalls(): void {
  begin(Cases.EMPTY)
  end(Cases.EMPTY)
  begin(Cases.GETPPID)
  for (let i = 0; i < Cases.CALLS; i++) getppid()
  end(Cases.GETPPID)
  begin(Cases.CLOCK)
  for (let i = 0; i < Cases.CALLS; i++) monotonicTime()
  end(Cases.CLOCK)
}

function udpEcho(): void {
  const fd = socket(UDP)
  bind(fd, 0, PORT)
  const to = new SocketName()
  to.address = LOCALHOST
  to.port = PORT
  const from = new SocketName()
  const data = new Uint8Array(8192)
  for (let n = 0; n < payloads.length; n++) {
    const id = Cases.UDP_ECHO + n
    begin(id)
    for (let i = 0; i < Cases.ECHOES; i++) {
      sendTo(fd, data, payloads[n], to)
      recvFrom(fd, data, from)
    }
    end(id)
  }
}

function tcpEcho(): void {
  const listener = socket(TCP)
  bind(listener, 0, PORT)
  listen(listener, 1)
  const here = socket(TCP)
  connect(here, LOCALHOST, PORT)
  const there = accept(listener)
  const data = new Uint8Array(8192)
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

function polling(id: u32, pollerId: u32, count: i32): void {
  const entries = heap.alloc(<usize>count * offsetof<PollEntry>())
  const poller = new Poller(count)
  for (let i = 0; i < count; i++) {
    const fd = socket(UDP)
    bind(fd, 0, <u32>(1000 + i))
    const entry = changetype<PollEntry>(entries + <usize>i * offsetof<PollEntry>())
    entry.fd = fd
    entry.interest = POLL_IN
    poller.add(fd, POLL_IN)
  }
  begin(id)
  for (let i = 0; i < Cases.POLLS; i++) poll(changetype<PollEntry>(entries), count, 0)
  end(id)
  begin(pollerId)
  for (let i = 0; i < Cases.POLLS; i++) poller.wait(0)
  end(pollerId)
}

function nothing(_argument: u32): void {}

function yielding(count: u32): void {
  for (let i: u32 = 0; i < count; i++) yieldNow()
}

function threads(): void {
  begin(Cases.THREAD)
  for (let i = 0; i < Cases.THREADS; i++) join(spawn(nothing, 0))
  end(Cases.THREAD)
  const other = spawn(yielding, Cases.SWITCHES + 1)
  yieldNow()
  begin(Cases.SWITCH)
  for (let i = 0; i < Cases.SWITCHES; i++) yieldNow()
  end(Cases.SWITCH)
  join(other)
}

export function main(): i32 {
  simpleCalls()
  udpEcho()
  tcpEcho()
  polling(Cases.POLL_10, Cases.POLLER_10, 10)
  polling(Cases.POLL_1000, Cases.POLLER_1000, 1000)
  threads()
  console.log('done')
  return 0
}
