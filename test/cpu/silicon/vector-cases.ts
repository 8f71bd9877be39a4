/** Vector instructions: SSE to SSE4.2, AVX, AVX2 and the extensions for cryptography, with any MXCSR where they compute with floats. */
import { meaningOf } from '../../../src/cpu/semantics/index.ts'
import { decode, Instruction, MODE64, RegisterClass, rows, type Row } from '../../../src/isa/index.ts'
import { compareAll, digestAll, type Family } from './family.ts'
import { floatCase, floatPage, floatRows } from './float-cases.ts'
import { DATA, DATA_SIZE, haveFeatures, type Case } from './native.ts'
import { randomCase, type Random } from './random.ts'
import { vectorValue } from './vector-values.ts'

/** Features of rows, and what Linux calls them. */
const features: Readonly<Record<string, string>> = {
  SSE: 'sse',
  SSE2: 'sse2',
  SSE3: 'pni',
  SSSE3: 'ssse3',
  SSE4_1: 'sse4_1',
  SSE4_2: 'sse4_2',
  AVX: 'avx',
  AVX2: 'avx2',
  AES: 'aes',
  VAES: 'vaes',
  PCLMULQDQ: 'pclmulqdq',
  VPCLMULQDQ: 'vpclmulqdq',
  SHA: 'sha_ni',
}

const floats = floatRows(/./)

function isVector(row: Row): boolean {
  return (
    (row.modes & MODE64) !== 0 &&
    row.feature in features &&
    haveFeatures().has(features[row.feature]!) &&
    meaningOf(row) !== null &&
    !floats.includes(row) &&
    (row.mnemonic.startsWith('vzero') ||
      row.operands.some(({ registerClass: c }) => c === RegisterClass.xmm || c === RegisterClass.ymm)) &&
    row.operands.every((form) => form.registerClass !== RegisterClass.mmx)
  )
}

/** What its memory operand must be aligned to; 1: nothing. */
function alignmentOf(row: Row): number {
  const isFree = /^(movup[sd]|movdqu|lddqu|pcmp[ei]str[im])$/.test(row.mnemonic)
  const isBound = row.vex ? /^v(movap[sd]|movdqa|movnt)/.test(row.mnemonic) : !isFree
  return isBound ? (row.vectorLength === 256 ? 32 : 16) : 1
}

const instruction = new Instruction()

/** Gives the explicit string lengths, RAX and RDX, values that matter, unless the address needs them. */
function shortLengths({ code, before }: Case, random: Random): void {
  decode(code, 0, code.length, 64, instruction)
  const { memory } = instruction
  for (const register of [0, 2])
    if (memory === null || (memory.base !== register && memory.index !== register))
      before.gpr[register] = BigInt.asUintN(64, BigInt(random.below(40) - 20))
}

/** Indexes of a gather that stay in the page, but for a few that lead to where nothing is. */
function giveIndexes(row: Row, { code, before }: Case, random: Random): void {
  decode(code, 0, code.length, 64, instruction)
  const { index, scale } = instruction.memory!
  const wide = row.operands[1]!.name.startsWith('vm64')
  for (const lane of [before.xmm, before.upper!]) {
    const view = new DataView(new ArrayBuffer(16))
    for (let at = 0; at < 16; at += wide ? 8 : 4) {
      const near = Math.floor((random.below(0x600) - 0x300) / scale)
      const value = random.below(10) === 0 ? Math.floor(0x4800_0000 / scale) : near
      if (wide) view.setBigInt64(at, BigInt(value), true)
      else view.setInt32(at, value, true)
    }
    lane[index] = new Uint8Array(view.buffer)
  }
}

function vectorCase(row: Row, random: Random): Case | null {
  // Now and then not aligned, to see the fault.
  const aligned = random.below(10) > 0 ? alignmentOf(row) : 1
  // Or across the end of the page, behind which there is none.
  const target = random.below(8) === 0 ? { target: DATA + DATA_SIZE - random.below(40) } : {}
  const one = randomCase(row, random, { aligned, ...target })
  if (!one) return null
  one.before.xmm = one.before.xmm.map(() => vectorValue(random))
  one.before.upper = one.before.xmm.map(() => vectorValue(random))
  if (row.indexed) giveIndexes(row, one, random)
  if (/^v?pcmpestr/.test(row.mnemonic)) shortLengths(one, random)
  if (/^v?maskmovdqu$/.test(row.mnemonic)) one.before.gpr[7] = BigInt(DATA + 0x400 + random.below(0x300))
  return one
}

function vectorPage(random: Random): Uint8Array {
  const page = new Uint8Array(DATA_SIZE)
  for (let at = 0; at < DATA_SIZE; at += 16) page.set(vectorValue(random), at)
  return page
}

export const vectors: Family = {
  name: 'vectors',
  rows: rows.filter(isVector),
  page: vectorPage,
  make: vectorCase,
  difference: (row, one, native, ours) => compareAll(one, native, ours, BigInt(row.flags.undefined)),
  digest: (row, one, outcome) => digestAll(one, outcome, BigInt(row.flags.undefined)),
}

export const vectorFloats: Family = {
  name: 'floats in vectors',
  rows: floats,
  page: floatPage,
  make: floatCase,
  difference: (_row, one, native, ours) => compareAll(one, native, ours),
  digest: (_row, one, outcome) => digestAll(one, outcome),
}

/** LDMXCSR, STMXCSR and their VEX forms. */
export const mxcsr: Family = {
  name: 'MXCSR',
  rows: rows.filter((row) => row.modes & MODE64 && /^v?(ld|st)mxcsr$/.test(row.mnemonic)),
  page(random) {
    const page = random.bytes(DATA_SIZE)
    // Half of them without reserved bits.
    for (let at = 2; at < DATA_SIZE; at += 8) page.fill(0, at, at + 2)
    return page
  },
  make: (row, random) => randomCase(row, random, { aligned: 4, mxcsr: 0x1f80 | random.below(0x40) }),
  difference: (_row, one, native, ours) => compareAll(one, native, ours),
  digest: (_row, one, outcome) => digestAll(one, outcome),
}
