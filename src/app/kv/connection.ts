/** One client: what has come of its requests, and what of the replies is still to be sent. */
import { EAGAIN, POLL_IN, POLL_OUT, recv, send } from 'onering'
import { Buffer } from './buffer'
import { Reply } from './reply'
import { Request } from './request'

export class Connection {
  readonly input: Buffer = new Buffer()
  readonly request: Request = new Request()
  readonly reply: Reply = new Reply()
  name: string = ''
  /** After what is still to be sent. */
  closes: bool = false
  interest: u32 = POLL_IN

  constructor(
    readonly fd: i32,
    readonly id: i32,
  ) {}

  /** Sends what the peer takes; false if the connection is broken. */
  flush(): bool {
    const reply = this.reply
    while (reply.length > 0) {
      const length = min(reply.length, <u32>outgoing.length)
      memory.copy(outgoing.dataStart, reply.start, length)
      const sent = send(this.fd, outgoing, 0, length)
      if (sent == -EAGAIN) return true
      if (sent < 0) return false
      reply.consume(sent)
    }
    return true
  }

  /** Takes what has come: how many bytes, 0 at the end of the stream, or a negative errno. */
  receive(): i32 {
    const received = recv(this.fd, incoming)
    if (received > 0) this.input.append(incoming.dataStart, <u32>received)
    return received
  }

  /** What the connection waits for: room for replies, or requests. */
  get wanted(): u32 {
    return this.reply.length > 0 ? POLL_OUT : POLL_IN
  }

  release(): void {
    this.input.release()
    this.request.release()
    this.reply.release()
  }
}

/** All connections share them, one after the other. */
const incoming = new Uint8Array(32 << 10)
const outgoing = new Uint8Array(32 << 10)

/** By descriptor. */
export const connections = new Map<i32, Connection>()

export function connectionCount(): i32 {
  return connections.size
}

/** Whose request is being answered. */
export let current: Connection = new Connection(-1, 0)

export function setCurrent(connection: Connection): void {
  current = connection
}
