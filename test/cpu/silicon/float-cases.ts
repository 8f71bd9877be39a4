/** Cases of every row that computes with floats in vector registers, in every mode of rounding and masking. */
import { meaningOf } from '../../../src/cpu/semantics/index.ts'
import { MODE64, RegisterClass, rows, type Row } from '../../../src/isa/index.ts'
import { double, fillFloats, half, randomMxcsr, single, type FloatFormat } from './float-values.ts'
import { DATA_SIZE, haveFeatures, type Case } from './native.ts'
import { randomCase, type Random } from './random.ts'

/** Features of rows, and what Linux calls them. */
const features: Readonly<Record<string, string>> = {
  SSE: 'sse',
  SSE2: 'sse2',
  SSE3: 'pni',
  SSE4_1: 'sse4_1',
  AVX: 'avx',
  FMA: 'fma',
  F16C: 'f16c',
}

const computes =
  /^v?(add|sub|mul|div|sqrt|min|max|cmp|u?comi|round|dp|hadd|hsub|addsub|cvt|fn?m(add|sub)|rcp|rsqrt).*[sp][sdh2]|^v?cvt/

/** Rows to be compared; those without a meaning yet are left out. */
export function floatRows(only: RegExp): Row[] {
  const here = haveFeatures()
  return rows.filter(
    (row) =>
      (row.modes & MODE64) !== 0 &&
      row.feature in features &&
      here.has(features[row.feature]!) &&
      computes.test(row.mnemonic) &&
      !/^cmps[bwq]$/.test(row.mnemonic) &&
      row.operands.some(({ registerClass: c }) => c === RegisterClass.xmm || c === RegisterClass.ymm) &&
      row.operands.every((form) => form.registerClass !== RegisterClass.mmx) &&
      only.test(row.id) &&
      meaningOf(row) !== null,
  )
}

/** The format that a row reads, by its mnemonic; null for integers. */
function formatOf({ mnemonic }: Row): FloatFormat | null {
  const source = /cvtt?(..)2/.exec(mnemonic)?.[1] ?? mnemonic.slice(-2)
  if (source === 'ph') return half
  if (source === 'si' || source === 'dq') return null
  return source[1] === 's' ? single : double
}

function fill(bytes: Uint8Array, f: FloatFormat | null, random: Random, like?: Uint8Array): void {
  // Now and then the bits of something else.
  if (f && random.below(40)) fillFloats(bytes, f, random, like)
}

export type FloatCase = Case & { row: Row }

/** A data page of floats of all formats. */
export function floatPage(random: Random): Uint8Array {
  const page = random.bytes(DATA_SIZE)
  for (let at = 0; at < DATA_SIZE; at += 16)
    fill(page.subarray(at, at + 16), random.pick([double, single, double, single, half, null]), random)
  return page
}

export function floatCase(row: Row, random: Random): FloatCase | null {
  const alignment = row.vex ? 1 : 16
  const one = randomCase(row, random, { aligned: alignment, mxcsr: randomMxcsr(random) })
  if (!one) return null
  const f = formatOf(row)
  let like: Uint8Array | undefined
  const values = (): Uint8Array => {
    const bytes = random.bytes(32)
    fill(bytes, f, random, like)
    like = bytes
    return bytes
  }
  const all = Array.from({ length: 16 }, values)
  one.before.xmm = all.map((bytes) => bytes.slice(0, 16))
  one.before.upper = all.map((bytes) => bytes.slice(16))
  return { ...one, row }
}
