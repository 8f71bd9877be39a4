import type { FunctionInfo, LineRow, ObjectFile } from '../object.ts'
import { ObjectContext, TEXT, RODATA } from './context.ts'
import { dataSections, placeGlobals, placeMemorySize, placePassiveSegments, placeTable } from './data.ts'
import { type FunctionCode, emitFunction } from './emit/function.ts'
import { emitHelper } from './emit/helpers.ts'
import { lowerFunction } from './lower/function.ts'
import { isIntrinsic } from './lower/intrinsics.ts'
import { optimize } from './passes/optimize.ts'
import type { WasmFunction } from './reader/module.ts'
import { readModule } from './reader/sections.ts'
import { SourceMap } from './reader/source-map.ts'
import { allocate } from './regalloc/linear-scan.ts'
import { findLives } from './regalloc/liveness.ts'
import { Placement } from './regalloc/resolve.ts'
import { buildGraph } from './ssa/build.ts'

export interface CompileOptions {
  /** Name of the object, for messages. Default "wasm". */
  readonly name?: string
  /** `v2` (default): nothing beyond SSE4.2 and POPCNT; `v3`: LZCNT and TZCNT too. */
  readonly cpu?: 'v2' | 'v3'
  /** Index of the first entry of the function table that the module fills (asc `--tableBase`). Default 0. */
  readonly tableBase?: number
  /** Text of the source map, as asc writes it; without it line rows have wasm offsets only. */
  readonly sourceMap?: string
}

/** A module, or a function in it, that the compiler cannot translate. */
export class CompileError extends Error {
  override name = 'CompileError'
}

/**
 * Compiles a wasm module ahead of time to x86-64 machine code.
 *
 * Linear memory is the address space: a wasm address is a virtual address, without bounds check; data segments stand
 * at the addresses they name. Imports of module `cpu` become instructions, other imports undefined symbols
 * `module.name`; exports become global symbols, the start function `<object name>.start`.
 *
 * @param wasm a valid module; validity is not checked
 * @throws CompileError that names the function and what in it is not supported
 */
export function compile(wasm: Uint8Array, options: CompileOptions = {}): ObjectFile {
  const name = options.name ?? 'wasm'
  const module = readModule(wasm)
  const context = new ObjectContext(module, options.cpu === 'v3', options.tableBase ?? 0)
  const map = options.sourceMap === undefined ? undefined : new SourceMap(options.sourceMap)
  const functions: FunctionInfo[] = []
  for (const each of module.functions) {
    if (each.imported?.module === 'cpu' && !isIntrinsic(each.imported.name)) {
      throw new CompileError(`${name}: there is no instruction cpu.${each.imported.name}`)
    }
    if (each.body) functions.push(placeFunction(context, each, compileFunction(context, each), map))
  }
  placeGlobals(context)
  placeTable(context)
  placeMemorySize(context)
  placePassiveSegments(context)
  for (const helper of context.helpers) functions.push(placeHelper(context, helper))
  exportFunctions(context, functions, name)
  return {
    name,
    sections: [...context.sections.map((section) => section.finish()), ...dataSections(context)],
    symbols: context.symbols,
    undefined: [...context.undefined],
    functions,
    files: map?.files ?? [],
  }
}

function compileFunction(context: ObjectContext, wasmFunction: WasmFunction): FunctionCode {
  try {
    const graph = buildGraph(context.module, wasmFunction)
    optimize(graph)
    const machine = lowerFunction(graph, wasmFunction.type, context)
    const lives = findLives(machine)
    const allocation = allocate(machine, lives)
    const placement = new Placement(machine, allocation, lives)
    return emitFunction(machine, allocation, placement, context, wasmFunction.body!.start)
  } catch (error) {
    throw new CompileError(`${wasmFunction.name}: ${(error as Error).message}`, { cause: error })
  }
}

function placeFunction(
  context: ObjectContext,
  { index, name }: WasmFunction,
  { code, rows, jumpTables }: FunctionCode,
  map: SourceMap | undefined,
): FunctionInfo {
  const text = context.sections[TEXT]!
  const offset = text.append(code.bytes, 16, 0xcc)
  for (const relocation of code.relocations)
    text.relocations.push({ ...relocation, offset: relocation.offset + offset })
  const symbol = context.functionSymbol(index)
  context.define(symbol, TEXT, offset, code.bytes.length, 'function')
  const rodata = context.sections[RODATA]!
  for (const table of jumpTables) {
    const at = rodata.append(new Uint8Array(table.offsets.length * 8), 8)
    for (const [entry, target] of table.offsets.entries()) {
      rodata.relocations.push({ offset: at + entry * 8, kind: 'abs64', symbol, addend: target })
    }
    context.define(table.symbol, RODATA, at, table.offsets.length * 8, 'object')
  }
  return { name, symbol, section: TEXT, offset, size: code.bytes.length, lines: lineRows(rows, map) }
}

function lineRows(rows: FunctionCode['rows'], map: SourceMap | undefined): LineRow[] {
  const lines: LineRow[] = []
  for (const { offset, at } of rows) {
    const found = map?.find(at)
    const row = {
      offset,
      wasmOffset: at,
      file: found?.file ?? -1,
      line: found?.line ?? 0,
      column: found?.column ?? 0,
    }
    const last = lines.at(-1)
    if (last && found && last.file === row.file && last.line === row.line && last.column === row.column)
      continue
    lines.push(row)
  }
  return lines
}

function placeHelper(context: ObjectContext, name: string): FunctionInfo {
  const code = emitHelper(name, context)
  const text = context.sections[TEXT]!
  const offset = text.append(code.bytes, 16, 0xcc)
  for (const relocation of code.relocations)
    text.relocations.push({ ...relocation, offset: relocation.offset + offset })
  const symbol = context.helper(name)
  context.define(symbol, TEXT, offset, code.bytes.length, 'function')
  return { name: symbol, symbol, section: TEXT, offset, size: code.bytes.length, lines: [] }
}

/** Exports and the start function are further names of functions. */
function exportFunctions(context: ObjectContext, functions: readonly FunctionInfo[], name: string): void {
  const bySymbol = new Map(functions.map((each) => [each.symbol, each]))
  const define = (exported: string, index: number): void => {
    if (context.module.functions[index]!.imported) return
    const symbol = context.functionSymbol(index)
    const { offset, size } = bySymbol.get(symbol)!
    // A local symbol of the same name is the same place.
    const known = context.symbols.findIndex((each) => each.name === exported)
    if (known >= 0 && exported === symbol) context.symbols.splice(known, 1)
    context.define(exported, TEXT, offset, size, 'function', 'global')
  }
  for (const each of context.module.exports) if (each.kind === 'function') define(each.name, each.index)
  if (context.module.start !== undefined) define(`${name}.start`, context.module.start)
}
