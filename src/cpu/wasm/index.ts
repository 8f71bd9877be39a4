/** A small WebAssembly builder: typed expressions, structured statements, the binary format. */
export * from './types.ts'
export * from './expression.ts'
export * from './integer.ts'
export * from './memory.ts'
export * from './reinterpret.ts'
export { FunctionBuilder, type Label, type Variable } from './function.ts'
export { ModuleBuilder } from './module.ts'
export { Bytes, leb } from './bytes.ts'
