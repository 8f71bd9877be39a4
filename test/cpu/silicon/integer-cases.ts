/** Integer instructions, in 64-bit and in 32-bit code. */
import { MODE32, MODE64, rows, type Row } from '../../../src/isa/index.ts'
import { compareAll, digestAll, type Family } from './family.ts'
import { DATA, DATA_SIZE, haveFeatures, type Case } from './native.ts'
import { randomCase, type Random } from './random.ts'

/** Instructions whose outcome is not a function of the state that we compare, or depends on the ring; `elsewhere.ts` says where they are tested. */
const excluded =
  /^(rd|cpuid|xgetbv|popf|sgdt|sidt|sldt|str|smsw|lar|lsl|ver|wrfs|wrgs|wrpkru|fx|xsave|xrstor|in$|ins|outs?$|std$|cli|sti|stac|clac|l[defgs]s$|cl[dz]emote)/

/** Features of rows, and what Linux calls them; `base` and the like are everywhere. */
const features: Readonly<Record<string, string | null>> = {
  base: null,
  CMOV: null,
  CX8: null,
  CX16: null,
  BMI1: 'bmi1',
  BMI2: 'bmi2',
  LZCNT: 'abm',
  POPCNT: 'popcnt',
  MOVBE: 'movbe',
  ADX: 'adx',
  SSE4_2: 'sse4_2',
  SSE2: 'sse2',
  SSE: 'sse',
  CLFSH: null,
  CLFLUSHOPT: 'clflushopt',
  CLWB: 'clwb',
  PREFETCHW: '3dnowprefetch',
  PREFETCHWT1: null,
}

function isInteger(row: Row, mode: number): boolean {
  if (!(row.modes & mode) || row.privileged || row.ioSensitive || row.branch !== 'none') return false
  if (excluded.test(row.mnemonic) || !(row.feature in features)) return false
  if (/^(ld|st)mxcsr$/.test(row.mnemonic)) return false
  const feature = features[row.feature]
  if (feature && !haveFeatures().has(feature)) return false
  return row.operands.every((form) => !/(^|[^i])mm|CR|DR|Sreg|^[C-S]S$|moffs|m512|mxsave/.test(form.name))
}

/** A 16-bit double shift by more than 16: everything is undefined. */
function isCountTooLarge(row: Row, { code, before }: Case): boolean {
  if (!/^sh[lr]d$/.test(row.mnemonic) || row.operands[0]!.size !== 16) return false
  const count = row.operands[2]!.kind === 'fixed' ? Number(before.gpr[1]! & 31n) : code.at(-1)! & 31
  return count > 16
}

/** Shifts by more than one leave OF undefined, CF too when the count exceeds the size. */
function undefinedFlags(row: Row): bigint {
  let flags = BigInt(row.flags.undefined)
  if (!/^(shl|shr|sar|rol|ror|rcl|rcr|shld|shrd)$/.test(row.mnemonic)) return flags
  if (/^(shl|shr|shld|shrd)$/.test(row.mnemonic) && row.operands[0]!.size < 32) flags |= 0x801n
  if (row.operands.at(-1)!.kind !== 'constant') flags |= 0x800n
  return flags
}

function integerFamily(name: string, mode: number): Family {
  const compatibility = mode === MODE32
  return {
    name,
    rows: rows.filter((row) => isInteger(row, mode)),
    page: (random) => random.bytes(DATA_SIZE),
    make(row, random: Random) {
      const direction = row.repeat !== 'none' && random.below(2) === 1 ? 0x400n : 0n
      const one = randomCase(row, random, {
        aligned: row.mnemonic === 'cmpxchg16b',
        rflags: direction,
        compatibility,
      })
      if (!one || isCountTooLarge(row, one)) return null
      if (row.mnemonic === 'xlatb') one.before.gpr[3] = BigInt(DATA + 0x400 + random.below(0x400))
      return one
    },
    difference: (row, one, native, ours) => compareAll(one, native, ours, undefinedFlags(row)),
    digest: (row, one, outcome) => digestAll(one, outcome, undefinedFlags(row)),
  }
}

export const integer64: Family = integerFamily('integer, 64-bit code', MODE64)
export const integer32: Family = integerFamily('integer, 32-bit code', MODE32)
