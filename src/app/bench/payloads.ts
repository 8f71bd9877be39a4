/** Reading and writing, each by itself: bytes in a pipe, datagrams over the loopback interface. */
import { bind, close, pipe, PipeEnds, recv, recvFrom, send, sendTo, socket, SocketName, UDP } from 'onering'
import * as Cases from './cases'
import { begin, end } from './marks'

/** As in `src/bench/suite.ts`. */
export const payloads: StaticArray<i32> = [1, 64, 512, 1024, 4096, 8192]
export const LONGEST = 8192

const PORT: u32 = 10
const LOCALHOST: u32 = 0x7f00_0001

/** What goes in is taken out again only when all of it is in; the first round grows the buffers. */
export function pipeCalls(): void {
  const ends = new PipeEnds()
  pipe(ends)
  const data = new Uint8Array(LONGEST)
  for (let n = 0; n < payloads.length; n++) {
    const size = payloads[n]
    for (let round = 0; round < 2; round++) {
      if (round == 1) begin(Cases.WRITE + n)
      for (let i = 0; i < Cases.QUEUED; i++) send(ends.writing, data, 0, size)
      if (round == 1) end(Cases.WRITE + n)
      if (round == 1) begin(Cases.READ + n)
      for (let i = 0; i < Cases.QUEUED; i++) recv(ends.reading, data, 0, size)
      if (round == 1) end(Cases.READ + n)
    }
  }
  close(ends.reading)
  close(ends.writing)
}

export function datagramCalls(): void {
  const fd = socket(UDP)
  bind(fd, 0, PORT)
  const to = new SocketName()
  to.address = LOCALHOST
  to.port = PORT
  const from = new SocketName()
  const data = new Uint8Array(LONGEST)
  for (let n = 0; n < payloads.length; n++) {
    for (let round = 0; round < 2; round++) {
      if (round == 1) begin(Cases.SEND_TO + n)
      for (let i = 0; i < Cases.QUEUED; i++) sendTo(fd, data, payloads[n], to)
      if (round == 1) end(Cases.SEND_TO + n)
      if (round == 1) begin(Cases.RECV_FROM + n)
      for (let i = 0; i < Cases.QUEUED; i++) recvFrom(fd, data, from)
      if (round == 1) end(Cases.RECV_FROM + n)
    }
  }
  close(fd)
}
