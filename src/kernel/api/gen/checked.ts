/** Generated from `../calls.ts` by `src/toolchain/calls/generate.ts`; do not edit. */
import { EINVAL } from '../errno'
import { BOUNCE, borrow, checkBuffer, copyFromUser, copyToUser } from '../../mm/user-memory'
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

function leaveWith(status: i32): i32 {
  leaveKernel()
  return status
}

export function checked_getppid(): i32 {
  enterKernel()
  const result = getppidWork()
  leaveKernel()
  return result
}

export function checked_exit(status: i32): void {
  enterKernel()
  exitWork(status)
  leaveKernel()
}

export function checked_write(fd: i32, data: usize, length: u32): i32 {
  enterKernel()
  if (length > BOUNCE / 2) length = BOUNCE / 2
  const dataBytes = length
  checkBuffer(data, dataBytes, false, 'write', 'data')
  const dataCopy = borrow(0)
  copyFromUser(dataCopy, data, dataBytes)
  const result = writeWork(fd, dataCopy, length)
  leaveKernel()
  return result
}

export function checked_clock(kind: u32): u64 {
  enterKernel()
  const result = clockWork(kind)
  leaveKernel()
  return result
}

export function checked_sleep(nanoseconds: u64): void {
  enterKernel()
  sleepWork(nanoseconds)
  leaveKernel()
}

export function checked_yieldNow(): void {
  enterKernel()
  yieldNowWork()
  leaveKernel()
}

export function checked_spawn(entry: u32, argument: u32): i32 {
  enterKernel()
  const result = spawnWork(entry, argument)
  leaveKernel()
  return result
}

export function checked_join(id: u32): i32 {
  enterKernel()
  const result = joinWork(id)
  leaveKernel()
  return result
}

export function checked_endThread(status: i32): void {
  enterKernel()
  endThreadWork(status)
  leaveKernel()
}

export function checked_threadId(): u32 {
  enterKernel()
  const result = threadIdWork()
  leaveKernel()
  return result
}

export function checked_growHeap(bytes: u32): u32 {
  enterKernel()
  const result = growHeapWork(bytes)
  leaveKernel()
  return result
}

export function checked_memoryStatistics(out: usize): void {
  enterKernel()
  checkBuffer(out, 32, true, 'memoryStatistics', 'out')
  const outCopy = borrow(0)
  memoryStatisticsWork(outCopy)
  copyToUser(out, outCopy, 32)
  leaveKernel()
}

export function checked_random(data: usize, length: u32): i32 {
  enterKernel()
  if (length > BOUNCE / 2) return leaveWith(-EINVAL)
  const dataBytes = length
  checkBuffer(data, dataBytes, true, 'random', 'data')
  const dataCopy = borrow(0)
  const result = randomWork(dataCopy, length)
  if (result >= 0) copyToUser(data, dataCopy, dataBytes)
  leaveKernel()
  return result
}

export function checked_fail(message: usize, length: u32): void {
  enterKernel()
  if (length > BOUNCE / 2) length = BOUNCE / 2
  const messageBytes = length
  checkBuffer(message, messageBytes, false, 'fail', 'message')
  const messageCopy = borrow(0)
  copyFromUser(messageCopy, message, messageBytes)
  failWork(messageCopy, length)
  leaveKernel()
}

export function checked_pauseThreads(isPaused: u32): void {
  enterKernel()
  pauseThreadsWork(isPaused)
  leaveKernel()
}

export function checked_stackWords(words: usize, most: u32, skip: u32): i32 {
  enterKernel()
  if (most > BOUNCE / 8) most = BOUNCE / 8
  const wordsBytes = most * 4
  checkBuffer(words, wordsBytes, true, 'stackWords', 'words')
  const wordsCopy = borrow(0)
  const result = stackWordsWork(wordsCopy, most, skip)
  if (result > 0) copyToUser(words, wordsCopy, <u32>result * 4)
  leaveKernel()
  return result
}

export function checked_stackTop(): u32 {
  enterKernel()
  const result = stackTopWork()
  leaveKernel()
  return result
}

export function checked_mark(id: u32): void {
  enterKernel()
  markWork(id)
  leaveKernel()
}

export function checked_mapMemory(bytes: u32): u32 {
  enterKernel()
  const result = mapMemoryWork(bytes)
  leaveKernel()
  return result
}

export function checked_unmapMemory(address: u32): i32 {
  enterKernel()
  const result = unmapMemoryWork(address)
  leaveKernel()
  return result
}

export function checked_socket(kind: u32): i32 {
  enterKernel()
  const result = socketWork(kind)
  leaveKernel()
  return result
}

export function checked_bind(fd: i32, address: u32, port: u32): i32 {
  enterKernel()
  const result = bindWork(fd, address, port)
  leaveKernel()
  return result
}

export function checked_listen(fd: i32, backlog: u32): i32 {
  enterKernel()
  const result = listenWork(fd, backlog)
  leaveKernel()
  return result
}

export function checked_accept(fd: i32): i32 {
  enterKernel()
  const result = acceptWork(fd)
  leaveKernel()
  return result
}

export function checked_connect(fd: i32, address: u32, port: u32): i32 {
  enterKernel()
  const result = connectWork(fd, address, port)
  leaveKernel()
  return result
}

export function checked_send(fd: i32, data: usize, length: u32): i32 {
  enterKernel()
  if (length > BOUNCE / 2) length = BOUNCE / 2
  const dataBytes = length
  checkBuffer(data, dataBytes, false, 'send', 'data')
  const dataCopy = borrow(0)
  copyFromUser(dataCopy, data, dataBytes)
  const result = sendWork(fd, dataCopy, length)
  leaveKernel()
  return result
}

export function checked_recv(fd: i32, data: usize, length: u32, flags: u32): i32 {
  enterKernel()
  if (length > BOUNCE / 2) length = BOUNCE / 2
  const dataBytes = length
  checkBuffer(data, dataBytes, true, 'recv', 'data')
  const dataCopy = borrow(0)
  const result = recvWork(fd, dataCopy, length, flags)
  if (result > 0) copyToUser(data, dataCopy, <u32>result)
  leaveKernel()
  return result
}

export function checked_sendTo(fd: i32, data: usize, length: u32, address: u32, port: u32): i32 {
  enterKernel()
  if (length > BOUNCE / 2) return leaveWith(-EINVAL)
  const dataBytes = length
  checkBuffer(data, dataBytes, false, 'sendTo', 'data')
  const dataCopy = borrow(0)
  copyFromUser(dataCopy, data, dataBytes)
  const result = sendToWork(fd, dataCopy, length, address, port)
  leaveKernel()
  return result
}

export function checked_recvFrom(fd: i32, data: usize, length: u32, from: usize): i32 {
  enterKernel()
  if (length > BOUNCE / 2) length = BOUNCE / 2
  const dataBytes = length
  checkBuffer(data, dataBytes, true, 'recvFrom', 'data')
  const dataCopy = borrow(0)
  checkBuffer(from, 8, true, 'recvFrom', 'from')
  const fromCopy = borrow((dataBytes + 15) & ~15)
  const result = recvFromWork(fd, dataCopy, length, fromCopy)
  if (result > 0) copyToUser(data, dataCopy, <u32>result)
  if (result >= 0) copyToUser(from, fromCopy, 8)
  leaveKernel()
  return result
}

export function checked_shutdown(fd: i32, how: u32): i32 {
  enterKernel()
  const result = shutdownWork(fd, how)
  leaveKernel()
  return result
}

export function checked_close(fd: i32): i32 {
  enterKernel()
  const result = closeWork(fd)
  leaveKernel()
  return result
}

export function checked_socketOption(fd: i32, option: u32, value: u32): i32 {
  enterKernel()
  const result = socketOptionWork(fd, option, value)
  leaveKernel()
  return result
}

export function checked_socketName(fd: i32, isPeer: u32, out: usize): i32 {
  enterKernel()
  checkBuffer(out, 8, true, 'socketName', 'out')
  const outCopy = borrow(0)
  const result = socketNameWork(fd, isPeer, outCopy)
  if (result >= 0) copyToUser(out, outCopy, 8)
  leaveKernel()
  return result
}

export function checked_setBlocking(fd: i32, isBlocking: u32): i32 {
  enterKernel()
  const result = setBlockingWork(fd, isBlocking)
  leaveKernel()
  return result
}

export function checked_setUpcall(address: u32, entry: u32): void {
  enterKernel()
  setUpcallWork(address, entry)
  leaveKernel()
}

export function checked_raise(id: u32, argument: u32): i32 {
  enterKernel()
  const result = raiseWork(id, argument)
  leaveKernel()
  return result
}

export function checked_endUpcall(): i32 {
  enterKernel()
  const result = endUpcallWork()
  leaveKernel()
  return result
}

export function checked_poll(entries: usize, count: u32, timeoutMs: i32): i32 {
  enterKernel()
  if (count > BOUNCE / 24) return leaveWith(-EINVAL)
  const entriesBytes = count * 12
  checkBuffer(entries, entriesBytes, true, 'poll', 'entries')
  const entriesCopy = borrow(0)
  copyFromUser(entriesCopy, entries, entriesBytes)
  const result = pollWork(entriesCopy, count, timeoutMs)
  if (result >= 0) copyToUser(entries, entriesCopy, entriesBytes)
  leaveKernel()
  return result
}

export function checked_pollerCreate(): i32 {
  enterKernel()
  const result = pollerCreateWork()
  leaveKernel()
  return result
}

export function checked_pollerControl(fd: i32, operation: u32, watched: i32, interest: u32, token: u32): i32 {
  enterKernel()
  const result = pollerControlWork(fd, operation, watched, interest, token)
  leaveKernel()
  return result
}

export function checked_pollerWait(fd: i32, events: usize, most: u32, timeoutMs: i32): i32 {
  enterKernel()
  if (most > BOUNCE / 16) most = BOUNCE / 16
  const eventsBytes = most * 8
  checkBuffer(events, eventsBytes, true, 'pollerWait', 'events')
  const eventsCopy = borrow(0)
  const result = pollerWaitWork(fd, eventsCopy, most, timeoutMs)
  if (result > 0) copyToUser(events, eventsCopy, <u32>result * 8)
  leaveKernel()
  return result
}

export function checked_select(sets: usize, words: u32, timeoutMs: i32): i32 {
  enterKernel()
  if (words > BOUNCE / 16) return leaveWith(-EINVAL)
  const setsBytes = words * 8
  checkBuffer(sets, setsBytes, true, 'select', 'sets')
  const setsCopy = borrow(0)
  copyFromUser(setsCopy, sets, setsBytes)
  const result = selectWork(setsCopy, words, timeoutMs)
  if (result >= 0) copyToUser(sets, setsCopy, setsBytes)
  leaveKernel()
  return result
}

export function checked_pipe(ends: usize): i32 {
  enterKernel()
  checkBuffer(ends, 8, true, 'pipe', 'ends')
  const endsCopy = borrow(0)
  const result = pipeWork(endsCopy)
  if (result >= 0) copyToUser(ends, endsCopy, 8)
  leaveKernel()
  return result
}

export function checked_resolve(name: usize, length: u32, addresses: usize, most: u32): i32 {
  enterKernel()
  if (length > BOUNCE / 2) return leaveWith(-EINVAL)
  const nameBytes = length
  checkBuffer(name, nameBytes, false, 'resolve', 'name')
  const nameCopy = borrow(0)
  copyFromUser(nameCopy, name, nameBytes)
  if (most > BOUNCE / 8) return leaveWith(-EINVAL)
  const addressesBytes = most * 4
  checkBuffer(addresses, addressesBytes, true, 'resolve', 'addresses')
  const addressesCopy = borrow((nameBytes + 15) & ~15)
  const result = resolveWork(nameCopy, length, addressesCopy, most)
  if (result > 0) copyToUser(addresses, addressesCopy, <u32>result * 4)
  leaveKernel()
  return result
}
