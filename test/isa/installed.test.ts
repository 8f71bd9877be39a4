/** What the build has put in the place of the rows and of the decoder's tables is what the sources make. */
import { expect, test } from 'vitest'
import { buildDecodeTables } from '../../src/isa/decode-tables.ts'
import { rows } from '../../src/isa/index.ts'

const installed = (path: string): Promise<Record<string, unknown>> =>
  import(new URL(`../../dist/isa/${path}`, import.meta.url).href) as Promise<Record<string, unknown>>

test('rows', async () => {
  const there = await installed('rows/index.js')
  expect(there['rows']).toEqual(rows)
  expect((there['rowById'] as Map<string, unknown>).size).toBe(rows.length)
})

test('tables', async () => {
  const { decodeTables } = (await installed('tables.js')) as { decodeTables(): unknown }
  expect(decodeTables()).toEqual(buildDecodeTables())
})
