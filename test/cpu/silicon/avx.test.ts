/** AVX, AVX2 and the vector extensions of cryptography against the silicon: all 256 bits of the registers, memory, flags, faults. */
import { expect, test } from 'vitest'
import { meaningOf } from '../../../src/cpu/semantics/index.ts'
import { decode, format, Instruction, MODE64, rows, type Row } from '../../../src/isa/index.ts'
import { haveHelpers } from '../machine.ts'
import { Emulated } from './emulated.ts'
import { CODE, DATA_SIZE, haveFeatures, haveSilicon, runNative, type Case, type Outcome } from './native.ts'
import { Random, randomCase } from './random.ts'
import { vectorValue } from './vector-values.ts'

const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)
const CASES_PER_ROW = Number(process.env.CASES ?? 20)

/** Rows to be compared, by a pattern for their ids. */
const only = new RegExp(process.env.ROWS ?? '')

/** Features of rows, and what Linux calls them. */
const features: Readonly<Record<string, string>> = {
  AVX: 'avx',
  AVX2: 'avx2',
  AES: 'aes',
  VAES: 'vaes',
  PCLMULQDQ: 'pclmulqdq',
  VPCLMULQDQ: 'vpclmulqdq',
  SHA: 'sha_ni',
}

/** Their last bits differ from one make of processor to the next. */
const approximate = /^v(rcp|rsqrt)[ps]s$/
/** Their memory operand is not addressed by ModRM, or is MXCSR. */
const special = /^v(maskmovdqu|ldmxcsr|stmxcsr)$/

const comparable = (row: Row): boolean =>
  (row.modes & MODE64) !== 0 &&
  row.feature in features &&
  only.test(row.id) &&
  meaningOf(row) !== null &&
  !approximate.test(row.mnemonic) &&
  !special.test(row.mnemonic)

/** VEX forms that want their operand aligned, and all legacy ones. */
const aligned = (row: Row): boolean => !row.vex || /^v(movap[sd]|movdqa|movnt)/.test(row.mnemonic)

const rounds = /^v(round|cvts[sd]2si|cvtp[sd]2dq)/
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex')

function describe({ code, before }: Case): string {
  const instruction = new Instruction()
  decode(code, 0, code.length, 64, instruction)
  const registers = instruction.operands
    .slice(0, instruction.operandCount)
    .filter((operand) => operand.kind === 1 && operand.registerClass >= 10)
    .map(({ register }) => `ymm${register}=${hex(before.upper![register]!)}_${hex(before.xmm[register]!)}`)
  return `${format(instruction, BigInt(CODE))} [${Buffer.from(code).toString('hex')}] ${registers.join(' ')}`
}

function difference(row: Row, native: Outcome, ours: Outcome): string | null {
  if (native.after.signal !== ours.after.signal)
    return `signal ${native.after.signal}, ours ${ours.after.signal}`
  for (let n = 0; n < 16; n++) {
    const both = ({ after }: Outcome): string => `${hex(after.upper![n]!)}_${hex(after.xmm[n]!)}`
    if (both(native) !== both(ours)) return `ymm${n}: ${both(native)}, ours ${both(ours)}`
    const [g, o] = [native.after.gpr[n]!, ours.after.gpr[n]!]
    if (g !== o) return `register ${n}: ${g.toString(16)}, ours ${o.toString(16)}`
  }
  if ((native.after.rflags ^ ours.after.rflags) & 0x8d5n & ~BigInt(row.flags.undefined))
    return `flags ${native.after.rflags.toString(16)}, ours ${ours.after.rflags.toString(16)}`
  const at = native.data.findIndex((byte, i) => byte !== ours.data[i])
  return at < 0 ? null : `memory at ${at}: ${native.data[at]}, ours ${ours.data[at]}`
}

test.skipIf(!haveHelpers || !haveSilicon())('AVX and AVX2 do what the silicon does, bit for bit', () => {
  console.log(`seed ${seed} (SEED=${seed} CASES=${CASES_PER_ROW} repeats this)`)
  const random = new Random(seed)
  const initial = new Uint8Array(DATA_SIZE)
  for (let at = 0; at < DATA_SIZE; at += 16) initial.set(vectorValue(random), at)
  const here = haveFeatures()
  const chosen = rows.filter((row) => comparable(row) && here.has(features[row.feature]!))
  const cases: (Case & { row: Row })[] = []
  const covered = new Set<string>()
  for (const row of chosen) {
    let made = 0
    for (let tries = 0; made < CASES_PER_ROW && tries < 20 * CASES_PER_ROW; tries++) {
      const alignment = aligned(row) && random.below(8) > 0 ? (row.vectorLength === 256 ? 32 : 16) : 1
      const mxcsr = rounds.test(row.mnemonic) ? 0x1f80 | (random.below(4) << 13) : 0x1f80
      const one = randomCase(row, random, { aligned: alignment, mxcsr })
      if (!one) continue
      one.before.xmm = one.before.xmm.map(() => vectorValue(random))
      one.before.upper = one.before.xmm.map(() => vectorValue(random))
      cases.push({ ...one, row })
      covered.add(row.id)
      made++
    }
  }
  const native = runNative(cases, initial)
  const emulated = new Emulated(initial)
  const failures = new Map<string, string>()
  cases.forEach((one, index) => {
    let text: string | null
    try {
      text = difference(one.row, native[index]!, emulated.run(one))
    } catch (error) {
      text = (error as Error).message
    }
    if (text && !failures.has(one.row.id)) failures.set(one.row.id, `${describe(one)}: ${text}`)
  })
  console.log(`${cases.length} cases of ${covered.size} rows; ${failures.size} rows differ`)
  expect([...failures.values()]).toEqual([])
  expect(chosen.filter((row) => !covered.has(row.id)).map((row) => row.id)).toEqual([])
})
