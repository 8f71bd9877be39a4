import { expect, test } from 'vitest'
import { format, MODE32, MODE64, Instruction, decode, rows, type Row } from '../../../src/isa/index.ts'
import { haveHelpers } from '../machine.ts'
import { Emulated } from './emulated.ts'
import { DATA_SIZE, CODE, haveSilicon, runNative, type Case } from './native.ts'
import { Random, randomCase } from './random.ts'

const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)
const CASES_PER_ROW = Number(process.env.CASES ?? 40)

/** Instructions whose outcome is not a function of the state that we compare, or that leave the page. */
const excluded =
  /^(rd|cpuid|xgetbv|pushf|popf|xlatb|sgdt|sidt|sldt|str|smsw|lar|lsl|ver|wrfs|wrgs|fx|xsave|xrstor|reservednop|pause|cl[fwdz]|ins|outs|ldmxcsr|stmxcsr|prefetchw|movnti|std$)/

function comparable(row: Row, compatibility: boolean): boolean {
  if (
    !(row.modes & (compatibility ? MODE32 : MODE64)) ||
    row.privileged ||
    row.ioSensitive ||
    row.branch !== 'none'
  )
    return false
  if (excluded.test(row.mnemonic) || row.feature === 'MMX') return false
  return row.operands.every((form) => !/xmm|ymm|mm|CR|DR|Sreg|^[C-S]S$|moffs|m512|mxsave/.test(form.name))
}

const features = new Set([
  'base',
  'CMOV',
  'CX8',
  'CX16',
  'BMI1',
  'BMI2',
  'LZCNT',
  'POPCNT',
  'MOVBE',
  'ADX',
  'SSE4_2',
  'SSE2',
])

const STATUS = 0x8d5n

test.skipIf(!haveHelpers || !haveSilicon()).each([
  ['64-bit', false],
  ['32-bit', true],
] as const)('single instructions of %s code do what the silicon does', (_, compatibility) => {
  console.log(`seed ${seed} (SEED=${seed} CASES=${CASES_PER_ROW} repeats this)`)
  const random = new Random(seed)
  const initial = random.bytes(DATA_SIZE)
  const cases: (Case & { row: Row })[] = []
  const covered = new Set<string>()
  for (const row of rows) {
    if (!comparable(row, compatibility) || !features.has(row.feature)) continue
    let made = 0
    for (let tries = 0; made < CASES_PER_ROW && tries < 20 * CASES_PER_ROW; tries++) {
      const direction = row.repeat !== 'none' && random.below(2) === 1 ? 0x400n : 0n
      const aligned = row.mnemonic === 'cmpxchg16b'
      const one = randomCase(row, random, { aligned, rflags: direction, compatibility })
      if (!one || (/^sh[lr]d/.test(row.mnemonic) && countTooLarge(row, one))) continue
      cases.push({ ...one, row })
      covered.add(row.id)
      made++
    }
  }
  const native = runNative(cases, initial)
  const emulated = new Emulated(initial)
  const failures = new Map<string, string>()
  cases.forEach((one, index) => {
    const expected = native[index]!
    // The upper halves, and the other eight registers, are not defined after 32-bit code.
    const mask = compatibility ? 0xffff_ffffn : ~0n
    let text: string | null
    try {
      text = difference(one.row, expected, emulated.run(one), one, mask)
    } catch (error) {
      text = (error as Error).message
    }
    if (text && !failures.has(one.row.id)) failures.set(one.row.id, `${describe(one)}: ${text}`)
  })
  console.log(`${cases.length} cases of ${covered.size} rows; ${failures.size} rows differ`)
  expect([...failures.values()]).toEqual([])
})

/** A 16-bit double shift by more than 16: everything is undefined. */
function countTooLarge(row: Row, { code, before }: Case): boolean {
  if (row.operands[0]!.size !== 16) return false
  const count = row.operands[2]!.kind === 'fixed' ? Number(before.gpr[1]! & 31n) : code.at(-1)! & 31
  return count > 16
}

function describe({ code, compatibility }: Case): string {
  const instruction = new Instruction()
  decode(code, 0, code.length, compatibility ? 32 : 64, instruction)
  return `${format(instruction, BigInt(CODE) as never)} [${Buffer.from(code).toString('hex')}]`
}

type Result = ReturnType<Emulated['run']>

function difference(
  row: Row,
  native: { after: Result['after']; data: Uint8Array },
  ours: Result,
  { before }: Case,
  mask64: bigint,
): string | null {
  const { after } = ours
  if (native.after.signal !== after.signal)
    return `signal ${native.after.signal}, ours ${after.signal} (vector ${ours.vector})`
  for (let n = 0; n < 16; n++)
    if (((native.after.gpr[n]! ^ after.gpr[n]!) & mask64) !== 0n)
      return `register ${n}: ${native.after.gpr[n]!.toString(16)}, ours ${after.gpr[n]!.toString(16)}; before ${before.gpr.map((v) => v.toString(16)).join(' ')} flags ${before.rflags.toString(16)}`
  const mask = STATUS & ~BigInt(row.flags.undefined)
  const flags = (native.after.rflags ^ after.rflags) & mask
  if (flags !== 0n && !shiftUndefined(row, flags))
    return `flags ${(native.after.rflags & STATUS).toString(16)}, ours ${(after.rflags & STATUS).toString(16)}; before ${before.gpr.map((v) => v.toString(16)).join(' ')} flags ${before.rflags.toString(16)}`
  const at = native.data.findIndex((byte, i) => byte !== ours.data[i])
  if (at >= 0)
    return `memory at ${at.toString(16)}: ${native.data[at]!.toString(16)}, ours ${ours.data[at]!.toString(16)}`
  return null
}

/** Shifts by more than one leave OF undefined, and 16-bit double shifts by more than 16 everything; CF too when the count exceeds the size. */
function shiftUndefined(row: Row, flags: bigint): boolean {
  if (!/^(shl|shr|sar|rol|ror|rcl|rcr|shld|shrd)$/.test(row.mnemonic)) return false
  if (/^(shl|shr|shld|shrd)$/.test(row.mnemonic) && (flags & ~0x801n) === 0n && row.operands[0]!.size < 32)
    return true
  return (flags & ~0x800n) === 0n && row.operands.at(-1)!.kind !== 'constant'
}
