import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { calls } from '../../src/kernel/api/calls.ts'
import { generateCalls } from '../../src/toolchain/calls/generate.ts'

/** Text without what the formatter decides. */
const tokens = (text: string): string => text.replaceAll(/[\s;]/g, '').replaceAll(/,(?=[)}\]])/g, '')

describe('the table of calls', () => {
  test('numbers and names are given once', () => {
    expect(new Set(calls.map(({ number }) => number)).size).toBe(calls.length)
    expect(new Set(calls.map(({ name }) => name)).size).toBe(calls.length)
  })

  test('arguments fit in registers, and every buffer of variable size is followed by its length', () => {
    for (const { name, parameters } of calls) {
      expect(parameters.length, name).toBeLessThanOrEqual(6)
      for (const [index, { count }] of parameters.entries())
        if (count !== undefined) expect(parameters[index + 1]?.name, name).toBe(count)
    }
  })

  test.each([...generateCalls()])(
    'gen/%s is what the table says (else: npx tsx scripts/generate-calls.ts)',
    (name, text) => {
      const path = new URL(`../../src/kernel/api/gen/${name}`, import.meta.url)
      expect(tokens(readFileSync(path, 'utf8'))).toBe(tokens(text))
    },
  )
})
