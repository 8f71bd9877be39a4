/** Loads and stores of the one memory. `offset` is the static offset, added to the address without wrapping. */
import { leb } from './bytes.ts'
import { Expr, type F32, type F64, type I32, type I64, type V128 } from './expression.ts'
import type { ValType } from './types.ts'

const loads = {
  'i32.load': [[0x28], 'i32'],
  'i64.load': [[0x29], 'i64'],
  'f32.load': [[0x2a], 'f32'],
  'f64.load': [[0x2b], 'f64'],
  'i32.load8_s': [[0x2c], 'i32'],
  'i32.load8_u': [[0x2d], 'i32'],
  'i32.load16_s': [[0x2e], 'i32'],
  'i32.load16_u': [[0x2f], 'i32'],
  'i64.load8_s': [[0x30], 'i64'],
  'i64.load8_u': [[0x31], 'i64'],
  'i64.load16_s': [[0x32], 'i64'],
  'i64.load16_u': [[0x33], 'i64'],
  'i64.load32_s': [[0x34], 'i64'],
  'i64.load32_u': [[0x35], 'i64'],
  'v128.load': [[0xfd, 0x00], 'v128'],
  'v128.load32_zero': [[0xfd, 0x5c], 'v128'],
  'v128.load64_zero': [[0xfd, 0x5d], 'v128'],
} as const

const stores = {
  'i32.store': [[0x36], 'i32'],
  'i64.store': [[0x37], 'i64'],
  'f32.store': [[0x38], 'f32'],
  'f64.store': [[0x39], 'f64'],
  'i32.store8': [[0x3a], 'i32'],
  'i32.store16': [[0x3b], 'i32'],
  'i64.store8': [[0x3c], 'i64'],
  'i64.store16': [[0x3d], 'i64'],
  'i64.store32': [[0x3e], 'i64'],
  'v128.store': [[0xfd, 0x0b], 'v128'],
} as const

export type LoadName = keyof typeof loads
export type StoreName = keyof typeof stores
type Loaded<N extends LoadName> = (typeof loads)[N][1]
type Stored<N extends StoreName> = (typeof stores)[N][1]

/** Alignment hint 0 (any address) and the offset. */
const memarg = (offset: number): number[] => [0, ...leb(offset)]

/** A load, evaluated where the expression is used: bind it with `FunctionBuilder.let` if stores may come between. */
export function load<N extends LoadName>(name: N, address: I32, offset = 0): Expr<Loaded<N>> {
  const [code, type] = loads[name]
  return new Expr<Loaded<N>>(type, [...code, ...memarg(offset)], [address])
}

/** The bytes of a store instruction, for `FunctionBuilder.store`. */
export function storeCode<N extends StoreName>(name: N, offset: number): { code: number[]; type: ValType } {
  const [code, type] = stores[name]
  return { code: [...code, ...memarg(offset)], type }
}

export type Storable<N extends StoreName> = Expr<Stored<N>>

export const loadI32 = (address: I32, offset = 0): I32 => load('i32.load', address, offset)
export const loadI64 = (address: I32, offset = 0): I64 => load('i64.load', address, offset)
export const loadF32 = (address: I32, offset = 0): F32 => load('f32.load', address, offset)
export const loadF64 = (address: I32, offset = 0): F64 => load('f64.load', address, offset)
export const loadV128 = (address: I32, offset = 0): V128 => load('v128.load', address, offset)
