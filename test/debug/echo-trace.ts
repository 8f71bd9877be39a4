/** One echo over TCP with a traced machine: what the test sends comes back, and all that was traced with it. */
import { connect } from 'node:net'
import { once } from 'node:events'
import { type CallEvent, type FrameEvent, TraceReader } from '../../src/debug/trace/reader.ts'
import type { Transition } from '../../src/debug/trace/transition.ts'
import { type Exit, Machine, userNet } from '../../src/index.ts'
import { buildApp } from '../../src/toolchain/index.ts'
import { freePort, waitForEcho } from '../support/echo-client.ts'

const app = new URL('../../src/app/echo-tcp.ts', import.meta.url).pathname
export const MESSAGE = 'one echo'

export type Traced =
  | { readonly kind: 'transition'; readonly transition: Transition }
  | { readonly kind: 'frame'; readonly frame: FrameEvent }
  | { readonly kind: 'call'; readonly call: CallEvent }

export interface EchoTrace {
  readonly image: Uint8Array
  readonly traced: readonly Traced[]
  readonly exit: Exit
  readonly reader: TraceReader
}

export async function traceEcho(
  link: string,
  { engine = 'auto', calls = false }: { engine?: 'auto' | 'interpreter' | 'jit'; calls?: boolean } = {},
): Promise<EchoTrace> {
  const { image } = await buildApp(app, { link })
  const host = await freePort()
  const machine = await Machine.create({
    image,
    memory: 64 << 20,
    engine,
    seed: 1,
    net: userNet({ forward: [{ host, guest: 7 }] }),
    trace: { calls },
  })
  const traced: Traced[] = []
  const reader = new TraceReader({
    transition: (transition) => traced.push({ kind: 'transition', transition }),
    frame: (frame) => traced.push({ kind: 'frame', frame }),
    call: (call) => traced.push({ kind: 'call', call }),
  })
  machine.on('trace', (bytes) => reader.push(bytes))
  const running = machine.run()
  await waitForEcho(host)
  const socket = connect({ port: host, host: '127.0.0.1' })
  await once(socket, 'connect')
  socket.write(MESSAGE)
  const [reply] = (await once(socket, 'data')) as [Buffer]
  if (reply.toString() !== MESSAGE) throw new Error(`the echo of ${MESSAGE} was ${reply.toString()}`)
  socket.destroy()
  machine.stop()
  return { image, traced, exit: await running, reader }
}

/** From the frame that brings the message to the one that takes it back, both included. */
export function echoOf({ traced }: EchoTrace): Traced[] {
  const carries = (each: Traced, direction: string): boolean =>
    each.kind === 'frame' &&
    each.frame.direction === direction &&
    Buffer.from(each.frame.bytes).includes(MESSAGE)
  const from = traced.findIndex((each) => carries(each, 'received'))
  const to = traced.findIndex((each, index) => index > from && carries(each, 'sent'))
  if (from < 0 || to < 0) throw new Error('the trace has no echo')
  return traced.slice(from, to + 1)
}
