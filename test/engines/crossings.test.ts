import { expect, test } from 'vitest'
import { runCrossings } from './crossings.ts'

// One seed for the everyday run; SEED=$RANDOM CASES=10000 goes looking.
const seed = Number(process.env.SEED ?? 1)
const count = Number(process.env.CASES ?? 40)

test.each(['auto', 'jit'] as const)('rings are crossed alike on the interpreter and on %s', (engine) => {
  console.log(`seed ${seed} (SEED=${seed} CASES=${count} repeats this)`)
  const { events, difference } = runCrossings(seed, count, engine)
  expect(difference).toBeNull()
  console.log(JSON.stringify(events))
  for (const name of ['syscall', 'sysret', 'iret', 'exception', 'software-interrupt', 'interrupt'])
    expect(events[name], name).toBeGreaterThan(20)
})
