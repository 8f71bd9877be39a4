/** Builds one module: imports, functions, one imported memory, one table, exports. Emits the binary format directly. */
import { Bytes, signedLeb } from './bytes.ts'
import { FunctionBuilder } from './function.ts'
import { valTypeCodes, type FuncType, type FunctionRef } from './types.ts'

interface Import extends FuncType {
  module: string
  name: string
}

interface DefinedFunction extends FunctionRef {
  body: Bytes | null
}

function vector<T>(body: Bytes, items: readonly T[], emit: (item: T) => void): void {
  if (items.length === 0) return
  body.u32(items.length)
  for (const item of items) emit(item)
}

export class ModuleBuilder {
  readonly #types: { key: string; type: FuncType }[] = []
  readonly #typeIndexes = new Map<string, number>()
  readonly #imports: Import[] = []
  readonly #functions: DefinedFunction[] = []
  readonly #exports: { name: string; kind: number; index: number }[] = []
  readonly #elements: { offset: number; functions: readonly FunctionRef[] }[] = []
  readonly #custom: { name: string; bytes: Uint8Array }[] = []
  #memory: { module: string; name: string } | null = null
  #table: { module: string; name: string; minimum: number } | null = null

  #typeIndex = (type: FuncType): number => {
    const key = `${type.params.join()}>${type.results.join()}`
    let index = this.#typeIndexes.get(key)
    if (index === undefined) {
      index = this.#types.push({ key, type }) - 1
      this.#typeIndexes.set(key, index)
    }
    return index
  }

  /** The memory that every load and store means. */
  importMemory(module: string, name: string): void {
    this.#memory = { module, name }
  }

  /** The table of `returnCallIndirect`; at least `minimum` entries. */
  importTable(module: string, name: string, minimum: number): void {
    this.#table = { module, name, minimum }
  }

  /** All imports come before the first function, which fixes their indexes. */
  importFunction(module: string, name: string, type: FuncType): FunctionRef {
    if (this.#functions.length > 0) throw new Error('import functions before defining any')
    this.#typeIndex(type)
    const index = this.#imports.push({ module, name, ...type }) - 1
    return { index, ...type }
  }

  /** A function to be defined later, so that others can call it. */
  declare(type: FuncType): FunctionRef {
    this.#typeIndex(type)
    const index = this.#imports.length + this.#functions.length
    const ref = { index, ...type, body: null }
    this.#functions.push(ref)
    return ref
  }

  /** `recycle`: see FunctionBuilder. */
  define(ref: FunctionRef, build: (f: FunctionBuilder) => void, recycle = false): void {
    const f = new FunctionBuilder(ref, this.#typeIndex, recycle)
    build(f)
    const slot = this.#functions[ref.index - this.#imports.length]
    if (!slot || slot.body) throw new Error('declare a function once, define it once')
    slot.body = f.finish()
  }

  function(type: FuncType, build: (f: FunctionBuilder) => void): FunctionRef {
    const ref = this.declare(type)
    this.define(ref, build)
    return ref
  }

  exportFunction(name: string, ref: FunctionRef): void {
    this.#exports.push({ name, kind: 0, index: ref.index })
  }

  /** Fills the table from `offset` on when the module is instantiated. */
  elements(offset: number, functions: readonly FunctionRef[]): void {
    this.#elements.push({ offset, functions })
  }

  customSection(name: string, bytes: Uint8Array): void {
    this.#custom.push({ name, bytes })
  }

  /** The binary module. Throws when a declared function has no body. */
  build(): Uint8Array<ArrayBuffer> {
    const out = new Bytes()
    out.append([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00])
    const section = (id: number, fill: (body: Bytes) => void): void => {
      const body = new Bytes()
      fill(body)
      if (body.length === 0) return
      out.u8(id)
      out.sized(body)
    }
    const functionTypes = this.#functions.map((f) => this.#typeIndex(f))
    section(1, (body) =>
      vector(body, this.#types, ({ type }) => {
        body.u8(0x60)
        for (const list of [type.params, type.results]) {
          body.u32(list.length)
          for (const item of list) body.u8(valTypeCodes[item])
        }
      }),
    )
    section(2, (body) => this.#emitImports(body))
    section(3, (body) => vector(body, functionTypes, (index) => body.u32(index)))
    section(7, (body) =>
      vector(body, this.#exports, ({ name, kind, index }) => {
        body.name(name)
        body.u8(kind)
        body.u32(index)
      }),
    )
    section(9, (body) =>
      vector(body, this.#elements, ({ offset, functions }) => {
        body.append([0x00, 0x41])
        body.append(signedLeb(offset))
        body.u8(0x0b)
        body.u32(functions.length)
        for (const ref of functions) body.u32(ref.index)
      }),
    )
    section(10, (body) =>
      vector(body, this.#functions, (f) => {
        if (!f.body) throw new Error(`function ${f.index} has no body`)
        body.sized(f.body)
      }),
    )
    for (const { name, bytes } of this.#custom)
      section(0, (body) => {
        body.name(name)
        body.append(bytes)
      })
    return out.copy()
  }

  #emitImports(body: Bytes): void {
    body.u32(this.#imports.length + (this.#memory ? 1 : 0) + (this.#table ? 1 : 0))
    for (const { module, name, ...type } of this.#imports) {
      body.name(module)
      body.name(name)
      body.u8(0)
      body.u32(this.#typeIndex(type))
    }
    if (this.#memory) {
      body.name(this.#memory.module)
      body.name(this.#memory.name)
      body.append([2, 0, 0])
    }
    if (this.#table) {
      body.name(this.#table.module)
      body.name(this.#table.name)
      body.append([1, 0x70, 0])
      body.u32(this.#table.minimum)
    }
  }
}
