/** Pipes: bytes go in at one descriptor and come out at another, as in POSIX. */
import { EAGAIN, EINVAL, EPIPE } from '../api/errno'
import { Budget } from '../net/core/budget'
import { Ring } from '../net/core/ring'
import { READY_HUP, READY_IN, READY_OUT, READY_ERR } from '../net/socket'
import { close, Descriptor, openDescriptor, OPEN_FAILED, PIPE } from './descriptors'
import { onReadiness } from './readiness'

/** Bytes that one pipe holds, and all of them together. */
const ROOM: u32 = 65536
const ALL: u32 = 8 << 20

@unmanaged
export class Pipe {
  bytes: Ring
  reading: Descriptor | null
  writing: Descriptor | null
}

let budget: Budget = changetype<Budget>(0)

/** As `pipe`: writes the i32 descriptors for reading and for writing to `ends`. */
export function pipe(ends: usize): i32 {
  if (changetype<usize>(budget) == 0) budget = new Budget(ALL)
  const reading = openDescriptor(PIPE)
  if (reading === null) return OPEN_FAILED
  const writing = openDescriptor(PIPE)
  if (writing === null) {
    close(reading.number)
    return OPEN_FAILED
  }
  const made = changetype<Pipe>(heap.alloc(offsetof<Pipe>()))
  made.bytes = new Ring(ROOM, budget)
  made.reading = reading
  made.writing = writing
  reading.pipe = made
  writing.pipe = made
  store<i32>(ends, reading.number)
  store<i32>(ends, writing.number, 4)
  return 0
}

function tell(descriptor: Descriptor | null, readiness: u32): void {
  if (descriptor !== null) onReadiness(changetype<usize>(descriptor), readiness)
}

/** The number of bytes, 0 when nobody can write any more. */
export function readPipe(descriptor: Descriptor, pipe: Pipe, data: usize, length: u32): i32 {
  if (pipe.reading !== descriptor) return -EINVAL
  const bytes = pipe.bytes
  const count = min(length, bytes.length)
  if (count == 0) return length == 0 || pipe.writing === null ? 0 : -EAGAIN
  bytes.copyOut(data, 0, count)
  bytes.drop(count)
  tell(pipe.writing, READY_OUT)
  return <i32>count
}

/** The number of bytes taken, which may be fewer than offered. */
export function writePipe(descriptor: Descriptor, pipe: Pipe, data: usize, length: u32): i32 {
  if (pipe.writing !== descriptor) return -EINVAL
  if (pipe.reading === null) return -EPIPE
  if (length == 0) return 0
  const count = pipe.bytes.write(data, length)
  if (count == 0) return -EAGAIN
  tell(pipe.reading, READY_IN)
  return <i32>count
}

export function pipeReadiness(descriptor: Descriptor): u32 {
  const pipe = descriptor.pipe
  if (pipe === null) return 0
  if (pipe.reading === descriptor)
    return (pipe.bytes.length > 0 ? READY_IN : 0) | (pipe.writing === null ? READY_HUP : 0)
  if (pipe.reading === null) return READY_ERR
  return pipe.bytes.room > 0 ? READY_OUT : 0
}

/** One end is closed; with the second one the pipe is gone. */
export function closePipe(descriptor: Descriptor, pipe: Pipe): void {
  const isReading = pipe.reading === descriptor
  const other = isReading ? pipe.writing : pipe.reading
  if (isReading) pipe.reading = null
  else pipe.writing = null
  if (other !== null) return tell(other, isReading ? READY_ERR : READY_HUP)
  pipe.bytes.free()
  heap.free(changetype<usize>(pipe))
}
