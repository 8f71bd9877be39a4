/** A wasm value type that the compiler handles. `ref` is a function reference or an external reference. */
export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'ref'

export interface FunctionType {
  readonly params: readonly ValueType[]
  readonly results: readonly ValueType[]
}

const valueTypes: Record<number, ValueType> = {
  0x7f: 'i32',
  0x7e: 'i64',
  0x7d: 'f32',
  0x7c: 'f64',
  0x7b: 'v128',
  0x70: 'ref',
  0x6f: 'ref',
}

/** Turns the byte of the binary format into a value type. */
export function valueType(byte: number): ValueType {
  const type = valueTypes[byte]
  if (!type) throw new Error(`unsupported value type 0x${byte.toString(16)}`)
  return type
}

/** `(i32,i64)->f32`: the same text for the same type in every module. */
export function signatureText(type: FunctionType): string {
  return `(${type.params.join()})->${type.results.join()}`
}

/**
 * The number that `call_indirect` compares: FNV-1a of the signature's text, so that separately compiled objects agree.
 * Never 0, which marks an empty table entry.
 */
export function signatureId(type: FunctionType): number {
  let hash = 0x811c9dc5
  for (const char of signatureText(type)) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193)
  return hash | 0 || 1
}
