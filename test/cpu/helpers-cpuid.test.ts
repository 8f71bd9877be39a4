/** CPUID promises exactly what the table of encodings has meanings for. */
import { describe, expect, test } from 'vitest'
import { meaningOf } from '../../src/cpu/semantics/index.ts'
import { RegisterClass, rows } from '../../src/isa/index.ts'
import { Helpers } from './helpers-harness.ts'

type Bit = readonly [leaf: number, register: 'ebx' | 'ecx' | 'edx', bit: number]

/** Where CPUID reports the features that rows name. */
const bits: Record<string, Bit> = {
  FPU: [1, 'edx', 0],
  CX8: [1, 'edx', 8],
  CMOV: [1, 'edx', 15],
  CLFSH: [1, 'edx', 19],
  MMX: [1, 'edx', 23],
  FXSR: [1, 'edx', 24],
  SSE: [1, 'edx', 25],
  SSE2: [1, 'edx', 26],
  SSE3: [1, 'ecx', 0],
  MONITOR: [1, 'ecx', 3],
  SSSE3: [1, 'ecx', 9],
  CX16: [1, 'ecx', 13],
  SSE4_1: [1, 'ecx', 19],
  SSE4_2: [1, 'ecx', 20],
  MOVBE: [1, 'ecx', 22],
  POPCNT: [1, 'ecx', 23],
  XSAVE: [1, 'ecx', 26],
  RDRAND: [1, 'ecx', 30],
  FSGSBASE: [7, 'ebx', 0],
  BMI1: [7, 'ebx', 3],
  BMI2: [7, 'ebx', 8],
  INVPCID: [7, 'ebx', 10],
  RDSEED: [7, 'ebx', 18],
  ADX: [7, 'ebx', 19],
  SMAP: [7, 'ebx', 20],
  CLFLUSHOPT: [7, 'ebx', 23],
  CLWB: [7, 'ebx', 24],
  RDPID: [7, 'ecx', 22],
  LZCNT: [0x8000_0001, 'ecx', 5],
  PREFETCHW: [0x8000_0001, 'ecx', 8],
  RDTSCP: [0x8000_0001, 'edx', 27],
}
/** Works, but is not promised: MWAIT would invite guests to idle in it. */
const kept = new Set(['MONITOR'])

function reports([leaf, register, bit]: Bit): boolean {
  const h = new Helpers()
  h.setGpr(0, BigInt(leaf))
  h.setGpr(1, 0n)
  h.call('cpuid')
  return ((h.gpr({ ebx: 3, ecx: 1, edx: 2 }[register]) >> BigInt(bit)) & 1n) === 1n
}

/** Rows of a feature that also need the MMX or x87 registers are a matter of those. */
function needsOnly(row: (typeof rows)[number]): boolean {
  const other: RegisterClass[] = [RegisterClass.mmx, RegisterClass.x87]
  return (
    !row.operands.some(({ registerClass }) => other.includes(registerClass)) &&
    !row.mnemonic.startsWith('fisttp')
  )
}

describe('features', () => {
  test.each(Object.entries(bits))('%s', (feature, bit) => {
    const own = rows.filter(
      (row) => row.feature === feature && (needsOnly(row) || feature === 'MMX' || feature === 'FPU'),
    )
    const missing = own.filter((row) => !meaningOf(row)).map((row) => row.id)
    if (kept.has(feature)) expect(reports(bit)).toBe(false)
    else
      expect({ reported: reports(bit), missing: missing.slice(0, 3) }).toEqual(
        reports(bit) ? { reported: true, missing: [] } : { reported: false, missing: missing.slice(0, 3) },
      )
    // Nothing complete is kept back.
    if (!kept.has(feature) && own.length > 0 && missing.length === 0) expect(reports(bit)).toBe(true)
  })
})
