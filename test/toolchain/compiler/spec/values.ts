import type { ValueType } from '../../../../src/toolchain/compiler/reader/types.ts'
import type { Bits } from '../native/native.ts'
import type { Constant } from './script.ts'

const laneBits: Record<string, number> = { i8: 8, i16: 16, i32: 32, i64: 64, f32: 32, f64: 64 }

/** Type of a constant in a script; references are words. */
export const typeOf = ({ type }: Constant): ValueType => (type.endsWith('ref') ? 'ref' : (type as ValueType))

/** The bits of an argument. */
export function bitsOf(constant: Constant): Bits {
  const { type, value } = constant
  if (type === 'v128') return vectorOf(constant)
  if (type === 'i32' || type === 'f32') return Number(BigInt.asIntN(32, BigInt(value as string)))
  // A null reference is 0; a host reference is its number, told apart from null.
  if (typeOf(constant) === 'ref') return value === 'null' ? 0n : BigInt(value as string) + 1n
  return BigInt.asIntN(64, BigInt(value as string))
}

function vectorOf({ value, lane_type: lane }: Constant): Uint8Array {
  const bytes = new Uint8Array(16)
  const size = laneBits[lane!]! / 8
  for (const [index, text] of (value as readonly string[]).entries()) {
    if (text.startsWith('nan')) continue
    const bits = BigInt.asUintN(64, BigInt(text))
    for (let byte = 0; byte < size; byte++)
      bytes[index * size + byte] = Number((bits >> BigInt(byte * 8)) & 0xffn)
  }
  return bytes
}

function isNan(text: string, bits: bigint, width: number): boolean {
  const mantissa = width === 32 ? 23n : 52n
  const quiet = 1n << (mantissa - 1n)
  const exponent = ((1n << BigInt(width - 1)) - 1n) >> mantissa
  if (((bits >> mantissa) & exponent) !== exponent) return false
  const fraction = bits & ((1n << mantissa) - 1n)
  return text === 'nan:canonical' ? fraction === quiet : (fraction & quiet) !== 0n
}

/** Whether a result is what the script expects. */
export function matches(actual: Bits, expected: Constant): boolean {
  const { type, value } = expected
  if (type === 'v128') {
    const wanted = vectorOf(expected)
    const width = laneBits[expected.lane_type!]!
    return (value as readonly string[]).every((text, index) => {
      const at = (index * width) / 8
      const lane = (actual as Uint8Array).subarray(at, at + width / 8)
      if (!text.startsWith('nan')) return lane.every((byte, offset) => byte === wanted[at + offset])
      const bits = lane.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
      return isNan(text, bits, width)
    })
  }
  if (typeof value === 'string' && value.startsWith('nan')) {
    const width = type === 'f32' ? 32 : 64
    return isNan(value, BigInt.asUintN(width, BigInt(actual as number | bigint)), width)
  }
  return actual === bitsOf(expected)
}
