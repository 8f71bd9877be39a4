/**
 * The object file: what the compiler and the entry code hand to the linker. Everything is plain data, so that an
 * object can be cached as JSON-like structure and linked anywhere.
 */

/** `text` is mapped RX, `rodata` R, `data` and `bss` RW. */
export type SectionKind = 'text' | 'rodata' | 'data' | 'bss'

/**
 * A run of bytes that the linker places as a whole.
 *
 * `address` pins the section: linear memory is the address space, so the data segments of a wasm module stand at the
 * addresses that the module names. A section without it goes wherever the linker likes, aligned to `align`.
 */
export interface Section {
  readonly kind: SectionKind
  /** Power of two. */
  readonly align: number
  /** Empty for `bss`. */
  readonly bytes: Uint8Array
  /** Bytes in memory; equals `bytes.length` except for `bss`. */
  readonly size: number
  readonly relocations: readonly Relocation[]
  /** Absolute virtual address of the first byte, if the section is pinned. */
  readonly address?: number
}

/**
 * `abs32`: S + A as 4 bytes that the processor zero-extends; `abs32s`: S + A as 4 bytes that it sign-extends, so it
 * must lie below 2 GiB; `abs64`: S + A as 8 bytes; `pc32`: S + A − P as a signed 4-byte value, where P is the address
 * of the field itself (the addend therefore usually is −4, as in ELF `R_X86_64_PC32`).
 */
export type RelocationKind = 'abs32' | 'abs32s' | 'abs64' | 'pc32'

export interface Relocation {
  /** Byte offset of the field in its section. */
  readonly offset: number
  readonly kind: RelocationKind
  /** Name of the symbol. */
  readonly symbol: string
  readonly addend: number
}

/** A name for a place in one of the object's sections. */
export interface DefinedSymbol {
  readonly name: string
  /** Index in `ObjectFile.sections`. */
  readonly section: number
  readonly offset: number
  readonly size: number
  readonly type: 'function' | 'object'
  /** A `local` name is visible in its own object only; two objects may use the same one. */
  readonly binding: 'local' | 'global'
}

/** From `offset` (relative to the function's start) on, the machine code belongs to this place in the source. */
export interface LineRow {
  readonly offset: number
  /** Byte offset in the wasm module. */
  readonly wasmOffset: number
  /** Index in `ObjectFile.files`, or −1 where the source map says nothing. */
  readonly file: number
  /** From 1; 0 where unknown. */
  readonly line: number
  /** From 1; 0 where unknown. */
  readonly column: number
}

export interface FunctionInfo {
  /** Name as in the wasm name section (`src/kernel/boot/start`), for backtraces and the symbol table. */
  readonly name: string
  /** The symbol that stands for it. */
  readonly symbol: string
  readonly section: number
  readonly offset: number
  readonly size: number
  /** Ascending by `offset`. */
  readonly lines: readonly LineRow[]
}

export interface ObjectFile {
  /** For messages: "kernel", "app", "entry". */
  readonly name: string
  readonly sections: readonly Section[]
  readonly symbols: readonly DefinedSymbol[]
  /** Names that another object must define. */
  readonly undefined: readonly string[]
  readonly functions: readonly FunctionInfo[]
  /** Source files that line rows refer to. */
  readonly files: readonly string[]
}
