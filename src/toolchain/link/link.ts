/** Objects in, a bootable ELF image out. */
import type { ObjectFile, Section } from '../object.ts'
import { ByteWriter } from './bytes.ts'
import { buildDwarf } from './dwarf.ts'
import { writeElf } from './elf.ts'
import { placeFunctions } from './functions.ts'
import { imageBase, type Layout, layOut, pageSize } from './layout.ts'
import { buildLineTable } from './line-table.ts'
import { LinkError, type LinkOptions } from './options.ts'
import { relocate } from './relocate.ts'
import { SymbolTable } from './symbols.ts'

/** Room for the table of segments that the kernel reads. */
const segmentTableBytes = 4 + 16 * 8

/** An object of the linker's own, for what the kernel wants to know about the image. */
function tables(lineTable: Uint8Array, segmentTable: Uint8Array): ObjectFile {
  const section = (bytes: Uint8Array): Section => {
    return { kind: 'rodata', align: 16, bytes, size: bytes.length, relocations: [] }
  }
  const symbol = { offset: 0, type: 'object', binding: 'global' } as const
  return {
    name: 'linker',
    sections: [section(segmentTable), section(lineTable)],
    symbols: [
      { ...symbol, name: 'link.segments', section: 0, size: segmentTable.length },
      { ...symbol, name: 'link.lineTable', section: 1, size: lineTable.length },
    ],
    undefined: [],
    functions: [],
    files: [],
  }
}

/** See `src/kernel/lib/image.ts`. */
function segmentTable({ segments }: Layout): Uint8Array {
  const own = segments.filter(({ part }) => part === 'application')
  const out = new ByteWriter().u32(own.length)
  for (const { address, physical, size, kind } of own) {
    const rights = (kind === 'text' ? 1 : 0) | (kind === 'data' ? 2 : 0)
    out
      .u32(address)
      .u32(physical)
      .u32(Math.ceil(size / pageSize) * pageSize)
      .u32(rights)
  }
  return out.bytes(new Uint8Array(segmentTableBytes - out.length)).finish()
}

/** First and last address of one of the kernel's segments. */
function define(symbols: SymbolTable, layout: Layout): void {
  for (const kind of ['text', 'rodata'] as const) {
    const segment = layout.segments.find((each) => each.part === 'kernel' && each.kind === kind)
    const start = segment?.address ?? imageBase
    symbols.define(`link.${kind}Start`, start)
    symbols.define(`link.${kind}End`, start + (segment?.size ?? 0))
  }
  symbols.define('link.imageStart', imageBase)
  symbols.define('link.imageEnd', layout.memoryEnd)
}

/** Whether the two parts grow into what lies behind them. */
function checkRoom(layout: Layout): void {
  const { segments, memoryEnd } = layout
  if (memoryEnd > 0x1000_0000) throw new LinkError('the image is larger than 256 MiB')
  if (segments.some(({ physical }) => physical < imageBase)) throw new LinkError('a segment lies below 1 MiB')
}

/**
 * Links an image: the kernel's part identity-mapped from 1 MiB, the application's part virtually in its own window and
 * physically behind the kernel.
 *
 * @throws LinkError when a symbol is missing or defined twice, or an address does not fit
 */
export function link(options: LinkOptions): Uint8Array {
  const application = options.application ?? []
  // The line table has the same size wherever the functions lie, so a first layout tells it.
  const draft = layOut(
    [...options.kernel, tables(new Uint8Array(0), new Uint8Array(segmentTableBytes))],
    application,
  )
  const size = buildLineTable(placeFunctions(draft.placed)).length
  const sized = layOut([...options.kernel, tables(new Uint8Array(size), segmentTable(draft))], application)
  const own = tables(buildLineTable(placeFunctions(sized.placed)), segmentTable(sized))
  const kernel = [...options.kernel, own]
  const layout = layOut(kernel, application)
  checkRoom(layout)

  const symbols = new SymbolTable([kernel, application], layout.placed)
  define(symbols, layout)
  symbols.checkComplete([...kernel, ...application])

  const memory = new Uint8Array(layout.fileEnd - imageBase)
  for (const each of layout.placed) {
    if (each.section.kind === 'bss') continue
    const segment = layout.segments.find(
      ({ address, size: length }) =>
        each.address >= address && each.address + each.section.size <= address + length,
    )
    if (segment === undefined) continue
    memory.set(relocate(each, symbols), each.address - segment.address + segment.physical - imageBase)
  }
  const entry = (name: string): number => {
    const address = symbols.findGlobal(name)
    if (address === undefined) throw new LinkError(`the entry ${name} is defined nowhere`)
    return address
  }
  const debug = buildDwarf(placeFunctions(layout.placed), options.locate ?? ((file) => file))
  return writeElf(
    memory,
    layout,
    symbols.all,
    { ...debug },
    {
      pvh: entry(options.pvhEntry),
      ...(options.multibootEntry === undefined ? {} : { multiboot: entry(options.multibootEntry) }),
    },
  )
}
