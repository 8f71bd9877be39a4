/** MMX, and SSE to SSSE3 on MM registers, against the silicon: results, tags, TOP, the exponents of the registers written, #MF. */
import { expect, test } from 'vitest'
import { MODE64, RegisterClass, rows, type Row } from '../../../src/isa/index.ts'
import { haveHelpers } from '../machine.ts'
import { Emulated } from './emulated.ts'
import { DATA, haveSilicon, runNative, type Case } from './native.ts'
import { Random } from './random.ts'
import { double, fillFloats, randomMxcsr, single } from './float-values.ts'
import { describeImage, difference, randomPage, stateCase } from './x87-cases.ts'

const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)
const CASES_PER_ROW = Number(process.env.CASES ?? 30)

const onMmx = rows.filter(
  (row: Row) =>
    row.modes & MODE64 &&
    (row.mnemonic === 'emms' || row.operands.some((form) => form.registerClass === RegisterClass.mmx)),
)

/** Shift counts that matter, packed words near the corners. */
function value(random: Random): [bigint, number] {
  const exponent = random.pick([0xffff, 0x3fff, random.below(0x10000)])
  if (random.below(4) === 0) return [BigInt(random.below(70)), exponent]
  let all = 0n
  for (let lane = 0; lane < 4; lane++) {
    const word = random.pick([0, 1, 0x7f, 0x80, 0x7fff, 0x8000, 0xffff, 0x8080, random.u32() & 0xffff])
    all |= BigInt(word) << BigInt(16 * lane)
  }
  return [random.below(3) === 0 ? random.u64() : all, exponent]
}

/** For conversions: floats of both formats, and any MXCSR. */
function randomFloats({ before }: Case, random: Random): void {
  before.mxcsr = randomMxcsr(random)
  for (const bytes of before.xmm) fillFloats(bytes, random.pick([single, double]), random)
}

test.skipIf(!haveHelpers || !haveSilicon())('MMX does what the silicon does', () => {
  console.log(`seed ${seed} (SEED=${seed} CASES=${CASES_PER_ROW} repeats this)`)
  const random = new Random(seed)
  const failures = new Map<string, string>()
  const covered = new Set<string>()
  for (const control of ['default', 'any'] as const) {
    const page = randomPage(random, { control, value })
    const cases: (Case & { row: Row })[] = []
    for (const row of onMmx) {
      let made = 0
      for (let tries = 0; made < CASES_PER_ROW / 2 && tries < 20 * CASES_PER_ROW; tries++) {
        const one = stateCase(row, random, { aligned: /pd2pi/.test(row.mnemonic) && random.below(20) > 0 })
        if (!one) continue
        if (row.mnemonic.startsWith('cvt')) randomFloats(one, random)
        if (row.mnemonic === 'maskmovq') one.before.gpr[7] = BigInt(DATA + 0x400 + random.below(0x300))
        cases.push({ ...one, row })
        covered.add(row.id)
        made++
      }
    }
    const native = runNative(cases, page)
    const emulated = new Emulated(page)
    cases.forEach((one, index) => {
      let text: string | null
      try {
        text = difference(native[index]!, emulated.run(one))
      } catch (error) {
        text = (error as Error).message
      }
      if (text && !failures.has(one.row.id))
        failures.set(
          one.row.id,
          `${one.row.id} [${Buffer.from(one.code).toString('hex')}]\n  ${describeImage(page, one)}: ${text}`,
        )
    })
    console.log(`${cases.length} cases of ${covered.size} rows; ${failures.size} rows differ`)
  }
  expect([...failures.values()]).toEqual([])
  expect(onMmx.filter((row) => !covered.has(row.id)).map((row) => row.id)).toEqual([])
})
