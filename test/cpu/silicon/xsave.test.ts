/** XSAVE, XSAVEOPT, XSAVEC, XRSTOR, FXSAVE, FXRSTOR against the silicon: areas in both formats, headers right and wrong, components in use and not. */
import { expect, test } from 'vitest'
import { haveHelpers } from '../machine.ts'
import { Emulated } from './emulated.ts'
import { DATA, DATA_SIZE, haveFeatures, haveSilicon, runNative, type Case, type Outcome } from './native.ts'
import { Random } from './random.ts'

const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)
const PAGES = Number(process.env.CASES ?? 6)
const CASES_PER_PAGE = 100

/** Places in the data page: areas to restore, and one to save to. */
const SOURCES = [0, 0x380, 0x700]
const TARGET = 0xa80
/** Its header says that everything is as after a reset. */
const INITIAL = 0xdc0
/** 0F and the opcode, ModRM.reg; all with an absolute address. */
const saves = { xsave: [0xae, 4], xsaveopt: [0xae, 6], xsavec: [0xc7, 4], fxsave: [0xae, 0] } as const
const restores = { xrstor: [0xae, 5], fxrstor: [0xae, 1] } as const

/** Components of MPX, which no processor that runs this is likely to have; the one here has others that we have not. */
const NOWHERE = 0x18

const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)]

function onMemory([opcode, digit]: readonly [number, number], wide: boolean, address: number): number[] {
  return [...(wide ? [0x48] : []), 0x0f, opcode, 0x04 | (digit << 3), 0x25, ...u32(address)]
}

const movEax = (value: number): number[] => [0xb8, ...u32(value)]

/** An area as an operating system may have left it, or as nobody would. */
function fillArea(view: DataView, at: number, random: Random): void {
  view.setUint32(at + 24, random.below(8) ? random.u32() & 0xffff : random.u32(), true)
  const rarely = (): number => (random.below(20) === 0 ? random.u32() : 0)
  const compacted = random.below(2) === 0
  const components = random.below(8)
  view.setUint32(
    at + 512,
    (compacted ? components & random.u32() : random.below(8)) | (rarely() & NOWHERE),
    true,
  )
  view.setUint32(at + 516, rarely() & 1, true)
  view.setUint32(at + 520, compacted ? components | (rarely() & NOWHERE) : rarely(), true)
  view.setUint32(at + 524, compacted ? 0x8000_0000 : rarely(), true)
  for (let byte = 528; byte < 576; byte += 4) view.setUint32(at + byte, random.below(30) ? 0 : 1, true)
}

function page(random: Random): Uint8Array {
  const bytes = random.bytes(DATA_SIZE)
  const view = new DataView(bytes.buffer)
  for (const at of SOURCES) fillArea(view, at, random)
  bytes.fill(0, INITIAL)
  return bytes
}

function oneCase(random: Random, names: readonly (keyof typeof saves)[]): Case & { text: string } {
  const save = random.pick(names)
  const restore = random.below(4) ? 'xrstor' : 'fxrstor'
  const wide = [random.below(2) === 0, random.below(2) === 0] as const
  const aligned = random.below(30) > 0
  const source = DATA + random.pick(SOURCES) + (aligned ? 0 : 8)
  const target = DATA + TARGET + (random.below(30) ? 0 : 8)
  const masks = [random.below(8), random.below(8)]
  const code = [
    ...movEax(1),
    ...onMemory(restores.xrstor, false, DATA + INITIAL),
    ...movEax(masks[0]!),
    ...onMemory(restores[restore], wide[0], source),
    ...movEax(masks[1]!),
    ...onMemory(saves[save], wide[1], target),
  ]
  const gpr = Array.from({ length: 16 }, () => random.u64())
  gpr[2] = 0n
  gpr[4] = BigInt(DATA + 0xe00)
  const vectors = (): Uint8Array[] => Array.from({ length: 16 }, () => random.bytes(16))
  return {
    code: Uint8Array.from(code),
    count: 6,
    before: { gpr, rflags: 2n, mxcsr: 0x1f80, signal: 0, xmm: vectors(), upper: vectors() },
    text: `${restore}${wide[0] ? '64' : ''} ${masks[0]}, ${save}${wide[1] ? '64' : ''} ${masks[1]} from ${(source - DATA).toString(16)}`,
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function difference(native: Outcome, ours: Outcome): string | null {
  if (native.after.signal !== ours.after.signal)
    return `signal ${native.after.signal}, ours ${ours.after.signal}`
  if (native.after.mxcsr !== ours.after.mxcsr)
    return `mxcsr ${native.after.mxcsr.toString(16)}, ours ${ours.after.mxcsr.toString(16)}`
  // The processor here loads vectors before it sees that MXCSR is bad, so that they are not compared after a fault.
  for (let n = 0; n < 16 && !native.after.signal; n++) {
    if (hex(native.after.xmm[n]!) !== hex(ours.after.xmm[n]!))
      return `xmm${n}: ${hex(native.after.xmm[n]!)}, ours ${hex(ours.after.xmm[n]!)}`
    if (hex(native.after.upper![n]!) !== hex(ours.after.upper![n]!)) return `upper half of ymm${n}`
  }
  const at = native.data.findIndex((byte, i) => byte !== ours.data[i])
  if (at < 0) return null
  const from = at & ~15
  const line = (data: Uint8Array): string => hex(data.subarray(from, from + 16))
  return `area at ${from - TARGET}: ${line(native.data)}, ours ${line(ours.data)}`
}

test.skipIf(!haveHelpers || !haveSilicon() || !haveFeatures().has('avx'))(
  'extended state is saved and restored as on the silicon',
  () => {
    console.log(`seed ${seed} (SEED=${seed} CASES=${PAGES} repeats this)`)
    const random = new Random(seed)
    const names = (Object.keys(saves) as (keyof typeof saves)[]).filter(
      (name) => name === 'fxsave' || name === 'xsave' || haveFeatures().has(name),
    )
    const failures: string[] = []
    let completed = 0
    for (let n = 0; n < PAGES; n++) {
      const initial = page(random)
      const cases = Array.from({ length: CASES_PER_PAGE }, () => oneCase(random, names))
      const native = runNative(cases, initial)
      const emulated = new Emulated(initial)
      cases.forEach((one, index) => {
        const found = difference(native[index]!, emulated.run(one))
        if (found) failures.push(`${one.text}: ${found}`)
        if (native[index]!.after.signal === 0) completed++
      })
    }
    console.log(`${PAGES * CASES_PER_PAGE} cases, ${completed} without a fault; ${failures.length} differ`)
    expect(failures.slice(0, 8)).toEqual([])
    expect(completed).toBeGreaterThan(PAGES)
  },
)
