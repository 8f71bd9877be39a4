/**
 * Segmentation at each access, against the silicon: 16- and 32-bit code in the segments of a local descriptor table, with limits on every side, expand-down,
 * read-only and execute-only segments, null selectors, 16- and 32-bit stacks, with and without alignment checks. Exceptions, their error codes, registers and memory must be equal.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as L from '../../../src/cpu/layout.ts'
import { createMachine, type TestMachine } from '../machine.ts'
import { haveSilicon } from './native.ts'

/** Fixed by default: among other seeds are cases that run in circles on the silicon, which only the time limit ends. */
const SEED = Number(process.env['SEED'] ?? 1)
const CASES = Number(process.env['CASES'] ?? 1200)
const CODE = 0x10_0000
const CODE_SIZE = 0x2000
const DATA = 0x20_0000
const DATA_SIZE = 0x2_0000
const IN_BYTES = 32 + 16 + 8 + 12 + 32
const OUT_BYTES = 12 + 32 + 4
const PAGE_FAULT = 14
const CR0_AM = 0x4_0000n

/** What `modify_ldt` takes: base, limit, and bits 32-bit (1), expand-down (2), code (4), read-only or execute-only (8), limit in pages (16). */
type Descriptor = readonly [base: number, limit: number, flags: number]
const BIG = 1
const DOWN = 2
const IS_CODE = 4
const RESTRICTED = 8
const PAGES = 16

const MIDDLE = DATA + 0x8000
const descriptors: readonly Descriptor[] = [
  [MIDDLE, 0xffff, BIG],
  [MIDDLE + 3, 0x0fff, BIG],
  [MIDDLE, 0x0123, 0],
  [MIDDLE, 0xffff, 0],
  [MIDDLE, 0x0ff0, BIG | DOWN],
  [MIDDLE, 0x0ff0, DOWN],
  [MIDDLE, 0xf_ffff, BIG | PAGES],
  [MIDDLE, 3, BIG | DOWN | PAGES],
  [MIDDLE, 0x1fff, BIG | RESTRICTED],
  [MIDDLE, 0xffff, BIG | IS_CODE],
  [CODE, 0x1fff, BIG | IS_CODE],
  [CODE, 0x0345, BIG | IS_CODE],
  [CODE, 0x0345, IS_CODE],
  [CODE, 0x1fff, BIG | IS_CODE | RESTRICTED],
  [CODE, 0x1fff, IS_CODE],
]
const isCode = ([, , flags]: Descriptor): boolean => (flags & IS_CODE) !== 0
const selectorOf = (index: number): number => (index << 3) | 7
const codeSelectors = [10, 11, 12, 13, 14].map(selectorOf)
const stackSelectors = descriptors.flatMap((one, i) =>
  isCode(one) || one[2] & RESTRICTED ? [] : [selectorOf(i)],
)
const dataSelectors = [
  0,
  ...descriptors.flatMap((one, i) => (isCode(one) && one[2] & RESTRICTED ? [] : [selectorOf(i)])),
]

/** Instructions as bytes; ModRM 03, 1b, … address [EBX] or, with 16-bit addresses, [BP+DI]. */
const bodies: readonly number[][] = [
  [0x8b, 0x03], [0x8a, 0x03], [0x89, 0x03], [0x88, 0x03], [0x01, 0x03], [0x00, 0x03], [0x87, 0x0b], [0x85, 0x0b],
  [0x8b, 0x45, 0x00], [0x89, 0x45, 0x02], [0x8b, 0x46, 0x10], [0xc7, 0x07, 1, 2, 3, 4],
  [0x50], [0x58], [0x60], [0x61], [0x9c], [0x9d], [0xff, 0x33], [0x8f, 0x03], [0x6a, 0x11], [0xc9], [0xc8, 8, 0, 0], [0xc8, 4, 0, 2],
  [0xe8, 4, 0, 0, 0], [0xff, 0xd0], [0xff, 0x13], [0xc3], [0xeb, 0x70], [0xe9, 0, 0x10, 0, 0], [0xff, 0xe0], [0x75, 0x70], [0xe2, 0x70],
  [0xa4], [0xa5], [0xaa], [0xab], [0xac], [0xad], [0xae], [0xa6], [0xa7], [0xf3, 0xa4], [0xf3, 0xa5], [0xf3, 0xab],
  [0x0f, 0xa3, 0x03], [0x0f, 0xab, 0x03], [0x0f, 0xba, 0x2b, 5], [0x0f, 0xc7, 0x0b], [0xd7], [0x62, 0x03], [0x0f, 0xb6, 0x03],
  [0xdd, 0x03], [0xdb, 0x2b], [0x0f, 0x10, 0x03], [0x0f, 0x11, 0x03], [0x0f, 0x28, 0x03], [0x0f, 0xae, 0x1b],
  [0xa1, 0xf0, 0x0f, 0, 0], [0xa2, 0x22, 0x01, 0, 0], [0x8d, 0x03], [0xf7, 0x1b], [0xd1, 0x03], [0x0f, 0xc1, 0x03], [0x90],
] // prettier-ignore
const prefixes: readonly number[][] = [[], [], [], [0x66], [0x67], [0x66, 0x67]]
const overrides: readonly number[][] = [[], [], [], [], [0x2e], [0x36], [0x3e], [0x26], [0x65]]

interface Case {
  gpr: number[]
  ds: number
  es: number
  ss: number
  gs: number
  cs: number
  eip: number
  /** Flags with AC set check alignment: Linux sets CR0.AM. */
  eflags: number
  code: number[]
}

function randomCases(seed: number, count: number): Case[] {
  let x = seed | 1
  const random = (n: number): number => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return (x >>> 0) % n
  }
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!
  /** An offset near an edge of one of the segments. */
  const offset = (): number => {
    const edge = pick([0, 0x123, 0xff0, 0x0fff, 0x1fff, 0x3fff, 0x8000, 0xffff, 0xffff_ffff, 0x345])
    return (edge + random(40) - 20) >>> 0
  }
  return Array.from({ length: count }, () => {
    const cs = pick(codeSelectors)
    const [, limit] = descriptors[cs >> 3]!
    const body = pick(bodies)
    // With 16-bit addresses the silicon wraps the last two of ten bytes by themselves; we do not. (And FSTP of ten bytes across a limit stores eight there.)
    const is16 = !(descriptors[cs >> 3]![2] & BIG)
    const code = [...pick(overrides), ...(body[0] === 0xdb ? (is16 ? [0x67] : []) : pick(prefixes)), ...body]
    const eip = random(3) ? 0x100 : Math.max(0, Math.min(limit - random(20), CODE_SIZE - 64))
    const gpr = Array.from({ length: 8 }, offset)
    gpr[1] = pick([1, 2, 5, offset()])
    return {
      gpr,
      ds: pick(dataSelectors),
      es: pick(dataSelectors),
      ss: pick(stackSelectors),
      gs: pick(dataSelectors),
      cs,
      eip,
      eflags: random(4) ? 0x202 : 0x4_0202,
      code,
    }
  })
}

interface Outcome {
  vector: number
  error: number
  eip: number
  gpr: number[]
  sum: number
}

let folder: string | null = null
function build(): string {
  folder ??= mkdtempSync(join(tmpdir(), 'onering-segments-'))
  const source = new URL('segments.c', import.meta.url).pathname
  execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-o', join(folder, 'segments'), source])
  return join(folder, 'segments')
}
process.on('exit', () => folder && rmSync(folder, { recursive: true, force: true }))

/** Null when the kernel has no local descriptor tables. */
function runNative(cases: readonly Case[]): Outcome[] | null {
  const input = Buffer.alloc(4 + descriptors.length * 12 + cases.length * IN_BYTES)
  let at = input.writeUInt32LE(descriptors.length)
  for (const words of descriptors) for (const word of words) at = input.writeUInt32LE(word, at)
  for (const { gpr, ds, es, ss, gs, cs, eip, code, eflags } of cases) {
    const end = at + IN_BYTES
    for (const word of [...gpr, ds, es, ss, gs, eip, cs, eip, code.length, eflags])
      at = input.writeUInt32LE(word, at)
    input.set(code, at)
    at = end
  }
  const { status, stdout } = spawnSync(build(), { input, maxBuffer: 1 << 28, timeout: 120_000 })
  if (status === 77) return null
  expect(status).toBe(0)
  expect(stdout.length).toBe(cases.length * OUT_BYTES)
  return cases.map((_, n) => {
    const word = (i: number): number => stdout.readUInt32LE(n * OUT_BYTES + 4 * i)
    const gpr = Array.from({ length: 8 }, (_unused, i) => word(3 + i))
    return { vector: word(0), error: word(1), eip: word(2), gpr, sum: word(11) }
  })
}

const IDT = 0x7000
const TSS = 0x8000
const HANDLERS = 0x9000
const IST_TOP = 0xb000
const hasError = new Set([8, 10, 11, 12, 13, 14, 17])

function prepare(): TestMachine {
  const machine = createMachine()
  const { cpu, view, ram } = machine
  for (let vector = 0; vector < 32; vector++) {
    ram[HANDLERS + vector * 16] = 0xf4
    view.setUint16(IDT + 16 * vector, HANDLERS + vector * 16, true)
    view.setUint16(IDT + 16 * vector + 2, 8, true)
    view.setUint16(IDT + 16 * vector + 4, 0xee01, true)
  }
  view.setBigUint64(TSS + 0x24, BigInt(IST_TOP), true)
  cpu.setState64(L.IDTR, BigInt(IDT))
  cpu.setState32(L.IDTR + 8, 32 * 16 - 1)
  cpu.setSegment(L.TR, { selector: 0x30, base: BigInt(TSS), limit: 0x67, attributes: 0x8b })
  return machine
}

function setSegment({ cpu }: TestMachine, seg: number, selector: number): void {
  if (selector === 0) return cpu.setSegment(seg, { selector, base: 0n, limit: 0, attributes: 0 })
  const [base, limit, flags] = descriptors[selector >> 3]!
  const type = (flags & IS_CODE ? 8 : 0) | (flags & DOWN ? 4 : 0) | (flags & RESTRICTED ? 0 : 2) | 1
  const attributes = 0xf0 | type | (flags & BIG ? 0x4000 : 0) | (flags & PAGES ? 0x8000 : 0)
  cpu.setSegment(seg, {
    selector,
    base: BigInt(base),
    limit: flags & PAGES ? limit * 4096 + 4095 : limit,
    attributes,
  })
}

function runHere(machine: TestMachine, one: Case): Outcome {
  const { cpu, ram, view } = machine
  cpu.ramWritten(CODE, CODE_SIZE)
  ram.fill(0xcc, CODE, CODE + CODE_SIZE)
  ram.set(one.code, CODE + one.eip)
  for (let i = 0; i < DATA_SIZE; i++) ram[DATA + i] = i * 7 + (i >> 8)
  for (const [seg, selector] of [
    [L.DS, one.ds],
    [L.ES, one.es],
    [L.SS, one.ss],
    [L.GS, one.gs],
    [L.CS, one.cs],
  ] as const)
    setSegment(machine, seg, selector)
  one.gpr.forEach((value, n) => cpu.setGpr(n, BigInt(value)))
  cpu.setState32(L.CPL, 3)
  cpu.rflags = BigInt(one.eflags)
  cpu.setState64(L.CR0, cpu.getState64(L.CR0) | CR0_AM)
  cpu.setState32(L.FCW, 0x37f)
  cpu.setState32(L.FTW, 0)
  cpu.vector(0).fill(0)
  cpu.rip = BigInt(one.eip)
  cpu.stateChanged()
  const end = cpu.run(40)
  if (end !== 'halted') throw new Error(`the run ended with ${end}`)
  cpu.setState32(L.HALTED, 0)
  const vector = Math.floor((Number(cpu.rip) - 1 - HANDLERS) / 16)
  const frame = IST_TOP - 40 - (hasError.has(vector) ? 8 : 0)
  const top = hasError.has(vector) ? frame + 8 : frame
  const gpr = Array.from({ length: 8 }, (_, n) => Number(cpu.gpr(n) & 0xffff_ffffn))
  gpr[4] = view.getUint32(top + 24, true)
  let sum = 0
  for (let i = 0; i < DATA_SIZE; i++) sum = (Math.imul(sum, 31) + ram[DATA + i]!) >>> 0
  return {
    vector,
    error: hasError.has(vector) ? view.getUint32(frame, true) : 0,
    eip: view.getUint32(top, true),
    gpr,
    sum,
  }
}

const hex = (value: number): string => value.toString(16)

/** One line: the case, and what came out here and there. */
function describe({ gpr, code, eip, eflags, ...segments }: Case, ours: Outcome, theirs: Outcome): string {
  const list = (numbers: number[]): string => numbers.map(hex).join(' ')
  const named = Object.entries(segments).map(([name, selector]) => `${name}=${hex(selector)}`)
  const outcome = (one: Outcome): string =>
    `vector ${one.vector} error ${hex(one.error)} eip ${hex(one.eip)} gpr ${list(one.gpr)} memory ${hex(one.sum)}`
  return `[${list(code)}] at ${hex(eip)}, ${named.join(' ')}, eflags ${hex(eflags)}, gpr ${list(gpr)}: here ${outcome(ours)}, silicon ${outcome(theirs)}`
}

test.skipIf(!haveSilicon())('segments forbid what they forbid on the silicon', () => {
  const cases = randomCases(SEED, CASES)
  const native = runNative(cases)
  if (!native) return console.log('skipped: this kernel has no modify_ldt')
  const machine = prepare()
  const vectors = new Map<number, number>()
  const wrong: string[] = []
  cases.forEach((one, n) => {
    const theirs = native[n]!
    // Beyond the segments' checks lies memory that only one of the two has.
    if (theirs.vector === PAGE_FAULT) return
    vectors.set(theirs.vector, (vectors.get(theirs.vector) ?? 0) + 1)
    const ours = runHere(machine, one)
    if (JSON.stringify(ours) !== JSON.stringify(theirs)) wrong.push(describe(one, ours, theirs))
  })
  console.log(`${CASES} cases; vectors ${JSON.stringify(Object.fromEntries(vectors))}; SEED=${SEED}`)
  expect(wrong).toEqual([])
})
