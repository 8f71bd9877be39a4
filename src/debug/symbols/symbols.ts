/** From addresses to names and lines, and back: what tracer, stepper and debugger print beside a number. */
import { elfFunctions, isElf, readElf } from './elf.ts'
import { readLineRows, type LineRow } from './line-program.ts'
import { readSystemMap } from './system-map.ts'

export interface FunctionSymbol {
  /** As in the file: `~lib/onering/task/scheduler/wakeOne`. */
  readonly name: string
  readonly address: bigint
  /** Bytes; 0 when the file does not say: up to the next function then. */
  readonly size: number
}

export interface SourceLine {
  /** Path as the compiler wrote it. */
  readonly file: string
  /** From 1 on; column 0: unknown. */
  readonly line: number
  readonly column: number
}

/** What lies at an address, as far as it is known. */
export interface Place {
  readonly function: FunctionSymbol
  /** Bytes from the function's first. */
  readonly offset: number
  readonly source: SourceLine | null
}

/** A function without a size is not taken to be longer. */
const LONGEST_UNSIZED = 1n << 16n

export class Symbols {
  static readonly none: Symbols = new Symbols([], [])
  /** Ascending by address; of several names at one address the first global function's. */
  readonly functions: readonly FunctionSymbol[]
  readonly #rows: readonly LineRow[]
  readonly #places = new Map<bigint, Place | null>()

  constructor(functions: readonly FunctionSymbol[], rows: readonly LineRow[]) {
    this.functions = functions.toSorted((a, b) => compare(a.address, b.address) || b.size - a.size)
    this.#rows = ordered(rows)
  }

  /** Of an ELF file: .symtab and .debug_line. A file that is none, or is cut off, has no symbols. */
  static fromImage(image: Uint8Array): Symbols {
    if (!isElf(image)) return Symbols.none
    try {
      const elf = readElf(image)
      const lines = elf.sections.get('.debug_line')
      return new Symbols(elfFunctions(elf), lines ? readLineRows(lines) : [])
    } catch (error) {
      if (error instanceof RangeError) return Symbols.none
      throw error
    }
  }

  /** Of System.map, or of what `nm` prints. */
  static fromSystemMap(text: string): Symbols {
    return new Symbols(readSystemMap(text), [])
  }

  /** Both; where they overlap, this one's. */
  with(other: Symbols): Symbols {
    return new Symbols([...this.functions, ...other.functions], [...this.#rows, ...other.#rows])
  }

  get isEmpty(): boolean {
    return this.functions.length === 0
  }

  functionAt(address: bigint): FunctionSymbol | null {
    let index = lastAtOrBelow(this.functions, address)
    if (index < 0) return null
    // Of several that begin there, the longest comes first.
    while (index > 0 && this.functions[index - 1]!.address === this.functions[index]!.address) index--
    const found = this.functions[index]!
    const size = found.size > 0 ? BigInt(found.size) : LONGEST_UNSIZED
    return address - found.address < size ? found : null
  }

  lineAt(address: bigint): SourceLine | null {
    const index = lastAtOrBelow(this.#rows, address)
    const row = this.#rows[index]
    return row === undefined || row.file === '' || row.line === 0 ? null : row
  }

  /** Function and line; null when no function is known there. Remembered: traces ask for the same few addresses again and again. */
  at(address: bigint): Place | null {
    const known = this.#places.get(address)
    if (known !== undefined) return known
    const found = this.functionAt(address)
    const place =
      found === null
        ? null
        : { function: found, offset: Number(address - found.address), source: this.lineAt(address) }
    this.#places.set(address, place)
    return place
  }

  /** Functions of that name, whole or without its path: `~lib/onering/net/tcp/emit/sendSegment` or `sendSegment`. */
  find(name: string): FunctionSymbol[] {
    return this.functions.filter((each) => each.name === name || shortName(each.name) === name)
  }

  /** The first address of each run of code of a line; `file` is a path or the end of one. */
  addressesOf(file: string, line: number): bigint[] {
    const isThere = (row: LineRow | undefined): boolean =>
      row !== undefined && row.line === line && (row.file === file || row.file.endsWith(`/${file}`))
    return this.#rows
      .filter((row, i) => isThere(row) && !isThere(this.#rows[i - 1]))
      .map((row) => row.address)
  }
}

/** `~lib/onering/task/scheduler/wakeOne` → `wakeOne`; a generic's arguments keep their paths. */
export function shortName(name: string): string {
  const generic = name.indexOf('<')
  return name.slice(name.lastIndexOf('/', generic < 0 ? name.length : generic) + 1)
}

/** `wakeOne+0x12`, or null. */
export function describePlace(place: Place | null): string | null {
  if (place === null) return null
  const name = shortName(place.function.name)
  return place.offset === 0 ? name : `${name}+0x${place.offset.toString(16)}`
}

/** `scheduler.ts:12`, or null. */
export function describeLine(source: SourceLine | null): string | null {
  return source === null ? null : `${source.file.slice(source.file.lastIndexOf('/') + 1)}:${source.line}`
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Ascending; where one sequence ends and another begins at the same address, the beginning counts. */
function ordered(rows: readonly LineRow[]): LineRow[] {
  return rows.toSorted(
    (a, b) => compare(a.address, b.address) || Number(b.file === '') - Number(a.file === ''),
  )
}

/** Index of the last entry whose address is not above, or -1. */
function lastAtOrBelow(entries: readonly { readonly address: bigint }[], address: bigint): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (entries[middle]!.address <= address) low = middle + 1
    else high = middle
  }
  return low - 1
}
