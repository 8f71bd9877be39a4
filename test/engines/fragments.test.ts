import { expect, test } from 'vitest'
import type { Engine } from '../../src/cpu/run-loop.ts'
import { runFragments } from './fragments.ts'

const SEED = Number(process.env.ONERING_SEED ?? Date.now() % 2 ** 31)
const PROGRAMS = 15

/** The long run is `fuzz.ts`. */
test.each<Engine>(['jit', 'auto'])('random fragments on the interpreter and on %s', (engine) => {
  console.log(`replay: ONERING_SEED=${SEED} npx vitest run test/engines/fragments.test.ts`)
  const { fragments, difference } = runFragments(SEED, PROGRAMS, engine)
  expect(difference).toBeNull()
  expect(fragments).toBeGreaterThan(PROGRAMS)
})
