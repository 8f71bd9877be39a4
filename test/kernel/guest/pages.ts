/** Pages, pipes and select. */
import {
  close,
  DescriptorSets,
  EAGAIN,
  EBADF,
  EINVAL,
  EPIPE,
  join,
  mapMemory,
  memoryStatistics,
  pipe,
  PipeEnds,
  poll,
  Poller,
  PollEntry,
  POLL_IN,
  recv,
  random,
  select,
  send,
  setBlocking,
  spawn,
  unmapMemory,
} from 'onering'
import { begin, equal, finish, ok } from './tap'

const PAGE: usize = 4096
const PAGES: u32 = 1000
/** Bytes that the program's heap may take meanwhile. */
const SLACK: u32 = 1 << 20

function mappings(): void {
  // The first one brings the page tables.
  unmapMemory(mapMemory(PAGES * 4096))
  const free = memoryStatistics().free
  const start = mapMemory(PAGES * 4096 - 1)
  ok(start != 0 && start % PAGE == 0, 'pages have an address')
  ok(memoryStatistics().free + SLACK > free, 'and take no memory yet')
  let sum: u32 = 0
  for (let i: usize = 0; i < PAGES; i++) sum += load<u8>(start + i * PAGE)
  equal(sum, 0, 'they are zeros')
  ok(memoryStatistics().free + PAGES * 4096 <= free, 'and take memory when they are touched')
  for (let i: usize = 0; i < PAGES; i++) store<u64>(start + i * PAGE + 4088, i)
  for (let i: usize = 0; i < PAGES; i++) sum += <u32>load<u64>(start + i * PAGE + 4088)
  equal(sum, 499_500, 'they keep what is written')
  const second = mapMemory(4096)
  ok(second >= start + (PAGES + 1) * PAGE, 'the next ones lie elsewhere, with a hole between')
  equal(unmapMemory(start + 4096), -EINVAL, 'only the whole can be given back')
  equal(unmapMemory(start), 0, 'and is')
  equal(unmapMemory(second), 0, 'in any order')
  equal(unmapMemory(second), -EINVAL, 'once')
  ok(memoryStatistics().free + SLACK > free, 'the memory is free again')
  equal(mapMemory(0), 0, 'no pages are none')
  equal(mapMemory(0xffff_ffff), 0, 'too many are none')
  const again = mapMemory(4096)
  equal(load<u8>(again), 0, 'what comes back is zeros again')
  unmapMemory(again)
}

/** The kernel writes to pages that nobody has touched. */
function buffers(): void {
  const ends = new PipeEnds()
  pipe(ends)
  const data = new Uint8Array(10_000)
  random(data)
  equal(send(ends.writing, data), 10_000, 'a pipe takes bytes')
  const start = mapMemory(16384)
  const into = Uint8Array.wrap(changetype<ArrayBuffer>(start + 16), 0, 0)
  const view = changetype<usize>(into)
  store<usize>(view, start + 100, offsetof<Uint8Array>('dataStart'))
  store<i32>(view, 10_000, offsetof<Uint8Array>('byteLength'))
  equal(recv(ends.reading, into), 10_000, 'and gives them, where the kernel is the first to touch the pages')
  ok(memory.compare(start + 100, data.dataStart, 10_000) == 0, 'as they were')
  unmapMemory(start)
  close(ends.reading)
  close(ends.writing)
}

let received = 0

function drain(fd: u32): void {
  const data = new Uint8Array(3000)
  for (let n = recv(<i32>fd, data); n > 0; n = recv(<i32>fd, data)) received += n
  close(<i32>fd)
}

function pipes(): void {
  const ends = new PipeEnds()
  equal(pipe(ends), 0, 'a pipe opens')
  const data = new Uint8Array(100_000)
  setBlocking(ends.reading, false)
  setBlocking(ends.writing, false)
  equal(recv(ends.reading, data), -EAGAIN, 'nothing is in it')
  equal(recv(ends.writing, data), -EINVAL, 'its other end gives nothing')
  equal(send(ends.reading, data), -EINVAL, 'nor does this one take')
  let taken = 0
  for (let n = send(ends.writing, data); n > 0; n = send(ends.writing, data)) taken += n
  equal(taken, 65536, 'it takes what has room')
  equal(send(ends.writing, data), -EAGAIN, 'and then nothing')
  equal(recv(ends.reading, data, 0, 5), 5, 'some is read')
  equal(send(ends.writing, data), 5, 'so that some has room')
  setBlocking(ends.reading, true)
  setBlocking(ends.writing, true)
  const reader = spawn(drain, ends.reading)
  for (let sent = 0; sent < 300_000;) sent += send(ends.writing, data, 0, min(data.length, 300_000 - sent))
  close(ends.writing)
  join(reader)
  equal(received, 365_536, 'writer and reader wait for each other')
  pipe(ends)
  close(ends.reading)
  equal(send(ends.writing, data), -EPIPE, 'nobody will read it')
  close(ends.writing)
}

function sendLate(fd: u32): void {
  send(<i32>fd, new Uint8Array(1))
}

function selecting(): void {
  const ends = new PipeEnds()
  pipe(ends)
  const sets = new DescriptorSets()
  sets.addReading(ends.reading)
  equal(select(sets, 0), 0, 'nothing is ready')
  ok(!sets.hasReading(ends.reading), 'and the set says so')
  sets.addReading(ends.reading)
  sets.addWriting(ends.writing)
  equal(select(sets), 1, 'the pipe takes bytes')
  ok(sets.hasWriting(ends.writing) && !sets.hasReading(ends.reading), 'and the sets say that')
  sets.clear()
  sets.addReading(ends.reading)
  const late = spawn(sendLate, ends.writing)
  equal(select(sets), 1, 'select waits')
  ok(sets.hasReading(ends.reading), 'until there is something')
  join(late)
  const poller = new Poller()
  poller.add(ends.reading, POLL_IN)
  equal(poller.wait(0), 1, 'a poller sees it, too')
  const entry = changetype<PollEntry>(heap.alloc(offsetof<PollEntry>()))
  entry.fd = ends.reading
  entry.interest = POLL_IN
  equal(poll(entry, 1, 0), 1, 'and poll')
  recv(ends.reading, new Uint8Array(10))
  equal(poller.wait(10), 0, 'and that it is gone')
  sets.clear()
  sets.addReading(900)
  equal(select(sets, 0), -EBADF, 'a number that is no descriptor')
  poller.close()
  close(ends.reading)
  close(ends.writing)
}

export function main(): i32 {
  begin()
  const descriptors = memoryStatistics().descriptors
  mappings()
  buffers()
  pipes()
  selecting()
  equal(memoryStatistics().descriptors, descriptors, 'no descriptor stays open')
  return finish()
}
