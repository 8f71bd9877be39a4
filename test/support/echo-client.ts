import { createHash, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

/** Resolves once something accepts connections on a loopback port and echoes a byte; throws after `timeoutMs`. */
export async function waitForEcho(port: number, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const answered = await tryEcho(port)
    if (answered) return
    if (Date.now() > deadline) throw new Error(`no echo on port ${port} within ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function tryEcho(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const finish = (answered: boolean): void => {
      socket.destroy()
      resolve(answered)
    }
    socket.setTimeout(2000, () => finish(false))
    socket.on('connect', () => socket.write('?'))
    socket.on('data', () => finish(true))
    socket.on('error', () => finish(false))
    socket.on('close', () => finish(false))
  })
}

export interface EchoOptions {
  /**
   * Opens a connection only when the one before has its first byte back. QEMU's user network listens with a backlog of
   * one, so that connections which arrive together are refused.
   */
  oneByOne?: boolean
  /** Milliseconds without progress after which the exchange has failed. */
  idleMs?: number
}

/**
 * Sends `bytes` random bytes over one connection and reads until the other side closes. Resolves to whether exactly the
 * same bytes came back. Rejects on a reset, or without progress.
 */
export async function echoOnce(
  port: number,
  bytes: number,
  options: EchoOptions = {},
  onFirstByte?: () => void,
): Promise<boolean> {
  const { idleMs = 60_000 } = options
  const sent = randomBytes(bytes)
  const received = createHash('sha256')
  let count = 0
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.setTimeout(idleMs, () => socket.destroy(new Error(`no progress after ${count} of ${bytes} bytes`)))
  socket.on('data', (chunk: Buffer) => {
    if (count === 0) onFirstByte?.()
    count += chunk.length
    received.update(chunk)
  })
  socket.end(sent)
  await once(socket, 'end')
  socket.destroy()
  return count === bytes && received.digest('hex') === createHash('sha256').update(sent).digest('hex')
}

/** Runs `connections` exchanges at the same time and returns how many came back whole. */
export async function echoMany(
  port: number,
  connections: number,
  bytes: number,
  options: EchoOptions = {},
): Promise<number> {
  const exchanges: Promise<boolean>[] = []
  for (let i = 0; i < connections; i++) {
    await new Promise<void>((resolve) => {
      const exchange = echoOnce(port, bytes, options, resolve)
      exchanges.push(exchange)
      exchange.catch(() => resolve())
      if (options.oneByOne !== true) resolve()
    })
  }
  const results = await Promise.allSettled(exchanges)
  const failure = results.find((r) => r.status === 'rejected')
  if (failure) console.log('first failed connection:', (failure as PromiseRejectedResult).reason)
  return results.filter((r) => r.status === 'fulfilled' && r.value).length
}

/** Sends one datagram and resolves to the reply, or null after `timeoutMs`. */
export async function echoDatagram(
  port: number,
  payload: Uint8Array,
  timeoutMs = 5000,
): Promise<Buffer | null> {
  const socket = createSocket('udp4')
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => resolve(null), timeoutMs)
      socket.on('error', reject)
      socket.on('message', (message) => {
        clearTimeout(timer)
        resolve(message)
      })
      socket.send(payload, port, '127.0.0.1', (error) => error && reject(error))
    })
  } finally {
    socket.close()
  }
}

/** A free TCP port on the loopback interface, as free as such a thing can be known. */
export async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
