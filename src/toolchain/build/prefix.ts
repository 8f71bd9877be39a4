import type { ObjectFile } from '../object.ts'

/**
 * The object with `prefix.` before its global names, so that the kernel's `send` becomes the `kernel.send` that an
 * application imports, and two `main` do not meet.
 */
export function withPrefix(object: ObjectFile, prefix: string): ObjectFile {
  const globals = new Set(object.symbols.filter(({ binding }) => binding === 'global').map(({ name }) => name))
  const rename = (name: string): string => (globals.has(name) ? `${prefix}.${name}` : name)
  return {
    ...object,
    sections: object.sections.map((section) => ({
      ...section,
      relocations: section.relocations.map((each) =>
        globals.has(each.symbol) ? { ...each, symbol: rename(each.symbol) } : each,
      ),
    })),
    symbols: object.symbols.map((symbol) =>
      symbol.binding === 'global' ? { ...symbol, name: rename(symbol.name) } : symbol,
    ),
    functions: object.functions.map((each) => ({ ...each, symbol: rename(each.symbol) })),
  }
}

/**
 * The object with all its static memory reserved. The optimiser drops what is zero from the data segments, so the
 * segments alone do not tell how far it reaches.
 */
export function withStaticMemory(object: ObjectFile, start: number, end: number): ObjectFile {
  const bss = { kind: 'bss', align: 16, bytes: new Uint8Array(0), size: end - start, relocations: [], address: start } as const
  return { ...object, sections: [...object.sections, bss] }
}
