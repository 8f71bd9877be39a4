import type { FunctionType, ValueType } from './types.ts'

/** A constant expression: the initial value of a global, an offset, or an element of a table. */
export type Constant =
  | { readonly kind: 'number'; readonly type: ValueType; readonly value: number | bigint | Uint8Array }
  | { readonly kind: 'global'; readonly index: number }
  | { readonly kind: 'function'; readonly index: number }
  | { readonly kind: 'null' }

export interface ImportName {
  readonly module: string
  readonly name: string
}

export interface WasmFunction {
  readonly index: number
  readonly type: FunctionType
  /** Name for people: from the name section, else from an export or import, else `func[12]`. */
  name: string
  readonly imported?: ImportName
  /** Byte range of locals and code in the module, for functions that are not imported. */
  readonly body?: { readonly start: number; readonly end: number }
}

export interface WasmGlobal {
  readonly type: ValueType
  readonly mutable: boolean
  readonly init?: Constant
  readonly imported?: ImportName
  name?: string
}

/** Sizes in pages of 64 KiB for a memory, in entries for a table. */
export interface Limits {
  readonly min: number
  readonly max: number | undefined
  readonly shared: boolean
  readonly imported?: ImportName
}

export interface ElementSegment {
  readonly table: number
  /** Absent for passive and declarative segments. */
  readonly offset?: Constant
  readonly items: readonly Constant[]
}

export interface DataSegment {
  /** Absent for passive segments. */
  readonly offset?: Constant
  readonly bytes: Uint8Array
}

export interface WasmExport {
  readonly name: string
  readonly kind: 'function' | 'table' | 'memory' | 'global'
  readonly index: number
}

/** A wasm module as its sections say, with function bodies not yet decoded. */
export interface WasmModule {
  readonly bytes: Uint8Array
  readonly types: FunctionType[]
  readonly functions: WasmFunction[]
  readonly tables: Limits[]
  readonly memories: Limits[]
  readonly globals: WasmGlobal[]
  readonly exports: WasmExport[]
  readonly elements: ElementSegment[]
  readonly data: DataSegment[]
  start: number | undefined
  /** The `sourceMappingURL` custom section, if there is one. */
  sourceMapUrl: string | undefined
}
