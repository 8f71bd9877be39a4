import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { describe, NetError, systemCode } from './errors.ts'
import { MAX_FRAME_BYTES, type Link, type Network } from './link.ts'
import { emitLength, FrameReader } from './framing.ts'

/** Bytes that may wait for a slow peer before frames are lost, as on any wire whose far end is too slow. */
const MAX_QUEUED_BYTES = 4 << 20

export interface StreamOptions {
  /** Milliseconds to wait for the connection. Default 5000. */
  timeoutMs?: number
}

export interface StreamLink extends Link {
  /** Called once when the peer has gone, not when we close: with what was wrong, or `null` for an orderly end. */
  onEnd: ((error: NetError | null) => void) | null
  /** Stops reading from the peer, whose sending then blocks, until `resume`. */
  pause(): void
  resume(): void
  stats(): StreamStats
}

export interface StreamStats {
  sent: number
  received: number
  /** Frames lost because the peer did not read, was gone, or because they were too long. */
  dropped: number
}

/**
 * A network at the other end of a stream socket, with the framing of QEMU's `-netdev stream`: QEMU, passt,
 * gvisor-tap-vsock. `target` is the path of a Unix socket or `host:port`; `unix:` and `tcp:` in front say which.
 * Opening rejects with a `NetError` when nobody is there.
 */
export function streamNet(target: string, options: StreamOptions = {}): Network<StreamLink> {
  return {
    async open(): Promise<StreamLink> {
      return new SocketLink(await dial(target, options.timeoutMs ?? 5000), target)
    },
  }
}

/** Where a target is. A path has a slash or no port at its end. Throws a `NetError` when it is neither. */
export function parseStreamTarget(target: string): { path: string } | { host: string; port: number } {
  const [, scheme, rest = target] = /^(unix|tcp):(.*)$/s.exec(target) ?? []
  if (scheme === 'unix' && rest !== '') return { path: rest }
  const tcp = /^(?:\[([^\]]+)\]|([^[\]/:]+)):(\d+)$/.exec(rest)
  const port = Number(tcp?.[3])
  const host = tcp?.[1] ?? tcp?.[2]
  if (host !== undefined && port > 0 && port < 65_536) return { host, port }
  if (scheme === 'tcp' || rest === '' || tcp !== null)
    throw new NetError('bad-option', `'${target}' is no stream socket: give a path or HOST:PORT`)
  return { path: rest }
}

async function dial(target: string, timeoutMs: number): Promise<Socket> {
  const where: NetConnectOpts = parseStreamTarget(target)
  const socket = connect(where)
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      socket.destroy()
      reject(dialError(error, target))
    }
    socket.setTimeout(timeoutMs, () => fail(new Error(`no answer within ${timeoutMs / 1000} s`)))
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.removeAllListeners()
      resolve(socket)
    })
  })
}

function dialError(error: unknown, target: string): NetError {
  switch (systemCode(error)) {
    case 'ENOENT':
      return new NetError('no-peer', `there is no socket ${target}: start QEMU or passt with it first`, error)
    case 'ECONNREFUSED':
      return new NetError(
        'peer-refused',
        `nobody listens on ${target}: start QEMU or passt with it first`,
        error,
      )
    case 'EACCES':
      return new NetError('peer-refused', `no permission to connect to ${target}`, error)
    default:
      return new NetError('no-peer', `cannot connect to ${target}: ${describe(error)}`, error)
  }
}

class SocketLink implements StreamLink {
  onFrame: ((frame: Uint8Array) => void) | null = null
  onEnd: ((error: NetError | null) => void) | null = null
  readonly #socket: Socket
  readonly #target: string
  readonly #reader = new FrameReader()
  readonly #stats: StreamStats = { sent: 0, received: 0, dropped: 0 }
  #open = true

  constructor(socket: Socket, target: string) {
    this.#socket = socket
    this.#target = target
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    socket.on('error', (error) =>
      this.#end(new NetError('peer-lost', `lost ${target}: ${describe(error)}`, error)),
    )
    socket.on('close', () => this.#end(null))
  }

  send(frame: Uint8Array): void {
    const fits = frame.length > 0 && frame.length <= MAX_FRAME_BYTES
    if (!this.#open || !fits || this.#socket.writableLength > MAX_QUEUED_BYTES)
      return void this.#stats.dropped++
    this.#stats.sent++
    this.#socket.cork()
    this.#socket.write(emitLength(frame.length))
    this.#socket.write(frame)
    this.#socket.uncork()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  stats(): StreamStats {
    return { ...this.#stats }
  }

  /** Frames that were sent before still go out. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#socket.destroySoon()
  }

  #receive(bytes: Uint8Array): void {
    const sound = this.#reader.push(bytes, (frame) => {
      this.#stats.received++
      if (this.#open) this.onFrame?.(frame)
    })
    if (!sound)
      this.#end(
        new NetError('bad-frame', `${this.#target} sent a frame longer than ${MAX_FRAME_BYTES} bytes`),
      )
  }

  #end(error: NetError | null): void {
    if (!this.#open) return
    this.#open = false
    this.#socket.destroy()
    this.onEnd?.(error)
  }
}
