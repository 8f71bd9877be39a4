/** Generated from `../calls.ts` by `src/toolchain/calls/generate.ts`; do not edit. */
import { enterKernel, leaveKernel } from '../../task/critical'
import {
  getppid as getppidWork,
  exit as exitWork,
  write as writeWork,
  clock as clockWork,
  sleep as sleepWork,
  yieldNow as yieldNowWork,
  spawn as spawnWork,
  join as joinWork,
  endThread as endThreadWork,
  threadId as threadIdWork,
  growHeap as growHeapWork,
  memoryStatistics as memoryStatisticsWork,
  random as randomWork,
  fail as failWork,
  mark as markWork,
} from '../../api/process'
import {
  pauseThreads as pauseThreadsWork,
  stackWords as stackWordsWork,
  stackTop as stackTopWork,
} from '../../task/roots'
import { mapMemory as mapMemoryWork, unmapMemory as unmapMemoryWork } from '../../mm/mappings'
import {
  socket as socketWork,
  bind as bindWork,
  listen as listenWork,
  accept as acceptWork,
  connect as connectWork,
  send as sendWork,
  recv as recvWork,
  shutdown as shutdownWork,
  socketOption as socketOptionWork,
  socketName as socketNameWork,
  setBlocking as setBlockingWork,
} from '../../socket/stream'
import { sendTo as sendToWork, recvFrom as recvFromWork } from '../../socket/datagram'
import { close as closeWork } from '../../socket/descriptors'
import { setUpcall as setUpcallWork, raise as raiseWork, endUpcall as endUpcallWork } from '../../task/upcall'
import { poll as pollWork } from '../../socket/poll'
import {
  pollerCreate as pollerCreateWork,
  pollerControl as pollerControlWork,
  pollerWait as pollerWaitWork,
} from '../../socket/poller'
import { select as selectWork } from '../../socket/select'
import { pipe as pipeWork } from '../../socket/pipe'
import { resolve as resolveWork } from '../../socket/resolve'

export function getppid(): i32 {
  enterKernel()
  const result = getppidWork()
  leaveKernel()
  return result
}

export function exit(status: i32): void {
  enterKernel()
  exitWork(status)
  leaveKernel()
}

export function write(fd: i32, data: usize, length: u32): i32 {
  enterKernel()
  const result = writeWork(fd, data, length)
  leaveKernel()
  return result
}

export function clock(kind: u32): u64 {
  enterKernel()
  const result = clockWork(kind)
  leaveKernel()
  return result
}

export function sleep(nanoseconds: u64): void {
  enterKernel()
  sleepWork(nanoseconds)
  leaveKernel()
}

export function yieldNow(): void {
  enterKernel()
  yieldNowWork()
  leaveKernel()
}

export function spawn(entry: u32, argument: u32): i32 {
  enterKernel()
  const result = spawnWork(entry, argument)
  leaveKernel()
  return result
}

export function join(id: u32): i32 {
  enterKernel()
  const result = joinWork(id)
  leaveKernel()
  return result
}

export function endThread(status: i32): void {
  enterKernel()
  endThreadWork(status)
  leaveKernel()
}

export function threadId(): u32 {
  enterKernel()
  const result = threadIdWork()
  leaveKernel()
  return result
}

export function growHeap(bytes: u32): u32 {
  enterKernel()
  const result = growHeapWork(bytes)
  leaveKernel()
  return result
}

export function memoryStatistics(out: usize): void {
  enterKernel()
  memoryStatisticsWork(out)
  leaveKernel()
}

export function random(data: usize, length: u32): i32 {
  enterKernel()
  const result = randomWork(data, length)
  leaveKernel()
  return result
}

export function fail(message: usize, length: u32): void {
  enterKernel()
  failWork(message, length)
  leaveKernel()
}

export function pauseThreads(isPaused: u32): void {
  enterKernel()
  pauseThreadsWork(isPaused)
  leaveKernel()
}

export function stackWords(words: usize, most: u32, skip: u32): i32 {
  enterKernel()
  const result = stackWordsWork(words, most, skip)
  leaveKernel()
  return result
}

export function stackTop(): u32 {
  enterKernel()
  const result = stackTopWork()
  leaveKernel()
  return result
}

export function mark(id: u32): void {
  enterKernel()
  markWork(id)
  leaveKernel()
}

export function mapMemory(bytes: u32): u32 {
  enterKernel()
  const result = mapMemoryWork(bytes)
  leaveKernel()
  return result
}

export function unmapMemory(address: u32): i32 {
  enterKernel()
  const result = unmapMemoryWork(address)
  leaveKernel()
  return result
}

export function socket(kind: u32): i32 {
  enterKernel()
  const result = socketWork(kind)
  leaveKernel()
  return result
}

export function bind(fd: i32, address: u32, port: u32): i32 {
  enterKernel()
  const result = bindWork(fd, address, port)
  leaveKernel()
  return result
}

export function listen(fd: i32, backlog: u32): i32 {
  enterKernel()
  const result = listenWork(fd, backlog)
  leaveKernel()
  return result
}

export function accept(fd: i32): i32 {
  enterKernel()
  const result = acceptWork(fd)
  leaveKernel()
  return result
}

export function connect(fd: i32, address: u32, port: u32): i32 {
  enterKernel()
  const result = connectWork(fd, address, port)
  leaveKernel()
  return result
}

export function send(fd: i32, data: usize, length: u32): i32 {
  enterKernel()
  const result = sendWork(fd, data, length)
  leaveKernel()
  return result
}

export function recv(fd: i32, data: usize, length: u32, flags: u32): i32 {
  enterKernel()
  const result = recvWork(fd, data, length, flags)
  leaveKernel()
  return result
}

export function sendTo(fd: i32, data: usize, length: u32, address: u32, port: u32): i32 {
  enterKernel()
  const result = sendToWork(fd, data, length, address, port)
  leaveKernel()
  return result
}

export function recvFrom(fd: i32, data: usize, length: u32, from: usize): i32 {
  enterKernel()
  const result = recvFromWork(fd, data, length, from)
  leaveKernel()
  return result
}

export function shutdown(fd: i32, how: u32): i32 {
  enterKernel()
  const result = shutdownWork(fd, how)
  leaveKernel()
  return result
}

export function close(fd: i32): i32 {
  enterKernel()
  const result = closeWork(fd)
  leaveKernel()
  return result
}

export function socketOption(fd: i32, option: u32, value: u32): i32 {
  enterKernel()
  const result = socketOptionWork(fd, option, value)
  leaveKernel()
  return result
}

export function socketName(fd: i32, isPeer: u32, out: usize): i32 {
  enterKernel()
  const result = socketNameWork(fd, isPeer, out)
  leaveKernel()
  return result
}

export function setBlocking(fd: i32, isBlocking: u32): i32 {
  enterKernel()
  const result = setBlockingWork(fd, isBlocking)
  leaveKernel()
  return result
}

export function setUpcall(address: u32, entry: u32): void {
  enterKernel()
  setUpcallWork(address, entry)
  leaveKernel()
}

export function raise(id: u32, argument: u32): i32 {
  enterKernel()
  const result = raiseWork(id, argument)
  leaveKernel()
  return result
}

export function endUpcall(): i32 {
  enterKernel()
  const result = endUpcallWork()
  leaveKernel()
  return result
}

export function poll(entries: usize, count: u32, timeoutMs: i32): i32 {
  enterKernel()
  const result = pollWork(entries, count, timeoutMs)
  leaveKernel()
  return result
}

export function pollerCreate(): i32 {
  enterKernel()
  const result = pollerCreateWork()
  leaveKernel()
  return result
}

export function pollerControl(fd: i32, operation: u32, watched: i32, interest: u32, token: u32): i32 {
  enterKernel()
  const result = pollerControlWork(fd, operation, watched, interest, token)
  leaveKernel()
  return result
}

export function pollerWait(fd: i32, events: usize, most: u32, timeoutMs: i32): i32 {
  enterKernel()
  const result = pollerWaitWork(fd, events, most, timeoutMs)
  leaveKernel()
  return result
}

export function select(sets: usize, words: u32, timeoutMs: i32): i32 {
  enterKernel()
  const result = selectWork(sets, words, timeoutMs)
  leaveKernel()
  return result
}

export function pipe(ends: usize): i32 {
  enterKernel()
  const result = pipeWork(ends)
  leaveKernel()
  return result
}

export function resolve(name: usize, length: u32, addresses: usize, most: u32): i32 {
  enterKernel()
  const result = resolveWork(name, length, addresses, most)
  leaveKernel()
  return result
}
