/** Entry code is written in pieces: one routine, table or reserved block each. */
import { Assembler, symbol } from '../../isa/index.ts'
import type { DefinedSymbol, FunctionInfo, ObjectFile, Section, SectionKind } from '../object.ts'

export interface Piece {
  readonly section: Section
  readonly symbols: readonly { readonly name: string; readonly offset: number }[]
}

/** Binds a global name to the current place. */
export type Define = (name: string) => void

function piece(kind: SectionKind, align: number, write: (asm: Assembler, define: Define) => void): Piece {
  const asm = new Assembler()
  const symbols: { name: string; offset: number }[] = []
  write(asm, (name) => void symbols.push({ name, offset: asm.offset }))
  const { bytes, relocations } = asm.finish()
  return { section: { kind, align, bytes, size: bytes.length, relocations }, symbols }
}

/** Machine code that begins with `name`. */
export function routine(name: string, write: (asm: Assembler, define: Define) => void): Piece {
  return piece('text', 16, (asm, define) => {
    define(name)
    write(asm, define)
  })
}

/** The same on a boundary of `align` bytes. */
export function alignedRoutine(name: string, align: number, write: (asm: Assembler) => void): Piece {
  return piece('text', align, (asm, define) => {
    define(name)
    write(asm)
  })
}

/** A name for the start of a page of code. */
export function marker(name: string): Piece {
  return piece('text', 4096, (_asm, define) => define(name))
}

/** Constant data. */
export function table(name: string, write: (asm: Assembler) => void, align = 16): Piece {
  return piece('rodata', align, (asm, define) => {
    define(name)
    write(asm)
  })
}

/** `size` zero bytes. */
export function reserve(name: string, size: number, align: number): Piece {
  const section: Section = { kind: 'bss', align, bytes: new Uint8Array(0), size, relocations: [] }
  return { section, symbols: [{ name, offset: 0 }] }
}

/** A function that returns the address or number that `target` stands for. */
export function constantFunction(name: string, target: string | number): Piece {
  return routine(name, (asm) => {
    // Written as MOV EAX, imm32, which zero-extends.
    asm.bytes(0xb8).u32(typeof target === 'string' ? symbol(target) : target)
    asm.emit('ret')
  })
}

/** The pieces as one object for the linker. */
export function assemble(name: string, pieces: readonly Piece[]): ObjectFile {
  const symbols: DefinedSymbol[] = []
  const functions: FunctionInfo[] = []
  const wanted = new Set<string>()
  for (const [index, { section, symbols: names }] of pieces.entries()) {
    for (const [at, { name: symbolName, offset }] of names.entries()) {
      const size = (names[at + 1]?.offset ?? section.size) - offset
      const type = section.kind === 'text' ? 'function' : 'object'
      symbols.push({ name: symbolName, section: index, offset, size, type, binding: 'global' })
      if (section.kind !== 'text') continue
      functions.push({ name: symbolName, symbol: symbolName, section: index, offset, size, lines: [] })
    }
    for (const relocation of section.relocations) wanted.add(relocation.symbol)
  }
  for (const { name: defined } of symbols) wanted.delete(defined)
  const sections = pieces.map(({ section }) => section)
  return { name, sections, symbols, undefined: [...wanted], functions, files: [] }
}
