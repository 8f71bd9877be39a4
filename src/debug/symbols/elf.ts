/** What a debugger wants of an ELF file: its sections by name and its functions. System V ABI, gABI chapter 4; both classes, little-endian. */
import { ByteReader } from './reader.ts'
import type { FunctionSymbol } from './symbols.ts'

const ELFCLASS64 = 2
const ELFDATA2LSB = 1
const SHT_NOBITS = 8
const SHF_COMPRESSED = 0x800
const STT_NOTYPE = 0
const STT_FUNC = 2
const SHN_UNDEF = 0
const SHN_ABS = 0xfff1
const ELF_MAGIC = 0x464c457f

export interface ElfFile {
  readonly is64: boolean
  /** Those that have bytes in the file, by name. */
  readonly sections: ReadonlyMap<string, Uint8Array>
}

interface Section {
  readonly name: number
  readonly bytes: Uint8Array
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 64 && new ByteReader(bytes).u32() === ELF_MAGIC
}

/** Throws a RangeError when the file is cut off. Without section headers there are no sections. */
export function readElf(bytes: Uint8Array): ElfFile {
  const is64 = bytes[4] === ELFCLASS64
  const sections = new Map<string, Uint8Array>()
  if (bytes[5] !== ELFDATA2LSB) return { is64, sections }
  const header = new ByteReader(bytes, is64 ? 0x28 : 0x20)
  const tableAt = Number(header.word(is64))
  header.at = is64 ? 0x3a : 0x2e
  const [entryBytes, count, namesIndex] = [header.u16(), header.u16(), header.u16()]
  if (tableAt === 0) return { is64, sections }
  const headers = Array.from({ length: count }, (_, i) => readSection(bytes, tableAt + i * entryBytes, is64))
  const names = headers[namesIndex]
  if (!names) return { is64, sections }
  for (const { name, bytes: content } of headers)
    if (content.length > 0) sections.set(new ByteReader(names.bytes, name).text(), content)
  return { is64, sections }
}

function readSection(bytes: Uint8Array, at: number, is64: boolean): Section {
  const header = new ByteReader(bytes, at)
  const name = header.u32()
  const type = header.u32()
  const flags = Number(header.word(is64))
  header.word(is64)
  const offset = Number(header.word(is64))
  const size = Number(header.word(is64))
  const isEmpty = type === SHT_NOBITS || (flags & SHF_COMPRESSED) !== 0
  return { name, bytes: isEmpty ? new Uint8Array(0) : bytes.subarray(offset, offset + size) }
}

/** Functions, and labels of assembly, that have an address in the image. */
export function elfFunctions({ is64, sections }: ElfFile): FunctionSymbol[] {
  const table = sections.get('.symtab')
  const strings = sections.get('.strtab')
  if (!table || !strings) return []
  const entryBytes = is64 ? 24 : 16
  const functions: FunctionSymbol[] = []
  for (let at = entryBytes; at + entryBytes <= table.length; at += entryBytes) {
    const symbol = is64 ? symbol64(table, at) : symbol32(table, at)
    const type = symbol.info & 15
    if (type !== STT_FUNC && type !== STT_NOTYPE) continue
    if (symbol.section === SHN_UNDEF || symbol.section >= SHN_ABS || symbol.name === 0) continue
    const name = new ByteReader(strings, symbol.name).text()
    functions.push({ name, address: symbol.value, size: symbol.size })
  }
  return functions
}

interface RawSymbol {
  readonly name: number
  readonly info: number
  readonly section: number
  readonly value: bigint
  readonly size: number
}

function symbol64(table: Uint8Array, at: number): RawSymbol {
  const entry = new ByteReader(table, at)
  const name = entry.u32()
  const info = entry.u8()
  entry.skip(1)
  const section = entry.u16()
  return { name, info, section, value: entry.u64(), size: Number(entry.u64()) }
}

function symbol32(table: Uint8Array, at: number): RawSymbol {
  const entry = new ByteReader(table, at)
  const name = entry.u32()
  const value = BigInt(entry.u32())
  const size = entry.u32()
  const info = entry.u8()
  entry.skip(1)
  return { name, info, section: entry.u16(), value, size }
}
