/** Threads, and from one to another: by giving way, and by a byte in a pipe. */
import { close, join, pipe, PipeEnds, recv, send, spawn, yieldNow } from 'onering'
import * as Cases from './cases'
import { begin, end } from './marks'

function nothing(_argument: u32): void {}

function yielding(count: u32): void {
  for (let i: u32 = 0; i < count; i++) yieldNow()
}

const there = new PipeEnds()
const back = new PipeEnds()

/** Sends back what comes, until nothing can come any more. */
function answering(_argument: u32): void {
  const data = new Uint8Array(1)
  while (recv(there.reading, data) > 0) send(back.writing, data)
}

export function threads(): void {
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

export function pipeSwitches(): void {
  pipe(there)
  pipe(back)
  const other = spawn(answering, 0)
  const data = new Uint8Array(1)
  // The first round grows the buffers.
  send(there.writing, data)
  recv(back.reading, data)
  begin(Cases.PIPE_SWITCH)
  for (let i = 0; i < Cases.PIPE_SWITCHES; i++) {
    send(there.writing, data)
    recv(back.reading, data)
  }
  end(Cases.PIPE_SWITCH)
  close(there.writing)
  join(other)
  close(there.reading)
  close(back.reading)
  close(back.writing)
}
