import type { Relocation, Section } from '../object.ts'
import { DATA, type ObjectContext, RODATA } from './context.ts'
import type { Constant } from './reader/module.ts'

/** What a module has besides code: globals, the function table, data segments. */

/** Globals become words of the data section. */
export function placeGlobals(context: ObjectContext): void {
  const section = context.sections[DATA]!
  for (const [index, { type, init, imported }] of context.module.globals.entries()) {
    if (imported) continue
    const size = type === 'v128' ? 16 : type === 'i64' || type === 'f64' || type === 'ref' ? 8 : 4
    const offset = section.append(initialBytes(context, init!, size), size)
    if (init?.kind === 'function') {
      const symbol = context.functionSymbol(init.index)
      section.relocations.push({ offset, kind: 'abs64', symbol, addend: 0 })
    }
    const name = context.globalSymbol(index)
    context.define(name, DATA, offset, size, 'object')
    for (const exported of context.module.exports) {
      if (exported.kind === 'global' && exported.index === index) {
        context.define(exported.name, DATA, offset, size, 'object', 'global')
      }
    }
  }
}

function initialBytes(context: ObjectContext, init: Constant, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  const value = numberOf(context, init)
  if (value instanceof Uint8Array) bytes.set(value)
  else if (size === 8) new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true)
  else new DataView(bytes.buffer).setInt32(0, Number(value), true)
  return bytes
}

/** The value of a constant expression; of an imported global only the linker knows it. */
function numberOf(context: ObjectContext, constant: Constant): number | bigint | Uint8Array {
  if (constant.kind === 'number') return constant.value
  if (constant.kind !== 'global') return 0
  const { init, imported } = context.module.globals[constant.index]!
  if (imported)
    throw new Error(`a constant depends on the imported global ${imported.module}.${imported.name}`)
  return numberOf(context, init!)
}

/** The function table: 8 bytes an entry, code address and signature; 0 where there is no function. */
export function placeTable(context: ObjectContext): void {
  const { module, tableBase, tableSize } = context
  if (module.tables[0]?.imported) throw new Error('an imported function table is not supported')
  const bytes = new Uint8Array(Math.max(tableSize - tableBase, 0) * 8)
  const view = new DataView(bytes.buffer)
  const relocations: Relocation[] = []
  for (const { offset, items, table } of module.elements) {
    if (!offset || table !== 0) continue
    const start = Number(numberOf(context, offset)) - tableBase
    for (const [index, item] of items.entries()) {
      if (item.kind !== 'function') continue
      const at = (start + index) * 8
      relocations.push({ offset: at, kind: 'abs32', symbol: context.functionSymbol(item.index), addend: 0 })
      view.setInt32(at + 4, context.signature(module.functions[item.index]!.type), true)
    }
  }
  const section = context.sections[RODATA]!
  const placed = section.append(bytes, 16)
  for (const relocation of relocations)
    section.relocations.push({ ...relocation, offset: relocation.offset + placed })
  context.define(context.tableSymbol, RODATA, placed, bytes.length, 'object')
}

/** The size of the memory in pages, for memory.size and memory.grow. */
export function placeMemorySize(context: ObjectContext): void {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, context.module.memories[0]?.min ?? 0, true)
  context.define(context.memoryPagesSymbol, DATA, context.sections[DATA]!.append(bytes, 4), 4, 'object')
}

/** Passive segments that the code names: the bytes are read-only data, the length a word that data.drop clears. */
export function placePassiveSegments(context: ObjectContext): void {
  for (const index of context.segments) {
    const { bytes, offset } = context.module.data[index]!
    const symbols = context.dataSegment(index)
    const at = context.sections[RODATA]!.append(bytes, 16)
    context.define(symbols.bytes, RODATA, at, bytes.length, 'object')
    // An active segment counts as dropped once the module is loaded.
    const length = new Uint8Array(8)
    new DataView(length.buffer).setUint32(0, offset ? 0 : bytes.length, true)
    context.define(symbols.length, DATA, context.sections[DATA]!.append(length, 8), 8, 'object')
  }
}

/** Active segments stand at the addresses that they name. */
export function dataSections(context: ObjectContext): Section[] {
  const pieces = context.module.data
    .filter(({ offset, bytes }) => offset && bytes.length > 0)
    .map(({ offset, bytes }) => ({ address: Number(numberOf(context, offset!)) >>> 0, bytes }))
  const sections: Section[] = []
  for (const { address, bytes } of pieces) {
    sections.push({ kind: 'data', align: 1, bytes, size: bytes.length, relocations: [], address })
  }
  return sections
}
