/** Pipes. Their ends are read and written with `recv` and `send`, watched with `poll` and the poller, and closed, as sockets are. */
import { pipe as makePipe } from '../gen/kernel'

export class PipeEnds {
  reading: i32 = -1
  writing: i32 = -1
}

/** Opens a pipe: 0, or a negative errno. */
export function pipe(ends: PipeEnds): i32 {
  return makePipe(changetype<usize>(ends))
}
