/**
 * `npx tsx test/cpu/silicon/transcendental.ts [CASES] [SEED]`: how often F2XM1, FYL2X, FYL2XP1, FPTAN, FPATAN, FSIN, FCOS and FSINCOS give all bits of what this
 * machine's processor gives, how often they differ in the last bit and by more, and whether everything else (C1, flags, tags) is the same.
 */
import { MODE64, rows } from '../../../src/isa/index.ts'
import { Emulated } from './emulated.ts'
import { DATA_SIZE, runNative } from './native.ts'
import { Random, randomCase } from './random.ts'
import { around, describeImage, difference, IMAGE_COUNT, randomExtended, randomPage } from './x87-cases.ts'

const [count = '2000', seedText = String(Date.now() & 0x7fffffff)] = process.argv.slice(2)
const seed = Number(seedText)
console.log(`seed ${seed}`)
const random = new Random(seed)
const C1 = 0x200
const page = new Uint8Array(DATA_SIZE)
const emulated = new Emulated(page)

/** Ordinary operands, or the odd ones too. */
const ordinary = (r: Random): [bigint, number] => [
  (1n << 63n) | (BigInt(r.u32()) << 32n) | BigInt(r.u32()),
  (0x3fff - r.below(12) + r.below(6)) | (r.below(2) << 15),
]

const names = ['f2xm1', 'fyl2x', 'fyl2xp1', 'fptan', 'fpatan', 'fsin', 'fcos', 'fsincos']
for (const [kind, value] of [
  ['ordinary', ordinary],
  ['any', randomExtended],
] as const)
  for (const name of names) {
    const row = rows.find((one) => one.mnemonic === name && one.modes & MODE64)!
    const tally = { equal: 0, c1: 0, ulp: 0, more: 0 }
    let example = ''
    for (let done = 0; done < Number(count);) {
      // FPTAN and FSINCOS push.
      const empty = name === 'fptan' || name === 'fsincos' ? 60 : kind === 'any' ? 10 : 0
      const fresh = randomPage(random, { control: kind === 'any' ? 'any' : 'rounding', value, empty })
      const cases = Array.from({ length: IMAGE_COUNT }, (_, image) => around(randomCase(row, random)!, image))
      page.set(fresh)
      const native = runNative(cases, page)
      cases.forEach((one, n) => {
        const ours = emulated.run(one)
        if (difference(native[n]!, ours) === null) tally.equal++
        else if (difference(native[n]!, ours, { fsw: C1 }) === null) tally.c1++
        else if (difference(native[n]!, ours, { fsw: C1, ulps: 1 }) === null) tally.ulp++
        else {
          tally.more++
          example ||= `${describeImage(page, one)} ${difference(native[n]!, ours)}`
        }
      })
      done += cases.length
    }
    const total = tally.equal + tally.c1 + tally.ulp + tally.more
    const share = (n: number): string => `${((100 * n) / total).toFixed(2)} %`
    console.log(
      `${kind.padEnd(8)} ${name.padEnd(8)} all bits ${share(tally.equal)}, only C1 differs ${share(tally.c1)}, last bit ${share(tally.ulp)}, more ${share(tally.more)} of ${total}`,
    )
    if (example) console.log(example)
  }
