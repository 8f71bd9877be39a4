import { expect, test } from 'vitest'
import type { Engine } from '../../src/cpu/run-loop.ts'
import type { Bits } from './fragment-system.ts'
import { runFragments } from './fragments.ts'

const SEED = Number(process.env.ONERING_SEED ?? Date.now() % 2 ** 31)
const PROGRAMS = 15

/** The long run is `fuzz.ts`. */
test.each<[Bits, Engine]>([
  [64, 'jit'],
  [64, 'auto'],
  [32, 'jit'],
  [32, 'auto'],
])('random fragments of %i-bit code on the interpreter and on %s', (bits, engine) => {
  console.log(`replay: ONERING_SEED=${SEED} npx vitest run test/engines/fragments.test.ts`)
  const { fragments, difference } = runFragments(SEED, PROGRAMS, engine, bits)
  expect(difference).toBeNull()
  expect(fragments).toBeGreaterThan(PROGRAMS)
})
