/** echo-tcp as it is, and beside it, on port 8, what it holds: one line for each connection, then the end. */
import { accept, bind, close, listen, memoryStatistics, send, socket, spawn, TCP } from 'onering'
import { main as echo } from '../../../src/app/echo-tcp'

function report(_argument: u32): void {
  const listener = socket(TCP)
  bind(listener, 0, 8)
  listen(listener, 8)
  while (true) {
    const fd = accept(listener)
    const memory = memoryStatistics()
    const line = `${memory.kernelHeap} ${memory.applicationHeap} ${memory.free} ${memory.descriptors}\n`
    send(fd, Uint8Array.wrap(String.UTF8.encode(line)))
    close(fd)
  }
}

export function main(): i32 {
  spawn(report, 0)
  return echo()
}
