/** A client of Redis' protocol that compares nothing and hides nothing: requests are bytes, replies are the bytes that came. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export function request(...words: (string | Buffer)[]): Buffer {
  const parts = words.map((word) => (typeof word === 'string' ? Buffer.from(word, 'latin1') : word))
  return Buffer.concat([
    Buffer.from(`*${parts.length}\r\n`),
    ...parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')]),
  ])
}

/** Where the reply that begins at `at` ends, or -1 when it has not come whole. */
export function replyEnd(bytes: Buffer, at: number): number {
  const lineEnd = bytes.indexOf('\r\n', at)
  if (lineEnd < 0) return -1
  const type = String.fromCharCode(bytes[at]!)
  const count = Number(bytes.toString('latin1', at + 1, lineEnd))
  let end = lineEnd + 2
  if (type === '$' && count >= 0) end += count + 2
  if (type === '*') for (let i = 0; i < count && end >= 0; i++) end = replyEnd(bytes, end)
  return end <= bytes.length ? end : -1
}

/** Elements of an array of plain elements, as the bytes that came. */
export function elements(reply: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let at = reply.indexOf('\r\n') + 2; at < reply.length;) {
    const end = replyEnd(reply, at)
    parts.push(reply.subarray(at, end))
    at = end
  }
  return parts
}

export class Client {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #isOver = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => (this.#received = Buffer.concat([this.#received, chunk])))
    socket.on('error', () => (this.#isOver = true))
    socket.on('close', () => (this.#isOver = true))
  }

  static async open(port: number): Promise<Client> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new Client(socket)
  }

  /** The next `count` replies; fewer if the server ends the connection. */
  async replies(count: number, timeoutMs = 60_000): Promise<Buffer[]> {
    const found: Buffer[] = []
    const deadline = performance.now() + timeoutMs
    while (found.length < count) {
      const end = this.#received.length > 0 ? replyEnd(this.#received, 0) : -1
      if (end > 0) {
        found.push(this.#received.subarray(0, end))
        this.#received = this.#received.subarray(end)
      } else if (this.#isOver) break
      else if (performance.now() > deadline)
        throw new Error(`${found.length} of ${count} replies after ${timeoutMs} ms`)
      else await new Promise((resolve) => setTimeout(resolve, 2))
    }
    return found
  }

  async ask(...words: (string | Buffer)[]): Promise<string> {
    this.socket.write(request(...words))
    return (await this.replies(1))[0]!.toString('latin1')
  }

  /** Everything until the server ends the connection, or, once `least` bytes are there, until nothing has come for `quietMs`. */
  async rest(quietMs: number, least = 0): Promise<string> {
    const deadline = performance.now() + 20_000
    for (let last = -1; !this.#isOver && last !== this.#received.length;) {
      const isEnough = this.#received.length >= least || performance.now() > deadline
      last = isEnough ? this.#received.length : -1
      await new Promise((resolve) => setTimeout(resolve, quietMs))
    }
    return this.#received.toString('latin1')
  }

  close(): void {
    this.socket.destroy()
  }
}
