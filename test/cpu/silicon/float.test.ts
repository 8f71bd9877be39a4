/** Floating point in vector registers against the silicon, a few cases for each row; `float-fuzz.ts` runs as many as are wanted. */
import { expect, test } from 'vitest'
import { haveHelpers } from '../machine.ts'
import { Emulated } from './emulated.ts'
import { compare, describe, floatCase, floatPage, floatRows, type FloatCase } from './float-cases.ts'
import { haveSilicon, runNative } from './native.ts'
import { Random } from './random.ts'

const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)
const CASES_PER_ROW = Number(process.env.CASES ?? 20)

test.skipIf(!haveHelpers || !haveSilicon())('results, MXCSR and #XM are those of the silicon', () => {
  console.log(`seed ${seed} (SEED=${seed} CASES=${CASES_PER_ROW} repeats this)`)
  const random = new Random(seed)
  const page = floatPage(random)
  const cases: FloatCase[] = []
  for (const row of floatRows(/./)) {
    for (let made = 0; made < CASES_PER_ROW;) {
      const one = floatCase(row, random)
      if (!one) continue
      cases.push(one)
      made++
    }
  }
  const native = runNative(cases, page)
  const emulated = new Emulated(page)
  const failures = new Map<string, string>()
  cases.forEach((one, n) => {
    const text = compare(one, native[n]!, emulated)
    if (text && !failures.has(one.row.id)) failures.set(one.row.id, `${describe(one)}: ${text}`)
  })
  console.log(`${cases.length} cases; ${failures.size} rows differ`)
  expect([...failures.values()]).toEqual([])
})
