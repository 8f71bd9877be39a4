import { createHash, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

/** Resolves once something accepts connections on a loopback port and echoes a byte; throws after `timeoutMs`. */
export async function waitForEcho(port: number, timeoutMs = 30_000): Promise<void> {
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

/**
 * Sends `bytes` random bytes over one connection, half-closes it, and reads until the other side closes.
 * Resolves to whether exactly the same bytes came back. Rejects on a reset or after `idleMs` without progress.
 */
export async function echoOnce(port: number, bytes: number, idleMs = 60_000): Promise<boolean> {
  const sent = randomBytes(bytes)
  const received = createHash('sha256')
  let count = 0
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.setTimeout(idleMs, () => socket.destroy(new Error(`no progress after ${count} of ${bytes} bytes`)))
  socket.on('data', (chunk: Buffer) => {
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
  idleMs?: number,
): Promise<number> {
  const results = await Promise.allSettled(
    Array.from({ length: connections }, () => echoOnce(port, bytes, idleMs)),
  )
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
