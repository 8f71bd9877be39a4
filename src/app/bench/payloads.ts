/** Writing and reading, each by itself: bytes in a pipe. */
import { close, pipe, PipeEnds, recv, send } from 'onering'
import * as Cases from './cases'
import { begin, end } from './marks'

/** As in `src/bench/suite.ts`. */
export const payloads: StaticArray<i32> = [1, 64, 512, 1024, 4096, 8192]
export const LONGEST = 8192

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
