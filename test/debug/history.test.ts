/** Wherever one goes in a run, and by whatever way, the machine is in the state in which it was there first. */
import { describe, expect, test } from 'vitest'
import { createRandom } from '../devices/support/random.ts'
import * as guests from '../machine/support/guests.ts'
import { buildImage } from '../machine/support/image.ts'
import { recordEcho } from './support/echo.ts'
import { at, Timeline } from './support/timeline.ts'

const SEED = Number(process.env.ONERING_SEED ?? Date.now() % 2 ** 31)

const GUESTS: [name: string, program: Uint8Array, instructions: number][] = [
  ['hello', guests.hello, 10_000],
  ['a timer slept through', guests.sleepByTsc, 10_000],
  ['interrupts of the local APIC', guests.lapicTimer, 10_000],
  ['a triple fault', guests.tripleFault, 1000],
  ['an endless loop', guests.spin, 20_000_000],
]

describe.each(GUESTS)('%s', (_name, program, instructions) => {
  const image = buildImage(program, { protocol: 'pvh' })

  test('random walks meet the states of a run without a history', async () => {
    console.log(`replay: ONERING_SEED=${SEED} npx vitest run test/debug/history.test.ts`)
    const random = createRandom(SEED)
    const whole = new Timeline({ image }, true)
    whole.history!.run(at(instructions))
    const end = whole.computer.cpu.retired
    const places = Array.from({ length: 6 }, () => random(end)).toSorted((a, b) => a - b)
    const first = new Timeline({ image }, false)
    const hashes: string[] = []
    for (const [i, place] of places.entries()) {
      first.runTo(place, i === 0)
      hashes.push(await first.hash())
    }
    const history = whole.history!
    for (let walk = 0; walk < 12; walk++) {
      const i = random(places.length)
      const from = places[i]! + random(4) - 1
      history.goto(at(Math.max(0, Math.min(from, end))))
      while (history.position.instruction > places[i]!) history.stepBack()
      while (history.position.instruction < places[i]!) history.stepForward()
      history.goto(at(places[i]!))
      expect(await whole.hash()).toBe(hashes[i])
    }
  })

  test('step by step there and back, every boundary is the same', async () => {
    const { history, ...timeline } = new Timeline({ image }, true)
    if (history === null) throw new Error('no history')
    const seen: string[] = []
    const look = (): string => {
      const { cpu } = timeline.computer
      const { instruction, event } = history.position
      return `${instruction}.${event} ${cpu.rip} ${cpu.rflags} ${cpu.gpr(0)} ${cpu.gpr(4)} ${timeline.computer.clock.nowNs()}`
    }
    for (let i = 0; i < 150 && history.ended === null; i++) {
      seen.push(look())
      history.stepForward()
    }
    const back: string[] = []
    while (history.stepBack()) back.push(look())
    expect(back.toReversed()).toEqual(seen)
  })
})

test('the echo server with a peer: what came from outside comes again at the same instruction', async () => {
  console.log(`replay: ONERING_SEED=${SEED} npx vitest run test/debug/history.test.ts`)
  const random = createRandom(SEED)
  const { timeline, places, hashes } = await recordEcho(random, 12)
  const history = timeline.history!
  for (let walk = 0; walk < 12; walk++) {
    const i = random(places.length)
    history.goto(at(places[i]! + random(50_000)))
    history.stepBack()
    if (random(2) === 0 || history.position.instruction > places[i]!) history.goto(at(places[i]! - random(2)))
    while (history.position.instruction < places[i]!) history.stepForward()
    expect(await timeline.hash()).toBe(hashes[i])
  }
}, 180_000)
