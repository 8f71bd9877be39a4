/** Value types of WebAssembly, and their encodings (core specification 5.3). */

export type Int = 'i32' | 'i64'
export type ValType = Int | 'f32' | 'f64' | 'v128'

export const valTypeCodes: Record<ValType, number> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
}

/** Parameters and results of a function. */
export interface FuncType {
  params: readonly ValType[]
  results: readonly ValType[]
}

/** Index of a function in its module, with its type, so that calls can be checked where they are written. */
export interface FunctionRef extends FuncType {
  index: number
}
