/**
 * Where everything goes. The file is the image of physical memory from `imageBase` on, so that it can also be loaded by
 * loaders that know nothing of ELF:
 *
 *   headers | kernel data | kernel text | kernel rodata | application data | text | rodata | kernel bss (not in the file)
 *
 * Data comes first because the addresses of static data are fixed when the wasm is made, before code has a size.
 */
import type { ObjectFile, Section, SectionKind } from '../object.ts'
import { LinkError } from './options.ts'

export const imageBase = 0x10_0000
export const pageSize = 4096
/** Static data of the kernel's wasm starts behind the page of headers. */
export const kernelDataBase: number = imageBase + pageSize
/** First page of the application's window. */
export const applicationBase = 0x4000_0000

export interface PlacedSection {
  readonly object: ObjectFile
  readonly section: Section
  /** Index in the object. */
  readonly index: number
  /** Virtual address. */
  readonly address: number
}

export interface Segment {
  readonly name: string
  readonly kind: SectionKind
  readonly part: 'kernel' | 'application'
  /** Virtual address, on a page. */
  readonly address: number
  readonly physical: number
  /** Bytes in memory, not rounded. */
  readonly size: number
}

export interface Layout {
  readonly placed: readonly PlacedSection[]
  readonly segments: readonly Segment[]
  /** Physical address behind the last byte in the file, on a page. */
  readonly fileEnd: number
  /** Physical address behind the last byte in memory, on a page. */
  readonly memoryEnd: number
}

const roundUp = (value: number, align: number): number => Math.ceil(value / align) * align

/** Sections of one kind one after another; pinned ones are placed already and come first. */
class Run {
  readonly placed: PlacedSection[] = []
  readonly start: number
  end: number

  constructor(start: number) {
    this.start = start
    this.end = start
  }

  pin(object: ObjectFile, index: number, section: Section, address: number): void {
    if (address < this.start)
      throw new LinkError(
        `${object.name}: data at 0x${address.toString(16)} lies below 0x${this.start.toString(16)}`,
      )
    this.placed.push({ object, section, index, address })
    this.end = Math.max(this.end, address + section.size)
  }

  append(object: ObjectFile, index: number, section: Section): void {
    const address = roundUp(this.end, section.align)
    this.placed.push({ object, section, index, address })
    this.end = address + section.size
  }
}

function* sectionsOf(
  objects: readonly ObjectFile[],
  kinds: readonly SectionKind[],
): Generator<[ObjectFile, number, Section]> {
  for (const object of objects)
    for (const [index, section] of object.sections.entries())
      if (kinds.includes(section.kind)) yield [object, index, section]
}

/** One part of the image: data (with what is zero, unless `bssApart`), text, rodata, each from a page of its own. */
function layPart(
  objects: readonly ObjectFile[],
  start: number,
  bssApart: boolean,
): { runs: { kind: SectionKind; run: Run }[]; end: number } {
  const data = new Run(start)
  for (const [object, index, section] of sectionsOf(objects, ['data', 'bss']))
    if (section.address !== undefined) data.pin(object, index, section, section.address)
  for (const [object, index, section] of sectionsOf(objects, bssApart ? ['data'] : ['data', 'bss']))
    if (section.address === undefined) data.append(object, index, section)
  const text = new Run(roundUp(data.end, pageSize))
  for (const each of sectionsOf(objects, ['text'])) text.append(...each)
  const rodata = new Run(roundUp(text.end, pageSize))
  for (const each of sectionsOf(objects, ['rodata'])) rodata.append(...each)
  const runs = [
    { kind: 'data' as const, run: data },
    { kind: 'text' as const, run: text },
    { kind: 'rodata' as const, run: rodata },
  ]
  return { runs, end: roundUp(rodata.end, pageSize) }
}

/** Places every section of every object. */
export function layOut(kernel: readonly ObjectFile[], application: readonly ObjectFile[]): Layout {
  const segments: Segment[] = []
  const placed: PlacedSection[] = []
  const add = (name: string, part: Segment['part'], kind: SectionKind, run: Run, physical: number): void => {
    placed.push(...run.placed)
    if (run.end > run.start)
      segments.push({ name, kind, part, address: run.start, physical, size: run.end - run.start })
  }
  const first = layPart(kernel, kernelDataBase, true)
  for (const { kind, run } of first.runs) add(`.${kind}`, 'kernel', kind, run, run.start)
  let fileEnd = first.end
  if (application.length > 0) {
    const second = layPart(application, applicationBase, false)
    const distance = applicationBase - fileEnd
    for (const { kind, run } of second.runs)
      add(`.app.${kind}`, 'application', kind, run, run.start - distance)
    fileEnd = second.end - distance
  }
  const bss = new Run(fileEnd)
  for (const [object, index, section] of sectionsOf(kernel, ['bss']))
    if (section.address === undefined) bss.append(object, index, section)
  add('.bss', 'kernel', 'bss', bss, bss.start)
  return { placed, segments, fileEnd, memoryEnd: roundUp(bss.end, pageSize) }
}
