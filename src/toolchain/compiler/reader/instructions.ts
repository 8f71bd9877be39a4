import type { ByteReader } from './bytes.ts'
import { type Opcode, opcode } from './opcodes.ts'
import { type ValueType, valueType } from './types.ts'

/** One decoded instruction. What the immediates mean depends on `op.immediate`. */
export interface Instruction {
  readonly op: Opcode
  /** Byte offset in the module. */
  readonly offset: number
  /** Index, constant, lane number, or the offset of a memory access. */
  readonly value: number
  readonly wide?: bigint
  /** 16 bytes of a vector constant or a shuffle. */
  readonly bytes?: Uint8Array
  /** Targets of `br_table`, the default last. */
  readonly targets?: readonly number[]
  /** Block type: −64 no result, other negative numbers a value type, else a type index. */
  readonly block?: number
  readonly lane?: number
  /** Result type of a typed `select`. */
  readonly type?: ValueType
}

/**
 * Decodes the instructions of a function body, `end`s included.
 * @throws Error that names an opcode which the compiler does not handle.
 */
export function readInstructions(reader: ByteReader): Instruction[] {
  const instructions: Instruction[] = []
  while (!reader.done) instructions.push(readInstruction(reader))
  return instructions
}

function readInstruction(reader: ByteReader): Instruction {
  const offset = reader.position
  const first = reader.u8()
  const code = first >= 0xfc ? (first << 8) + reader.u32() : first
  const op = opcode(code)
  if (!op) throw new Error(`unsupported wasm instruction 0x${code.toString(16)}`)
  const base = { op, offset, value: 0 }
  switch (op.immediate) {
    case 'none':
      return base
    case 'block':
      return { ...base, block: reader.s32() }
    case 'index':
      return { ...base, value: reader.u32() }
    case 'index2':
    case 'callIndirect': {
      const value = reader.u32()
      return { ...base, value, lane: reader.u32() }
    }
    case 'byte':
    case 'refType':
    case 'lane':
      return { ...base, value: reader.u8() }
    case 'memarg':
      reader.u32()
      return { ...base, value: reader.u32() }
    case 'memarg+lane': {
      reader.u32()
      const value = reader.u32()
      return { ...base, value, lane: reader.u8() }
    }
    case 'brTable': {
      const count = reader.u32()
      const targets: number[] = []
      for (let index = 0; index <= count; index++) targets.push(reader.u32())
      return { ...base, targets }
    }
    case 'selectTypes': {
      let type: ValueType = 'i32'
      for (let count = reader.u32(); count > 0; count--) type = valueType(reader.u8())
      return { ...base, type }
    }
    case 'i32':
      return { ...base, value: reader.s32() }
    case 'f32':
      return { ...base, value: reader.f32Bits() }
    case 'i64':
      return { ...base, wide: reader.s64() }
    case 'f64':
      return { ...base, wide: reader.f64Bits() }
    case 'v128':
    case 'lanes16':
      return { ...base, bytes: reader.take(16) }
  }
}
