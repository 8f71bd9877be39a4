import { ByteReader } from './bytes.ts'
import type { Constant, ImportName, Limits, WasmExport, WasmModule } from './module.ts'
import { type ValueType, valueType } from './types.ts'

type SectionReader = (reader: ByteReader, module: WasmModule) => void

/** Section readers by section id (WebAssembly core specification, §5.5.2); 10 is the code section. */
const readers: Record<number, SectionReader> = {
  0: readCustom,
  1: readTypes,
  2: readImports,
  3: readFunctions,
  4: readTables,
  5: readMemories,
  6: readGlobals,
  7: readExports,
  8: (reader, module) => {
    module.start = reader.u32()
  },
  9: readElements,
  10: readCode,
  11: readData,
  12: () => {},
}

/**
 * Reads the sections of a wasm module.
 * @throws Error when the bytes are not a wasm module of version 1 or use a section that is not known.
 */
export function readModule(bytes: Uint8Array): WasmModule {
  const reader = new ByteReader(bytes)
  const magic = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
  if (bytes.length < 8 || magic.some((byte, index) => bytes[index] !== byte))
    throw new Error('not a wasm module')
  reader.position = 8
  const module: WasmModule = {
    bytes,
    types: [],
    functions: [],
    tables: [],
    memories: [],
    globals: [],
    exports: [],
    elements: [],
    data: [],
    start: undefined,
    sourceMapUrl: undefined,
  }
  while (!reader.done) {
    const id = reader.u8()
    const size = reader.u32()
    const read = readers[id]
    if (!read) throw new Error(`unknown wasm section ${id}`)
    const section = new ByteReader(bytes, reader.position, reader.position + size)
    read(section, module)
    reader.position = section.end
  }
  nameTheNameless(module)
  return module
}

function vector(reader: ByteReader, read: (index: number) => void): void {
  const count = reader.u32()
  for (let index = 0; index < count; index++) read(index)
}

function readTypes(reader: ByteReader, module: WasmModule): void {
  vector(reader, () => {
    if (reader.u8() !== 0x60) throw new Error('only function types are supported')
    const params: ValueType[] = []
    const results: ValueType[] = []
    vector(reader, () => params.push(valueType(reader.u8())))
    vector(reader, () => results.push(valueType(reader.u8())))
    module.types.push({ params, results })
  })
}

function readLimits(reader: ByteReader, imported?: ImportName): Limits {
  const flags = reader.u8()
  if (flags > 3) throw new Error('64-bit memories and tables are not supported')
  const min = reader.u32()
  const max = flags & 1 ? reader.u32() : undefined
  return { min, max, shared: (flags & 2) !== 0, ...(imported && { imported }) }
}

function readImports(reader: ByteReader, module: WasmModule): void {
  vector(reader, () => {
    const imported: ImportName = { module: reader.name(), name: reader.name() }
    const kind = reader.u8()
    if (kind === 0) {
      const type = module.types[reader.u32()]!
      const name = `${imported.module}.${imported.name}`
      module.functions.push({ index: module.functions.length, type, name, imported })
    } else if (kind === 1) {
      valueType(reader.u8())
      module.tables.push(readLimits(reader, imported))
    } else if (kind === 2) {
      module.memories.push(readLimits(reader, imported))
    } else if (kind === 3) {
      module.globals.push({ type: valueType(reader.u8()), mutable: reader.u8() === 1, imported })
    } else throw new Error(`unsupported kind of import ${kind}`)
  })
}

function readFunctions(reader: ByteReader, module: WasmModule): void {
  vector(reader, () => {
    const type = module.types[reader.u32()]!
    // readCode replaces the body.
    module.functions.push({ index: module.functions.length, type, name: '', body: { start: 0, end: 0 } })
  })
}

function readTables(reader: ByteReader, module: WasmModule): void {
  vector(reader, () => {
    valueType(reader.u8())
    module.tables.push(readLimits(reader))
  })
}

function readMemories(reader: ByteReader, module: WasmModule): void {
  vector(reader, () => module.memories.push(readLimits(reader)))
}

function readGlobals(reader: ByteReader, module: WasmModule): void {
  vector(reader, () => {
    const type = valueType(reader.u8())
    const mutable = reader.u8() === 1
    module.globals.push({ type, mutable, init: readConstant(reader) })
  })
}

const exportKinds = ['function', 'table', 'memory', 'global'] as const

function readExports(reader: ByteReader, module: WasmModule): void {
  vector(reader, () => {
    const name = reader.name()
    const kind: WasmExport['kind'] | undefined = exportKinds[reader.u8()]
    if (!kind) throw new Error(`unsupported kind of export "${name}"`)
    module.exports.push({ name, kind, index: reader.u32() })
  })
}

/** Reads a constant expression up to and including its `end`. */
function readConstant(reader: ByteReader): Constant {
  const code = reader.u8()
  const constant = readConstantInstruction(reader, code)
  if (reader.u8() !== 0x0b) throw new Error('extended constant expressions are not supported')
  return constant
}

function readConstantInstruction(reader: ByteReader, code: number): Constant {
  switch (code) {
    case 0x41:
      return { kind: 'number', type: 'i32', value: reader.s32() }
    case 0x42:
      return { kind: 'number', type: 'i64', value: reader.s64() }
    case 0x43:
      return { kind: 'number', type: 'f32', value: reader.f32Bits() }
    case 0x44:
      return { kind: 'number', type: 'f64', value: reader.f64Bits() }
    case 0x23:
      return { kind: 'global', index: reader.u32() }
    case 0xd2:
      return { kind: 'function', index: reader.u32() }
    case 0xd0:
      reader.u8()
      return { kind: 'null' }
    case 0xfd:
      if (reader.u32() === 0x0c) return { kind: 'number', type: 'v128', value: reader.take(16) }
  }
  throw new Error(`unsupported constant expression 0x${code.toString(16)}`)
}

/** Flags of an element segment: 1 passive or declarative, 2 explicit table (or declarative), 4 expressions. */
function readElements(reader: ByteReader, module: WasmModule): void {
  vector(reader, () => {
    const flags = reader.u32()
    const active = (flags & 1) === 0
    const table = active && flags & 2 ? reader.u32() : 0
    const offset = active ? readConstant(reader) : undefined
    if (flags & 3) reader.u8()
    const items: Constant[] = []
    vector(reader, () => {
      items.push(flags & 4 ? readConstant(reader) : { kind: 'function', index: reader.u32() })
    })
    module.elements.push({ table, items, ...(offset && { offset }) })
  })
}

function readCode(reader: ByteReader, module: WasmModule): void {
  const firstDefined = module.functions.findIndex((each) => each.body)
  vector(reader, (index) => {
    const size = reader.u32()
    const body = { start: reader.position, end: reader.position + size }
    const declared = module.functions[firstDefined + index]!
    module.functions[firstDefined + index] = { ...declared, body }
    reader.position += size
  })
}

/** Flags of a data segment: 1 passive, 2 explicit memory. */
function readData(reader: ByteReader, module: WasmModule): void {
  vector(reader, () => {
    const flags = reader.u32()
    if (flags & 2) reader.u32()
    const offset = flags & 1 ? undefined : readConstant(reader)
    const bytes = reader.take(reader.u32())
    module.data.push({ bytes, ...(offset && { offset }) })
  })
}

function readCustom(reader: ByteReader, module: WasmModule): void {
  const name = reader.name()
  if (name === 'sourceMappingURL') module.sourceMapUrl = reader.name()
  if (name !== 'name') return
  while (!reader.done) {
    const id = reader.u8()
    const end = reader.u32() + reader.position
    // Subsections: 1 function names, 7 global names.
    if (id === 1 || id === 7) {
      vector(reader, () => {
        const target = (id === 1 ? module.functions : module.globals)[reader.u32()]
        const given = reader.name()
        if (target) target.name = given
      })
    }
    reader.position = end
  }
}

function nameTheNameless(module: WasmModule): void {
  for (const { kind, index, name } of module.exports) {
    const target = kind === 'function' ? module.functions[index] : undefined
    if (target && !target.name) target.name = name
  }
  for (const target of module.functions) target.name ||= `func[${target.index}]`
}
