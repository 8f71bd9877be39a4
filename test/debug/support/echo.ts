/** The echo server with a peer on this host, recorded, and the states that were passed. */
import { setImmediate } from 'node:timers/promises'
import { userNet } from '../../../src/net/index.ts'
import { buildApp } from '../../../src/toolchain/index.ts'
import { echoOnce, freePort, waitForEcho } from '../../support/echo-client.ts'
import { at, Timeline } from './timeline.ts'

export interface RecordedEcho {
  readonly timeline: Timeline
  /** Instruction counts, ascending, and the state at each. */
  readonly places: readonly number[]
  readonly hashes: readonly string[]
  readonly echoed: number
}

const SLICE = 20_000
const CLIENTS = 4
const BYTES = 20_000

/** Serves some clients, and notes the state at about `count` random places. */
export async function recordEcho(random: (below: number) => number, count: number): Promise<RecordedEcho> {
  const root = new URL('../../..', import.meta.url).pathname
  const { image } = await buildApp(`${root}/src/app/echo-tcp.ts`, { link: 'trap' })
  const timeline = new Timeline({ image, memoryBytes: 32 << 20, hasNet: true, idle: 'wait' }, true)
  const port = await freePort()
  const link = await userNet({ forward: [{ host: port, guest: 7 }] }).open()
  const { input, output } = timeline.frames
  link.onFrame = (frame) => void input.writer.write(frame)
  const history = timeline.history!
  const places: number[] = []
  const hashes: string[] = []
  const state = { isDone: false }
  let echoed = 0
  let turns = 0

  const serve = async (): Promise<void> => {
    while (!state.isDone) {
      let looks = 0
      const pause = history.run(at(history.position.instruction + 1 + random(SLICE)), {
        isInterrupted: () => looks++ > 50,
      })
      for (let frame = output.reader.read(); frame !== null; frame = output.reader.read()) link.send(frame)
      // Most of the run is the server's start: later places count more.
      if (pause === 'there' && places.length < count && random(1 + count / 4) === 0) {
        places.push(history.position.instruction)
        hashes.push(await timeline.hash())
      }
      // The host's clock does not wait for the guest: its turn comes seldom enough.
      if (turns++ % 4 === 0) await setImmediate()
    }
  }
  const served = serve()
  await waitForEcho(port)
  for (let n = 0; n < CLIENTS; n++) {
    const bytes = 1 + random(BYTES)
    if (!(await echoOnce(port, bytes))) throw new Error('the echo is not equal')
    echoed += bytes
  }
  state.isDone = true
  await served
  link.close()
  if (places.length === 0) throw new Error('no place was noted')
  return { timeline, places, hashes, echoed }
}
