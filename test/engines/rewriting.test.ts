import { expect, test } from 'vitest'
import { Rewriting } from './rewriting-run.ts'

// For ten minutes: npx tsx test/engines/rewriting.ts
test.each(['auto', 'jit'] as const)('a guest that rewrites its code (%s)', (engine) => {
  const run = new Rewriting(1, engine)
  expect(run.steps(30)).toBeNull()
  expect(run.rounds).toBeGreaterThan(40)
})
