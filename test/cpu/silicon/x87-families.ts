/** The x87 unit and MMX: the state is restored before and saved after the instruction, by way of the data page. */
import { meaningOf } from '../../../src/cpu/semantics/index.ts'
import { MODE64, RegisterClass, rows, type Row } from '../../../src/isa/index.ts'
import type { Family } from './family.ts'
import { double, fillFloats, randomMxcsr, single } from './float-values.ts'
import { DATA, type Case } from './native.ts'
import type { Random } from './random.ts'
import { difference, digestState, randomPage, stateCase } from './x87-cases.ts'

/** Their last bit and the direction of rounding (C1) differ from one make of processor to the next. */
export const approximate = /^(f2xm1|fyl2xp?1?|fpatan|fsin|fcos|fsincos|fptan)$/
const C1 = 0x200

const onX87 = (row: Row): boolean =>
  (row.modes & MODE64) !== 0 &&
  (row.feature === 'FPU' || row.mnemonic === 'fisttp') &&
  meaningOf(row) !== null

export const x87: Family = {
  name: 'x87',
  rows: rows.filter(onX87),
  page: (random) => randomPage(random, { control: random.pick(['default', 'rounding', 'any', 'any']) }),
  make: (row, random) => stateCase(row, random),
  difference: (row, _one, native, ours) =>
    difference(native, ours, approximate.test(row.mnemonic) ? { fsw: C1, ulps: 1 } : {}),
  digest: (row, _one, outcome) => (approximate.test(row.mnemonic) ? null : digestState(outcome)),
}

/** Shift counts that matter, packed words near the corners. */
function mmxValue(random: Random): [bigint, number] {
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

export const mmx: Family = {
  name: 'MMX',
  rows: rows.filter(
    (row) =>
      row.modes & MODE64 &&
      (row.mnemonic === 'emms' || row.operands.some((form) => form.registerClass === RegisterClass.mmx)),
  ),
  page: (random) => randomPage(random, { control: random.pick(['default', 'any']), value: mmxValue }),
  make(row, random) {
    const one = stateCase(row, random, { aligned: /pd2pi/.test(row.mnemonic) && random.below(20) > 0 })
    if (one && row.mnemonic.startsWith('cvt')) randomFloats(one, random)
    if (one && row.mnemonic === 'maskmovq') one.before.gpr[7] = BigInt(DATA + 0x400 + random.below(0x300))
    return one
  },
  difference: (_row, _one, native, ours) => difference(native, ours),
  digest: (_row, _one, outcome) => digestState(outcome),
}
