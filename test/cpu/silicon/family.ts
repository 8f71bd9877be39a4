/** Rows of the table of encodings that are compared with the silicon in the same way. */
import type { Row } from '../../../src/isa/index.ts'
import type { Case, Outcome } from './native.ts'
import type { Random } from './random.ts'

/** Status flags of RFLAGS. */
export const STATUS = 0x8d5n

export interface Family {
  readonly name: string
  readonly rows: readonly Row[]
  /** What the data page holds before each case of a batch: DATA_SIZE bytes. */
  page(random: Random): Uint8Array
  /** A random case of the row, or null when this try gave something else. */
  make(row: Row, random: Random): Case | null
  /** What our processor does differently, for people; null when nothing. */
  difference(row: Row, one: Case, native: Outcome, ours: Outcome): string | null
  /** 32 bits of everything that `difference` compares; null for rows of which it tolerates some. */
  digest(row: Row, one: Case, outcome: Outcome): number | null
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex')

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** Registers, flags but those in `undefinedFlags`, MXCSR, vector registers and the data page. */
export function compareAll(
  one: Case,
  { after: a, data }: Outcome,
  { after: b, data: ours }: Outcome,
  undefinedFlags = 0n,
): string | null {
  if (a.signal !== b.signal) return `signal ${a.signal}, ours ${b.signal}`
  // The upper halves, and the other eight registers, are not defined after 32-bit code.
  const mask = one.compatibility ? 0xffff_ffffn : ~0n
  const count = one.compatibility ? 8 : 16
  for (let n = 0; n < count; n++)
    if ((a.gpr[n]! ^ b.gpr[n]!) & mask)
      return `register ${n}: ${a.gpr[n]!.toString(16)}, ours ${b.gpr[n]!.toString(16)}`
  if ((a.rflags ^ b.rflags) & STATUS & ~undefinedFlags)
    return `flags ${(a.rflags & STATUS).toString(16)}, ours ${(b.rflags & STATUS).toString(16)}`
  if (a.mxcsr !== b.mxcsr) return `mxcsr ${a.mxcsr.toString(16)}, ours ${b.mxcsr.toString(16)}`
  for (let n = 0; n < 16; n++) {
    if (isEqual(a.xmm[n]!, b.xmm[n]!) && isEqual(a.upper![n]!, b.upper![n]!)) continue
    const [theirs, mine] = [a, b].map((each) => `${hex(each.upper![n]!)}_${hex(each.xmm[n]!)}`)
    return `ymm${n}: ${theirs}, ours ${mine}`
  }
  if (isEqual(data, ours)) return null
  const at = data.findIndex((byte, i) => byte !== ours[i])
  return `memory at ${at.toString(16)}: ${data[at]!.toString(16)}, ours ${ours[at]!.toString(16)}`
}

/** FNV-1a, 32 bits. */
export class Digest {
  value = 0x811c9dc5

  bytes(bytes: ArrayLike<number>): this {
    for (let i = 0; i < bytes.length; i++) this.value = Math.imul(this.value ^ bytes[i]!, 0x01000193) >>> 0
    return this
  }

  number(value: bigint): this {
    return this.bytes(new Uint8Array(BigUint64Array.of(value).buffer))
  }
}

/** Of the same things as `compareAll`. */
export function digestAll(one: Case, { after, data }: Outcome, undefinedFlags = 0n): number {
  const digest = new Digest().number(BigInt(after.signal))
  const mask = one.compatibility ? 0xffff_ffffn : ~0n
  for (const value of after.gpr.slice(0, one.compatibility ? 8 : 16))
    digest.number(BigInt.asUintN(64, value & mask))
  digest.number(after.rflags & STATUS & ~undefinedFlags).number(BigInt(after.mxcsr))
  for (let n = 0; n < 16; n++) digest.bytes(after.xmm[n]!).bytes(after.upper![n]!)
  return digest.bytes(data).value
}
