import type { WasmModule } from '../reader/module.ts'
import type { FunctionType } from '../reader/types.ts'

/** What code of a function may refer to outside of itself: names of symbols, and the constants it makes. */
export interface ModuleContext {
  readonly module: WasmModule
  readonly options: { readonly v3: boolean }
  functionSymbol(index: number): string
  globalSymbol(index: number): string
  /** Symbol of a read-only constant of 4, 8 or 16 bytes, aligned to its size. */
  constant(bytes: Uint8Array): string
  /** Symbol of the function table: entries of 8 bytes, `{ code address: u32, signature: u32 }`. */
  readonly tableSymbol: string
  readonly tableSize: number
  /** Index of the first entry that the table symbol points to. */
  readonly tableBase: number
  /** Symbol of the word that holds the size of the memory in pages. */
  readonly memoryPagesSymbol: string
  readonly memoryMaxPages: number
  /** Names a helper routine (see `emit/helpers.ts`) and makes sure it is in the object. */
  helper(name: string): string
  /** Symbol of a passive data segment and of the word that holds its present length. */
  dataSegment(index: number): { bytes: string; length: string }
  /** Symbol for a jump table of the function being compiled. */
  newJumpTable(): string
  signature(type: FunctionType): number
}
