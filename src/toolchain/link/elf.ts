/**
 * The ELF64 file (System V ABI, gABI chapters 4 and 5). Bytes up to `fileEnd` are memory as it will be; symbols and
 * debug sections follow and are never loaded.
 */
import { ByteWriter, StringTable } from './bytes.ts'
import { imageBase, pageSize, type Layout, type Segment } from './layout.ts'
import type { ImageSymbol } from './symbols.ts'

const headerBytes = 64
const programHeaderBytes = 56
const sectionHeaderBytes = 64
const symbolBytes = 24

const PT_LOAD = 1
const PT_NOTE = 4
const PF_X = 1
const PF_W = 2
const PF_R = 4
const SHT_PROGBITS = 1
const SHT_SYMTAB = 2
const SHT_STRTAB = 3
const SHT_NOBITS = 8
const SHF_WRITE = 1
const SHF_ALLOC = 2
const SHF_EXECINSTR = 4

/** Xen's note that holds the 32-bit entry of the PVH boot protocol. */
const XEN_ELFNOTE_PHYS32_ENTRY = 18

const MULTIBOOT_MAGIC = 0x1bad_b002
/** Modules on pages, tell about memory, and: the addresses below hold, whatever the file's format is. */
const MULTIBOOT_FLAGS = 1 | 2 | (1 << 16)

export interface ImageEntries {
  /** Physical addresses. */
  readonly pvh: number
  readonly multiboot?: number
}

function rights(kind: Segment['kind']): number {
  if (kind === 'text') return PF_R | PF_X
  return kind === 'rodata' ? PF_R : PF_R | PF_W
}

function pvhNote(entry: number): Uint8Array {
  const note = new ByteWriter().u32(4).u32(8).u32(XEN_ELFNOTE_PHYS32_ENTRY)
  return note.text('Xen').u64(entry).finish()
}

function multibootHeader(address: number, entry: number, layout: Layout): Uint8Array {
  const checksum = -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS) >>> 0
  const header = new ByteWriter().u32(MULTIBOOT_MAGIC).u32(MULTIBOOT_FLAGS).u32(checksum)
  return header.u32(address).u32(imageBase).u32(layout.fileEnd).u32(layout.memoryEnd).u32(entry).finish()
}

interface SectionHeader {
  readonly name: string
  readonly type: number
  readonly flags?: number
  readonly address?: number
  readonly offset: number
  readonly size: number
  readonly link?: number
  readonly info?: number
  readonly align?: number
  readonly entrySize?: number
}

function segmentSections(segments: readonly Segment[]): SectionHeader[] {
  return segments.map(({ name, kind, address, physical, size }) => ({
    name,
    type: kind === 'bss' ? SHT_NOBITS : SHT_PROGBITS,
    flags:
      SHF_ALLOC | (kind === 'text' ? SHF_EXECINSTR : 0) | (kind === 'data' || kind === 'bss' ? SHF_WRITE : 0),
    address,
    offset: physical - imageBase,
    size,
    align: 16,
  }))
}

/** The symbol table's entries, local ones first as the ABI asks; the number of those. */
function symbolEntries(
  symbols: readonly ImageSymbol[],
  segments: readonly Segment[],
  strings: StringTable,
): { bytes: Uint8Array; locals: number } {
  const out = new ByteWriter().bytes(new Uint8Array(symbolBytes))
  const ordered = symbols.toSorted((a, b) => Number(a.binding === 'global') - Number(b.binding === 'global'))
  for (const { name, address, size, type, binding } of ordered) {
    const section =
      segments.findIndex((each) => address >= each.address && address <= each.address + each.size) + 1
    out
      .u32(strings.add(name))
      .u8(((binding === 'global' ? 1 : 0) << 4) | (type === 'function' ? 2 : 1))
      .u8(0)
    out.u16(section).u64(address).u64(size)
  }
  return { bytes: out.finish(), locals: 1 + symbols.filter(({ binding }) => binding === 'local').length }
}

function writeSectionHeaders(out: ByteWriter, headers: readonly SectionHeader[], strings: StringTable): void {
  out.bytes(new Uint8Array(sectionHeaderBytes))
  for (const {
    name,
    type,
    flags = 0,
    address = 0,
    offset,
    size,
    link = 0,
    info = 0,
    align = 1,
    entrySize = 0,
  } of headers) {
    out.u32(strings.add(name)).u32(type).u64(flags).u64(address).u64(offset).u64(size)
    out.u32(link).u32(info).u64(align).u64(entrySize)
  }
}

function writeProgramHeader(
  out: ByteWriter,
  type: number,
  flags: number,
  segment: Omit<Segment, 'name' | 'kind' | 'part'>,
  fileSize: number,
): void {
  out
    .u32(type)
    .u32(flags)
    .u64(segment.physical - imageBase)
    .u64(segment.address)
    .u64(segment.physical)
  out
    .u64(fileSize)
    .u64(segment.size)
    .u64(type === PT_LOAD ? pageSize : 4)
}

/** Builds the file. `memory` is the image from `imageBase` to `layout.fileEnd`; its first page is written here. */
export function writeElf(
  memory: Uint8Array,
  layout: Layout,
  symbols: readonly ImageSymbol[],
  extra: Readonly<Record<string, Uint8Array>>,
  entries: ImageEntries,
): Uint8Array {
  const { segments } = layout
  const programHeaders = segments.length + 2
  const noteOffset = headerBytes + programHeaders * programHeaderBytes
  const note = pvhNote(entries.pvh)
  const multibootAt = imageBase + noteOffset + note.length
  const multiboot =
    entries.multiboot === undefined
      ? new Uint8Array(0)
      : multibootHeader(multibootAt, entries.multiboot, layout)

  const tail = new ByteWriter()
  const headers: SectionHeader[] = segmentSections(segments)
  const append = (name: string, bytes: Uint8Array, fields: Partial<SectionHeader> = {}): void => {
    tail.align(16)
    headers.push({
      name,
      type: SHT_PROGBITS,
      offset: memory.length + tail.length,
      size: bytes.length,
      ...fields,
    })
    tail.bytes(bytes)
  }
  for (const [name, bytes] of Object.entries(extra)) append(name, bytes)
  const strings = new StringTable()
  const { bytes, locals } = symbolEntries(symbols, segments, strings)
  append('.symtab', bytes, {
    type: SHT_SYMTAB,
    link: headers.length + 2,
    info: locals,
    align: 8,
    entrySize: symbolBytes,
  })
  append('.strtab', strings.finish(), { type: SHT_STRTAB })
  const names = new StringTable()
  for (const { name } of headers) names.add(name)
  names.add('.shstrtab')
  append('.shstrtab', names.finish(), { type: SHT_STRTAB })
  tail.align(16)
  const sectionHeadersAt = memory.length + tail.length
  writeSectionHeaders(tail, headers, names)

  const head = new ByteWriter()
  head.bytes(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0))
  head.u16(2).u16(62).u32(1).u64(entries.pvh).u64(headerBytes).u64(sectionHeadersAt).u32(0)
  head.u16(headerBytes).u16(programHeaderBytes).u16(programHeaders)
  head
    .u16(sectionHeaderBytes)
    .u16(headers.length + 1)
    .u16(headers.length)
  writeProgramHeader(
    head,
    PT_LOAD,
    PF_R,
    { address: imageBase, physical: imageBase, size: pageSize },
    pageSize,
  )
  for (const segment of segments)
    writeProgramHeader(
      head,
      PT_LOAD,
      rights(segment.kind),
      segment,
      segment.kind === 'bss' ? 0 : segment.size,
    )
  const noteAt = imageBase + noteOffset
  writeProgramHeader(
    head,
    PT_NOTE,
    PF_R,
    { address: noteAt, physical: noteAt, size: note.length },
    note.length,
  )
  head.bytes(note).bytes(multiboot)

  const file = new Uint8Array(memory.length + tail.length)
  file.set(memory)
  file.set(head.finish())
  file.set(tail.finish(), memory.length)
  return file
}
