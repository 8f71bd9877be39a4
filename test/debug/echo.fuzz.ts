/**
 * The echo server with a peer, forwards and backwards at random: every walk must end in the state first passed there. A program, not an everyday test:
 * `npx tsx test/debug/echo.fuzz.ts [WALKS]`, after a build.
 */
import { createRandom } from '../devices/support/random.ts'
import { recordEcho } from './support/echo.ts'
import { at } from './support/timeline.ts'

const WALKS = Number(process.argv[2] ?? 100)
const SEED = Number(process.env.ONERING_SEED ?? Date.now() % 2 ** 31)
console.log(`replay: ONERING_SEED=${SEED} npx tsx test/debug/echo.fuzz.ts ${WALKS}`)

const random = createRandom(SEED)
const { timeline, places, hashes, echoed } = await recordEcho(random, Math.min(200, WALKS))
const history = timeline.history!
console.log(`${echoed} bytes came back in ${history.position.instruction} instructions`, history.statistics)
let failures = 0
let steps = 0
let stepMs = 0
for (let walk = 0; walk < WALKS; walk++) {
  const i = random(places.length)
  const place = places[i]!
  history.goto(at(place + random(100_000)))
  const start = performance.now()
  for (let n = random(5); n >= 0; n--) if (history.stepBack()) steps++
  stepMs += performance.now() - start
  if (random(2) === 0 || history.position.instruction > place)
    history.goto(at(Math.max(0, place - random(3))))
  while (history.position.instruction < place) history.stepForward()
  if ((await timeline.hash()) === hashes[i]) continue
  failures++
  console.log(`NOT EQUAL: walk ${walk} to ${place}`)
}
console.log(`${WALKS} walks, ${failures} not equal; ${(stepMs / steps).toFixed(0)} ms for a step back`)
process.exitCode = failures === 0 ? 0 : 1
