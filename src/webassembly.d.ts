/** What this project uses of the WebAssembly JavaScript interface, which the ES library of TypeScript leaves to the DOM's. */
declare namespace WebAssembly {
  interface ImportDescriptor {
    module: string
    name: string
    kind: 'function' | 'table' | 'memory' | 'global'
  }
  type ExportValue = ((...args: never[]) => unknown) | Memory | Table | Global
  type Imports = Record<string, Record<string, unknown>>

  class Module {
    constructor(bytes: ArrayBufferView | ArrayBuffer)
    static customSections(module: Module, name: string): ArrayBuffer[]
    static imports(module: Module): ImportDescriptor[]
    static exports(module: Module): { name: string; kind: ImportDescriptor['kind'] }[]
  }
  class Instance {
    constructor(module: Module, imports?: Imports)
    readonly exports: Record<string, unknown>
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean })
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
  class Table {
    constructor(descriptor: { initial: number; maximum?: number; element: 'anyfunc' | 'externref' })
    readonly length: number
    get(index: number): unknown
    set(index: number, value: unknown): void
    grow(count: number): number
  }
  class Global {
    constructor(descriptor: { value: string; mutable?: boolean }, value?: unknown)
    value: unknown
  }
  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}

  function validate(bytes: ArrayBufferView | ArrayBuffer): boolean
  function compile(bytes: ArrayBufferView | ArrayBuffer): Promise<Module>
  function instantiate(module: Module, imports?: Imports): Promise<Instance>
}
