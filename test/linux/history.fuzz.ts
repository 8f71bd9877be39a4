/**
 * Debian's boot, forwards and backwards at random: wherever a walk ends, the machine must be in the state in which a boot without a history was there.
 * A program, not an everyday test: `npx tsx test/linux/history.fuzz.ts [WALKS] [INSTRUCTIONS]`, after a build.
 */
import { openDebian } from './support/debian.ts'
import { buildInitramfs } from './support/initramfs.ts'
import { createRandom } from '../devices/support/random.ts'
import { at, Timeline } from '../debug/support/timeline.ts'

const WALKS = Number(process.argv[2] ?? 100)
const LIMIT = Number(process.argv[3] ?? 2_000_000_000)
const SEED = Number(process.env.ONERING_SEED ?? Date.now() % 2 ** 31)
/** Places at which states are compared. */
const PLACES = Math.min(200, WALKS)
/** A walk wanders so far from its end. */
const NEAR = 3_000_000

const random = createRandom(SEED)
const debian = openDebian()
const options = {
  image: debian.kernel,
  cmdline: 'console=ttyS0 panic=-1',
  modules: [
    {
      data: buildInitramfs(debian, { script: 'ls -l /bin; cat /proc/interrupts; poweroff -f', modules: [] }),
    },
  ],
  memoryBytes: 128 << 20,
}
console.log(`replay: ONERING_SEED=${SEED} npx tsx test/linux/history.fuzz.ts ${WALKS} ${LIMIT}`)

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`
let start = performance.now()
const recorded = new Timeline(options, true)
const history = recorded.history!
console.log(
  `recorded: ${history.run(at(LIMIT))} after ${history.position.instruction} instructions, ${seconds(start)}`,
  history.statistics,
)
const end = history.position.instruction
const places = [...new Set(Array.from({ length: PLACES }, () => random(end)))].toSorted((a, b) => a - b)

start = performance.now()
const plain = new Timeline(options, false)
const hashes: string[] = []
for (const [i, place] of places.entries()) {
  plain.runTo(place, i === 0)
  hashes.push(await plain.hash())
}
console.log(`without a history: ${places.length} states, ${seconds(start)}`)

let failures = 0
let steps = 0
let stepMs = 0
start = performance.now()
for (let walk = 0; walk < WALKS; walk++) {
  const i = random(places.length)
  const place = places[i]!
  // By the way of some place near it, or from wherever the last walk ended; a few steps there; then to it.
  const detours = random(3)
  for (let n = 0; n < detours; n++)
    history.goto(at(Math.max(0, Math.min(end, place + random(2 * NEAR) - NEAR))))
  history.goto(at(Math.min(end, place + random(3))))
  const back = performance.now()
  const wanted = 1 + random(4)
  for (let n = 0; n < wanted; n++) if (history.stepBack()) steps++
  // Half of the walks end in steps, half in a leap.
  while (history.position.instruction >= place && history.stepBack()) steps++
  stepMs += performance.now() - back
  if (random(2) === 0) history.goto(at(place))
  while (history.position.instruction < place) history.stepForward()
  const hash = await recorded.hash()
  if (hash !== hashes[i]) {
    failures++
    console.log(`NOT EQUAL: walk ${walk} to ${place}`)
  }
  if (walk % 50 === 49) console.log(`${walk + 1} walks, ${seconds(start)}, ${failures} not equal`)
}
console.log(
  `${WALKS} walks, ${failures} not equal, ${seconds(start)}; ${(stepMs / steps).toFixed(0)} ms for a step back`,
  history.statistics,
)
process.exitCode = failures === 0 ? 0 : 1
