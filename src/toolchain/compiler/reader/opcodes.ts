import { atomicOpcodes } from './opcodes-atomic.ts'
import { simdOpcodes } from './opcodes-simd.ts'
import type { ValueType } from './types.ts'

/** How the bytes after an opcode are read (WebAssembly core specification, §5.4). */
export type Immediate =
  | 'none'
  | 'block'
  | 'index'
  | 'index2'
  | 'memarg'
  | 'memarg+lane'
  | 'lane'
  | 'lanes16'
  | 'brTable'
  | 'callIndirect'
  | 'selectTypes'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'v128'
  | 'refType'
  | 'byte'

export interface Opcode {
  readonly name: string
  readonly immediate: Immediate
  /** Operand types of numeric and memory instructions; empty for those whose types depend on the context. */
  readonly params: readonly ValueType[]
  readonly result: ValueType | null
}

const control: Record<number, [name: string, immediate: Immediate]> = {
  0x00: ['unreachable', 'none'],
  0x01: ['nop', 'none'],
  0x02: ['block', 'block'],
  0x03: ['loop', 'block'],
  0x04: ['if', 'block'],
  0x05: ['else', 'none'],
  0x0b: ['end', 'none'],
  0x0c: ['br', 'index'],
  0x0d: ['br_if', 'index'],
  0x0e: ['br_table', 'brTable'],
  0x0f: ['return', 'none'],
  0x10: ['call', 'index'],
  0x11: ['call_indirect', 'callIndirect'],
  0x1a: ['drop', 'none'],
  0x1b: ['select', 'none'],
  0x1c: ['select', 'selectTypes'],
  0x20: ['local.get', 'index'],
  0x21: ['local.set', 'index'],
  0x22: ['local.tee', 'index'],
  0x23: ['global.get', 'index'],
  0x24: ['global.set', 'index'],
  0x3f: ['memory.size', 'byte'],
  0x40: ['memory.grow', 'byte'],
  0x41: ['i32.const', 'i32'],
  0x42: ['i64.const', 'i64'],
  0x43: ['f32.const', 'f32'],
  0x44: ['f64.const', 'f64'],
  0xd0: ['ref.null', 'refType'],
  0xd1: ['ref.is_null', 'none'],
  0xd2: ['ref.func', 'index'],
}

const memory = `i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u i64.load8_s
  i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u i32.store i64.store f32.store f64.store i32.store8
  i32.store16 i64.store8 i64.store16 i64.store32`

const integerCompare = 'eqz eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u'
const floatCompare = 'eq ne lt gt le ge'
const integerArithmetic = `clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr`
const floatArithmetic = 'abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign'

const of = (type: string, names: string): string => names.replaceAll(/\S+/g, `${type}.$&`)

const numeric = [
  of('i32', integerCompare),
  of('i64', integerCompare),
  of('f32', floatCompare),
  of('f64', floatCompare),
  of('i32', integerArithmetic),
  of('i64', integerArithmetic),
  of('f32', floatArithmetic),
  of('f64', floatArithmetic),
  of('i32', 'wrap_i64 trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u'),
  of('i64', 'extend_i32_s extend_i32_u trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u'),
  of('f32', 'convert_i32_s convert_i32_u convert_i64_s convert_i64_u demote_f64'),
  of('f64', 'convert_i32_s convert_i32_u convert_i64_s convert_i64_u promote_f32'),
  'i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64',
  'i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s',
].join(' ')

const prefixed: [name: string, immediate: Immediate][] = [
  ...of('i32', 'trunc_sat_f32_s trunc_sat_f32_u trunc_sat_f64_s trunc_sat_f64_u').split(' '),
  ...of('i64', 'trunc_sat_f32_s trunc_sat_f32_u trunc_sat_f64_s trunc_sat_f64_u').split(' '),
].map((name) => [name, 'none'])
prefixed.push(
  ['memory.init', 'index2'],
  ['data.drop', 'index'],
  ['memory.copy', 'index2'],
  ['memory.fill', 'byte'],
)

const unary = /\.(clz|ctz|popcnt|abs|neg|ceil|floor|trunc|nearest|sqrt|extend(8|16|32)_s)$/
const compare = /\.(eq|ne|lt|gt|le|ge)(_[su])?$/
const conversion =
  /\.(?:wrap|trunc|trunc_sat|extend|convert|demote|promote|reinterpret)_([if](?:32|64))(?:_[su])?$/

function numericOpcode(name: string, immediate: Immediate = 'none'): Opcode {
  const type = name.slice(0, 3) as ValueType
  const from = conversion.exec(name)?.[1] as ValueType | undefined
  if (from) return { name, immediate, params: [from], result: type }
  if (name.endsWith('.eqz')) return { name, immediate, params: [type], result: 'i32' }
  if (unary.test(name)) return { name, immediate, params: [type], result: type }
  return { name, immediate, params: [type, type], result: compare.test(name) ? 'i32' : type }
}

function memoryOpcode(name: string): Opcode {
  const type = name.slice(0, 3) as ValueType
  if (name.includes('.store')) return { name, immediate: 'memarg', params: ['i32', type], result: null }
  return { name, immediate: 'memarg', params: ['i32'], result: type }
}

const bulk: Record<string, readonly ValueType[]> = {
  'memory.init': ['i32', 'i32', 'i32'],
  'memory.copy': ['i32', 'i32', 'i32'],
  'memory.fill': ['i32', 'i32', 'i32'],
  'data.drop': [],
}

const table: (Opcode | undefined)[] = []
for (const [code, [name, immediate]] of Object.entries(control)) {
  table[Number(code)] = { name, immediate, params: [], result: null }
}
for (const [index, name] of memory.split(/\s+/).entries()) table[0x28 + index] = memoryOpcode(name)
for (const [index, name] of numeric.split(/\s+/).entries()) table[0x45 + index] = numericOpcode(name)
for (const [index, [name, immediate]] of prefixed.entries()) {
  const params = bulk[name]
  table[0xfc00 + index] = params ? { name, immediate, params, result: null } : numericOpcode(name)
}
for (const [code, opcode] of simdOpcodes) table[0xfd00 + code] = opcode
for (const [code, opcode] of atomicOpcodes) table[0xfe00 + code] = opcode

/** Looks up an opcode; two-byte opcodes are `prefix << 8 | code`. `undefined`: not an instruction we know. */
export function opcode(code: number): Opcode | undefined {
  return table[code]
}
