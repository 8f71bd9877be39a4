import { expect, test } from 'vitest'
import { decode, DecodeStatus, format, Instruction, MODE64, rows, type Row } from '../../../src/isa/index.ts'
import { haveHelpers } from '../machine.ts'
import { Emulated } from './emulated.ts'
import { CODE, DATA_SIZE, haveSilicon, runNative, type Case } from './native.ts'
import { Random, randomCase } from './random.ts'

const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)
const SEQUENCES = Number(process.env.CASES ?? 4000)
const STATUS = 0x8d5

/** Writers and readers of flags that need no memory, and whose flags do not depend on a count. */
const writers =
  /^(add|sub|cmp|neg|inc|dec|adc|sbb|and|or|xor|test|xadd|cmpxchg|stc|clc|cmc|sahf|adcx|adox|popcnt|tzcnt|blsr|imul|bt[src]?)$/
const byOne = /^(shl|shr|sar|rol|ror|rcl|rcr)$/
const readers = /^(set|cmov|lahf|adc|sbb|rcl|rcr|cmc|adcx|adox)/

function usable(row: Row): boolean {
  if (!(row.modes & MODE64) || row.alias || row.feature === 'MMX') return false
  if (byOne.test(row.mnemonic)) return row.operands.at(-1)!.kind === 'constant'
  return (
    (writers.test(row.mnemonic) || readers.test(row.mnemonic)) &&
    row.operands.every((form) => !/mm/.test(form.name))
  )
}

interface Sequence extends Case {
  /** Flags that are undefined at the end. */
  undefinedFlags: number
}

const instruction = new Instruction()

/** A few instructions on registers; none reads a flag that one before left undefined. */
function randomSequence(pool: readonly Row[], random: Random): Sequence {
  const code: number[] = []
  let undefinedFlags = 0
  let count = 0
  let before: Case['before'] | null = null
  while (count < 6) {
    const row = random.pick(pool)
    const { flags } = row
    // CMOVcc and SETcc read what their condition says; LAHF reads all but OF.
    if (flags.read & undefinedFlags) continue
    const one = randomCase(row, random)
    if (!one) continue
    if (decode(one.code, 0, one.code.length, 64, instruction) !== DecodeStatus.ok || instruction.memory)
      continue
    before ??= one.before
    code.push(...one.code)
    undefinedFlags = (undefinedFlags & ~(flags.written | flags.cleared | flags.set)) | flags.undefined
    count++
  }
  return { code: Uint8Array.from(code), before: before!, count, undefinedFlags }
}

test.skipIf(!haveHelpers || !haveSilicon())(
  'flags pass from instruction to instruction as on the silicon',
  () => {
    console.log(`seed ${seed} (SEED=${seed} CASES=${SEQUENCES} repeats this)`)
    const random = new Random(seed)
    const initial = random.bytes(DATA_SIZE)
    const pool = rows.filter(usable)
    const cases = Array.from({ length: SEQUENCES }, () => randomSequence(pool, random))
    const native = runNative(cases, initial)
    const emulated = new Emulated(initial)
    const failures: string[] = []
    cases.forEach((one, index) => {
      const expected = native[index]!.after
      const { after } = emulated.run(one)
      const register = after.gpr.findIndex((value, n) => value !== expected.gpr[n])
      const flags = Number(after.rflags ^ expected.rflags) & STATUS & ~one.undefinedFlags
      if (register >= 0 || flags !== 0)
        failures.push(
          `${listing(one)}: register ${register}, flags ${flags.toString(16)} before ${one.before.gpr.map((v) => v.toString(16)).join(' ')} flags ${one.before.rflags.toString(16)}`,
        )
    })
    console.log(`${SEQUENCES} sequences of ${pool.length} rows; ${failures.length} differ`)
    expect(failures.slice(0, 5)).toEqual([])
  },
)

function listing({ code }: Case): string {
  const lines: string[] = []
  for (let at = 0; at < code.length; at += instruction.length) {
    decode(code, at, code.length, 64, instruction)
    lines.push(format(instruction, BigInt(CODE + at) as never))
  }
  return lines.join('; ')
}
