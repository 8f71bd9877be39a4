/** Advertised is what works: each bit of CPUID against the meanings of its rows, and each model against what it executes. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { features, featuresOf, MODELS, writableBits, type CpuModel } from '../../src/cpu/cpuid/features.ts'
import { rowsOf } from '../../src/cpu/cpuid/rows.ts'
import { meaningOf } from '../../src/cpu/semantics/index.ts'
import { rows, type Row } from '../../src/isa/index.ts'
import * as L from '../../src/cpu/layout.ts'
import { createMachine, place, type TestMachine } from './machine.ts'

const GPR = { eax: 0, ecx: 1, edx: 2, ebx: 3 } as const
/** Rows of features that are never advertised: other makers' and virtualisation's, idling by MWAIT, hints. */
const nowhere = new Set(['base', 'VMX', 'SVM', 'MONITOR', 'PREFETCHWT1'])
const known = new Set(features.map(({ name }) => name))

function cpuid(machine: TestMachine, leaf: number, subleaf: number): Record<keyof typeof GPR, number> {
  machine.cpu.setGpr(0, BigInt(leaf))
  machine.cpu.setGpr(1, BigInt(subleaf))
  place(machine, [0x0f, 0xa2])
  expect(machine.cpu.run(1)).toBe('budget')
  const value = (n: number): number => Number(machine.cpu.gpr(n))
  return { eax: value(0), ebx: value(3), ecx: value(1), edx: value(2) }
}

test('the features of all rows are known', () => {
  const unknown = rows.filter(({ feature }) => !known.has(feature) && !nowhere.has(feature))
  expect([...new Set(unknown.map(({ feature }) => feature))]).toEqual([])
})

test('every row of an advertised feature has a meaning', () => {
  const missing = rows.filter(({ feature, ...row }) => known.has(feature) && !meaningOf(row as Row))
  expect(missing.map(({ id }) => id)).toEqual([])
})

describe.each(MODELS)('%s', (model: CpuModel) => {
  const machine = createMachine(64, undefined, undefined, model)

  test('CPUID reports its features and no others', () => {
    const own = new Set(featuresOf(model))
    for (const feature of features) {
      const { name, leaf, subleaf, register, bit } = feature
      const reported = (cpuid(machine, leaf, subleaf)[register] >>> bit) & 1
      expect(`${name} ${reported}`).toBe(`${name} ${Number(own.has(feature))}`)
    }
  })

  test('registers take the bits of its features and no others', () => {
    const { cr4, xcr0 } = writableBits(model)
    const union = (of: 'cr4' | 'xcr0'): bigint => features.reduce((all, feature) => all | feature[of], 0n)
    expect(cr4 & ~(union('cr4') | 0x100n)).toBe(0n)
    expect(xcr0 & ~union('xcr0')).toBe(0n)
    expect((cr4 & (1n << 18n)) !== 0n).toBe(xcr0 !== 0n)
  })

  test('what it has not is undefined, or what it was on older processors', () => {
    const names = new Set(featuresOf(model).map(({ name }) => name))
    rowsOf(model).forEach((executed, index) => {
      const row = rows[index]!
      if (names.has(row.feature) || row.feature === 'base') expect(executed).toBe(row)
      else if (executed !== row)
        expect(executed?.mnemonic ?? 'undefined').toMatch(/^(undefined|bs[fr]|wbinvd)$/)
    })
  })
})

/** One instruction of features that levels differ in, and the vector it raises where it is missing. */
const samples: readonly [feature: string, code: number[]][] = [
  ['POPCNT', [0xf3, 0x0f, 0xb8, 0xc3]],
  ['MOVBE', [0x0f, 0x38, 0xf0, 0x06]],
  ['BMI1', [0xc4, 0xe2, 0x60, 0xf2, 0xc1]],
  ['BMI2', [0xc4, 0xe2, 0x63, 0xf5, 0xc1]],
  ['ADX', [0x66, 0x0f, 0x38, 0xf6, 0xc3]],
  ['RDRAND', [0x0f, 0xc7, 0xf0]],
  ['RDSEED', [0x0f, 0xc7, 0xf8]],
  ['AVX', [0xc5, 0xfc, 0x58, 0xc1]],
  ['AVX2', [0xc5, 0xfd, 0xfe, 0xc1]],
  ['AES', [0x66, 0x0f, 0x38, 0xdc, 0xc1]],
  ['PCLMULQDQ', [0x66, 0x0f, 0x3a, 0x44, 0xc1, 0]],
  ['SHA', [0x0f, 0x38, 0xcc, 0xc1]],
  ['VAES', [0xc4, 0xe2, 0x7d, 0xdc, 0xc1]],
  ['FSGSBASE', [0xf3, 0x48, 0x0f, 0xae, 0xc0]],
  ['RDPID', [0xf3, 0x0f, 0xc7, 0xf8]],
  ['CLFLUSHOPT', [0x66, 0x0f, 0xae, 0x3e]],
]

describe.each(MODELS)('%s executes', (model: CpuModel) => {
  const names = new Set(featuresOf(model).map(({ name }) => name))
  test.each(samples)('%s if CPUID says so', (feature, code) => {
    const machine = createMachine(64, undefined, undefined, model)
    machine.cpu.setGpr(6, 0x20000n)
    if (!names.has('AVX')) machine.cpu.setState64(L.XCR0, 3n)
    machine.cpu.stateChanged()
    place(machine, code)
    // Without an interrupt table #UD ends in a triple fault.
    expect(machine.cpu.run(1)).toBe(names.has(feature) ? 'budget' : 'triple-fault')
    if (!names.has(feature)) expect(machine.cpu.describeTripleFault()).toContain('#UD')
  })

  test('TZCNT, as BSF where it has none', () => {
    const machine = createMachine(64, undefined, undefined, model)
    machine.cpu.setGpr(0, 0x1234n)
    machine.cpu.setGpr(3, 0n)
    place(machine, [0xf3, 0x0f, 0xbc, 0xc3])
    machine.cpu.run(1)
    expect(machine.cpu.gpr(0)).toBe(names.has('BMI1') ? 32n : 0x1234n)
  })
})

/** One line for each register of a leaf: bits by the model that first has them. */
function table(): string {
  const lines = ['| register | x86-64-v2 | x86-64-v3 adds | max adds |', '| --- | --- | --- | --- |']
  const places = new Set(features.map(({ leaf, subleaf, register }) => `${leaf},${subleaf},${register}`))
  for (const place of places) {
    const [leaf, subleaf, register] = place.split(',')
    const here = features.filter((f) => place === `${f.leaf},${f.subleaf},${f.register}`)
    const cells = MODELS.map((model) =>
      here
        .filter(({ since }) => since === model)
        .map(({ name, bit }) => `${name} ${bit}`)
        .join(', '),
    )
    const number = Number(leaf).toString(16).toUpperCase()
    const name = `${number}H${subleaf === '0' ? '' : `.${subleaf}`} ${register!.toUpperCase()}`
    lines.push(`| ${[name, ...cells].join(' | ')} |`)
  }
  return lines.join('\n')
}

test('SPECIFICATION.md lists every bit', () => {
  const text = readFileSync(new URL('../../SPECIFICATION.md', import.meta.url), 'utf8')
  const listed = text
    .split('\n')
    .filter((line) => /^\| (register \||--- \| --- \| --- \||[0-9A-F]+H(\.1)? E)/.test(line))
  expect(listed.join('\n')).toBe(table())
})
