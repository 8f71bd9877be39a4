import type { DefinedSymbol, Relocation, Section, SectionKind } from '../object.ts'
import type { ModuleContext } from './lower/context.ts'
import type { WasmModule } from './reader/module.ts'
import { type FunctionType, signatureId } from './reader/types.ts'

/** A section while it grows. */
export class SectionBuilder {
  readonly kind: SectionKind
  readonly align: number
  readonly relocations: Relocation[] = []
  #bytes = new Uint8Array(256)
  #length = 0

  constructor(kind: SectionKind, align: number) {
    this.kind = kind
    this.align = align
  }

  get length(): number {
    return this.#length
  }

  /** Pads to `align` with `fill` and appends; returns the offset. */
  append(bytes: ArrayLike<number>, align: number, fill = 0): number {
    const offset = Math.ceil(this.#length / align) * align
    const end = offset + bytes.length
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2))
      grown.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = grown
    }
    this.#bytes.fill(fill, this.#length, offset)
    this.#bytes.set(bytes, offset)
    this.#length = end
    return offset
  }

  finish(): Section {
    const bytes = this.#bytes.slice(0, this.#length)
    return { kind: this.kind, align: this.align, bytes, size: bytes.length, relocations: this.relocations }
  }
}

export const TEXT = 0
export const RODATA = 1
export const DATA = 2

/** Names and read-only data that the functions of one module share. */
export class ObjectContext implements ModuleContext {
  readonly module: WasmModule
  readonly options: { readonly v3: boolean }
  readonly tableBase: number
  readonly memoryPagesSymbol = 'wasm.memory.pages'
  readonly tableSymbol = 'wasm.table'
  readonly sections: readonly SectionBuilder[] = [
    new SectionBuilder('text', 16),
    new SectionBuilder('rodata', 16),
    new SectionBuilder('data', 16),
  ]
  readonly symbols: DefinedSymbol[] = []
  readonly undefined: Set<string> = new Set()
  readonly helpers: Set<string> = new Set()
  readonly segments: Set<number> = new Set()
  readonly #functionSymbols: string[] = []
  readonly #globalSymbols: string[] = []
  readonly #constants = new Map<string, string>()
  #jumpTables = 0

  constructor(module: WasmModule, v3: boolean, tableBase: number) {
    this.module = module
    this.options = { v3 }
    this.tableBase = tableBase
    // A local name must not be the exported name of something else.
    const exported = new Map(module.exports.map(({ name, kind, index }) => [name, `${kind} ${index}`]))
    const taken = new Set<string>()
    const unique = (name: string, index: number): string => {
      const isTaken = taken.has(name) || (exported.has(name) && exported.get(name) !== `function ${index}`)
      const free = isTaken ? `${name}#${index}` : name
      taken.add(free)
      return free
    }
    for (const { name, index, imported } of module.functions) {
      this.#functionSymbols.push(imported ? `${imported.module}.${imported.name}` : unique(name, index))
    }
    for (const [index, { name, imported }] of module.globals.entries()) {
      const own = unique(`wasm.global.${name ?? index}`, index)
      this.#globalSymbols.push(imported ? `${imported.module}.${imported.name}` : own)
    }
  }

  functionSymbol(index: number): string {
    const symbol = this.#functionSymbols[index]!
    if (this.module.functions[index]!.imported) this.undefined.add(symbol)
    return symbol
  }

  globalSymbol(index: number): string {
    const symbol = this.#globalSymbols[index]!
    if (this.module.globals[index]!.imported) this.undefined.add(symbol)
    return symbol
  }

  constant(bytes: Uint8Array): string {
    const key = bytes.join()
    let symbol = this.#constants.get(key)
    if (!symbol) {
      symbol = `wasm.constant.${this.#constants.size}`
      this.#constants.set(key, symbol)
      this.define(symbol, RODATA, this.sections[RODATA]!.append(bytes, bytes.length), bytes.length, 'object')
    }
    return symbol
  }

  get tableSize(): number {
    const table = this.module.tables[0]
    const ends = this.module.elements.map(({ items, offset }) =>
      offset?.kind === 'number' ? Number(offset.value) + items.length : 0,
    )
    return Math.max(table?.min ?? 0, ...ends)
  }

  get memoryMaxPages(): number {
    return this.module.memories[0]?.max ?? 65_536
  }

  helper(name: string): string {
    this.helpers.add(name)
    return `wasm.helper.${name}`
  }

  dataSegment(index: number): { bytes: string; length: string } {
    this.segments.add(index)
    return { bytes: `wasm.segment.${index}`, length: `wasm.segment.${index}.length` }
  }

  newJumpTable(): string {
    return `wasm.jumps.${this.#jumpTables++}`
  }

  signature(type: FunctionType): number {
    return signatureId(type)
  }

  define(
    name: string,
    section: number,
    offset: number,
    size: number,
    type: DefinedSymbol['type'],
    binding: DefinedSymbol['binding'] = 'local',
  ): void {
    this.symbols.push({ name, section, offset, size, type, binding })
  }
}
