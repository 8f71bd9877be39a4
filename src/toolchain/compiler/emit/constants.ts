import type { Value } from '../ssa/ir.ts'

/** Bytes of a constant as they stand in memory. */
export function constantBytes(value: Value): Uint8Array {
  switch (value.op) {
    case 'v128.const':
      return value.bytes!
    case 'i64.const':
    case 'f64.const': {
      const bytes = new Uint8Array(8)
      new DataView(bytes.buffer).setBigInt64(0, value.wide, true)
      return bytes
    }
  }
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, value.imm, true)
  return bytes
}

export const isZero = (value: Value): boolean => constantBytes(value).every((byte) => byte === 0)
