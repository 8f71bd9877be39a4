/**
 * Cases with x87 state: each is FNINIT; FRSTOR of one of the images in the data page; the instruction; FNSAVE. So the state before and after goes
 * through memory, and neither runner needs to know of it.
 */
import type { Row } from '../../../src/isa/index.ts'
import { Digest, STATUS } from './family.ts'
import { DATA, DATA_SIZE, type Case, type Outcome } from './native.ts'
import { randomCase, type CaseOptions, type Random } from './random.ts'

/** FNSAVE writes here, at the start of the data page. */
const SAVED = 0
const IMAGES = 0x800
const IMAGE_SIZE = 112
/** Images in a page. */
export const IMAGE_COUNT = 16
/** Before the instruction under test: FNINIT and FRSTOR. */
export const PROLOGUE_BYTES = 9

/** A significand and a sign with exponent, with everything odd that the format can hold. */
export function randomExtended(random: Random): [significand: bigint, exponent: number] {
  const wide = (BigInt(random.u32()) << 32n) | BigInt(random.u32())
  const sign = random.below(2) << 15
  const normal = (1n << 63n) | wide
  const sparse = (1n << 63n) | ((wide >> BigInt(random.below(64))) << BigInt(random.below(64)))
  const some = BigInt.asUintN(64, random.below(2) ? normal : sparse)
  switch (random.below(24)) {
    case 0:
      return [0n, sign]
    case 1:
      return [1n << 63n, 0x7fff | sign]
    case 2:
      return [(3n << 62n) | wide, 0x7fff | sign]
    case 3:
      return [(1n << 63n) | (wide >> 2n), 0x7fff | sign]
    case 4:
      return [wide >> BigInt(1 + random.below(63)), sign]
    case 5:
      return [some, sign]
    case 6:
      return [wide >> BigInt(1 + random.below(63)), random.below(0x8000) | sign]
    case 7:
      return [some, random.below(0x7fff) | sign]
    case 8:
      return [some, (1 + random.below(70)) | sign]
    case 9:
      return [some, (0x7ffe - random.below(70)) | sign]
    case 10:
      return [
        some,
        (random.pick([0x3fff - 1022, 0x3fff - 126, 0x3fff + 128, 0x3fff + 1024]) + random.below(60) - 55) |
          sign,
      ]
    case 11:
      return [(1n << 63n) | (BigInt(random.below(8)) << 60n), (0x3ffe + random.below(4)) | sign]
    case 12:
    case 13: {
      const shift = random.below(64)
      return [
        BigInt.asUintN(64, (((1n << 63n) | wide) >> BigInt(shift)) << BigInt(shift)),
        (0x3fff + 63 - shift) | sign,
      ]
    }
    case 14:
    case 15:
    case 16:
      // So near each other that sums end half-way between two numbers.
      return [some, (0x3fff + random.below(3)) | sign]
    default:
      return [some, (0x3fff + random.below(80) - 40) | sign]
  }
}

export interface StateOptions {
  /** Chance in percent that a register is empty. */
  empty?: number
  /** Control words besides 37FH. */
  control?: 'default' | 'rounding' | 'any'
  /** Status words with TOP, conditions and sticky flags; pending exceptions follow from the masks. */
  flags?: boolean
  value?: (random: Random) => [bigint, number]
}

/** A data page: random bytes, images of FRSTOR. */
export function randomPage(random: Random, options: StateOptions = {}): Uint8Array {
  const page = new Uint8Array(DATA_SIZE)
  const view = new DataView(page.buffer)
  for (let at = 0; at < IMAGES; at++) page[at] = random.below(256)
  for (let at = 0x400; at + 16 <= IMAGES; at += 16) {
    const [significand, exponent] = (options.value ?? randomExtended)(random)
    if (random.below(2)) continue
    view.setBigUint64(at, significand, true)
    view.setUint16(at + 8, exponent, true)
  }
  for (let n = 0; n < IMAGE_COUNT; n++) writeImage(view, IMAGES + n * IMAGE_SIZE, random, options)
  return page
}

function writeImage(view: DataView, at: number, random: Random, options: StateOptions): void {
  const { control = 'any', flags = true, empty = 10, value = randomExtended } = options
  let fcw = 0x37f
  if (control !== 'default') fcw = 0x7f | (random.pick([0, 2, 3, 3]) << 8) | (random.below(4) << 10)
  if (control === 'any' && random.below(4) === 0) fcw = (fcw & ~0x3f) | random.below(64)
  const conditions = flags ? random.u32() & 0x4700 : 0
  const unmasked = control === 'any' && random.below(IMAGE_COUNT) === 0
  const sticky = flags && random.below(3) === 0 ? random.u32() & (unmasked ? 0x3f : fcw & 0x3f) : 0
  const top = random.below(8)
  let tags = 0
  for (let i = 0; i < 8; i++) if (random.below(100) < empty) tags |= 3 << (2 * i)
  view.setUint32(at, fcw | 0xffff_0000, true)
  view.setUint32(at + 4, conditions | sticky | (top << 11) | 0xffff_0000, true)
  view.setUint32(at + 8, tags | 0xffff_0000, true)
  for (const offset of [12, 16, 20, 24]) view.setUint32(at + offset, random.u32(), true)
  for (let i = 0; i < 8; i++) {
    const [significand, exponent] = value(random)
    view.setBigUint64(at + 28 + 10 * i, significand, true)
    view.setUint16(at + 36 + 10 * i, exponent, true)
  }
}

/** `op [abs32]`, with a /digit. */
function absolute(opcode: number, digit: number, address: number): number[] {
  const bytes = new Uint8Array(Uint32Array.of(address).buffer)
  return [opcode, 4 | (digit << 3), 0x25, ...bytes]
}

/** A random case of the row between restoring and saving, or null. */
export function stateCase(row: Row, random: Random, options: CaseOptions = {}): Case | null {
  const one = randomCase(row, random, options)
  return one && around(one, random.below(IMAGE_COUNT))
}

export function around(one: Case, image: number, waiting: number[] = []): Case {
  const restore = absolute(0xdd, 4, DATA + IMAGES + image * IMAGE_SIZE)
  const save = absolute(0xdd, 6, DATA + SAVED)
  const code = Uint8Array.of(0xdb, 0xe3, ...restore, ...one.code, ...waiting, ...save)
  return { ...one, code, count: 4 + waiting.length }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex')

const word = (data: Uint8Array, at: number): number => data[at]! | (data[at + 1]! << 8)

/** The image that a case started from, in words. */
export function describeImage(page: Uint8Array, one: Case): string {
  const at = new DataView(one.code.buffer).getUint32(5, true) - DATA
  return describeState(page.subarray(at, at + 108))
}

function describeState(state: Uint8Array): string {
  const registers = Array.from({ length: 8 }, (_, i) => hex(state.subarray(28 + 10 * i, 38 + 10 * i)))
  const words = [0, 4, 8].map((at) => word(state, at).toString(16))
  return `fcw ${words[0]} fsw ${words[1]} ftw ${words[2]} pointers ${hex(state.subarray(12, 28))} st ${registers.join(' ')}`
}

export interface Tolerance {
  /** Bits of FSW that are not compared. */
  fsw?: number
  /** Units in the last place by which ST(0) and ST(1) may differ. */
  ulps?: number
}

function distance(x: Uint8Array, y: Uint8Array): bigint {
  const number = (bytes: Uint8Array): bigint => BigInt(`0x${hex(bytes)}`)
  const low = (v: bigint): bigint => BigInt.asUintN(64, v) & ~(1n << 63n)
  const position = (v: bigint): bigint => ((v >> 64n) << 63n) | low(v)
  const d = position(number(x)) - position(number(y))
  return d < 0n ? -d : d
}

/** What differs between two outcomes, or null. */
export function difference(native: Outcome, ours: Outcome, tolerance: Tolerance = {}): string | null {
  if (native.after.signal !== ours.after.signal)
    return `signal ${native.after.signal}, ours ${ours.after.signal}`
  const [theirs, mine] = [native.after.mxcsr, ours.after.mxcsr]
  if (theirs !== mine) return `mxcsr ${theirs.toString(16)}, ours ${mine.toString(16)}`
  if (native.after.signal) return null
  const [a, b] = [native.data.subarray(0, 108), ours.data.subarray(0, 108)]
  const masks = [0xffff, 0xffff & ~(tolerance.fsw ?? 0), 0xffff]
  const same =
    [0, 4, 8].every((at, i) => ((word(a, at) ^ word(b, at)) & masks[i]!) === 0) &&
    hex(a.subarray(12, 28)) === hex(b.subarray(12, 28)) &&
    Array.from({ length: 8 }, (_, i) => 28 + 10 * i).every(
      (at, i) =>
        distance(a.subarray(at, at + 10), b.subarray(at, at + 10)) <=
        BigInt(i < 2 ? (tolerance.ulps ?? 0) : 0),
    )
  if (!same) return `\n  theirs ${describeState(a)}\n  ours   ${describeState(b)}`
  for (let n = 0; n < 16; n++) {
    if (hex(native.after.xmm[n]!) !== hex(ours.after.xmm[n]!)) return `xmm${n}`
    const [g, o] = [native.after.gpr[n]!, ours.after.gpr[n]!]
    if (g !== o) return `register ${n}: ${g.toString(16)}, ours ${o.toString(16)}`
  }
  if ((native.after.rflags ^ ours.after.rflags) & 0x8d5n)
    return `flags ${native.after.rflags.toString(16)}, ours ${ours.after.rflags.toString(16)}`
  const at = native.data.findIndex((byte, i) => i >= 108 && byte !== ours.data[i])
  if (at < 0) return null
  const from = at & ~7
  return `memory at ${at.toString(16)}: ${hex(native.data.subarray(from, from + 16))}, ours ${hex(ours.data.subarray(from, from + 16))}`
}

/** 32 bits of everything that `difference` compares without a tolerance. */
export function digestState({ after, data }: Outcome): number {
  const digest = new Digest().number(BigInt(after.signal)).number(BigInt(after.mxcsr))
  if (after.signal) return digest.value
  for (const at of [0, 4, 8]) digest.bytes(data.subarray(at, at + 2))
  digest.bytes(data.subarray(12)).number(after.rflags & STATUS)
  for (let n = 0; n < 16; n++) digest.number(after.gpr[n]!).bytes(after.xmm[n]!)
  return digest.value
}
