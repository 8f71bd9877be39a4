import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lockstep } from './lockstep.ts'

// Our own kernel from its first instruction to power-off, on the interpreter and on translated code: equal after every step.
describe('engines in lock step', () => {
  const folder = mkdtempSync(join(tmpdir(), 'onering-engines-'))
  const image = join(folder, 'hello.elf')
  beforeAll(() => {
    const args = ['dist/cli/main.js', 'build', 'src/app/hello.ts', '-o', image, '--quiet']
    execFileSync(process.execPath, args)
  }, 120_000)
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each(['auto', 'jit'] as const)('hello on %s', (engine) => {
    const result = lockstep({ image: readFileSync(image) }, ['interpreter', engine], {
      step: 20_011,
      limit: 50_000_000,
    })
    console.log(`${result.checks} checks in ${result.exit.instructions} instructions`)
    expect(result.difference).toBeNull()
    expect(result.exit.reason).toBe('power-off')
    expect(result.checks).toBeGreaterThan(100)
  })
})
