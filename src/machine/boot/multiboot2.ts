/** Multiboot 2 (Multiboot2 Specification 2.0): ELF files of 32 and 64 bits, and flat files with an address tag. */
import type { BootRequest, BootState } from './boot.ts'
import { isElf, loadSegments, parseElf, physicalEntry, viewOf } from './elf.ts'
import { loadFlat } from './flat-image.ts'
import { ImageError } from './image-error.ts'
import { GIVEN_TAGS, writeMultiboot2Info } from './multiboot2-info.ts'

const HEADER_MAGIC = 0xe852_50d6
const LOADER_MAGIC = 0x36d7_6289
const ARCHITECTURE_I386 = 0
const SEARCH_BYTES = 32768
const HEADER_BYTES = 16
const ALIGN = 8
const TAG_BYTES = 8
const OPTIONAL = 1

/** Header tags (3.1.3 … 3.1.13). */
const tagType = {
  end: 0,
  informationRequest: 1,
  address: 2,
  entryAddress: 3,
  consoleFlags: 4,
  framebuffer: 5,
  moduleAlignment: 6,
  relocatable: 10,
} as const
/** Met without further ado: modules lie on pages, there is a text screen, and a relocatable image may stay where it is linked. */
const ALWAYS_MET: ReadonlySet<number> = new Set([
  tagType.consoleFlags,
  tagType.framebuffer,
  tagType.moduleAlignment,
  tagType.relocatable,
])

interface Tag {
  readonly type: number
  readonly isOptional: boolean
  /** Behind type, flags and size. */
  readonly body: DataView
}

export interface Multiboot2Header {
  readonly offset: number
  readonly tags: readonly Tag[]
}

/** Looks for a header in the first 32 KiB. Throws an ImageError when there is one whose tags are damaged. */
export function findMultiboot2Header(image: Uint8Array): Multiboot2Header | null {
  const view = viewOf(image)
  const end = Math.min(SEARCH_BYTES, image.length) - HEADER_BYTES
  for (let offset = 0; offset <= end; offset += ALIGN) {
    if (view.getUint32(offset, true) !== HEADER_MAGIC) continue
    const [architecture, length, checksum] = [4, 8, 12].map((at) => view.getUint32(offset + at, true))
    if ((HEADER_MAGIC + architecture! + length! + checksum!) >>> 0 !== 0) continue
    if (architecture !== ARCHITECTURE_I386)
      throw new ImageError(
        `the multiboot2 header is for architecture ${architecture}, this is x86: build it for x86`,
      )
    return { offset, tags: parseTags(view, offset + HEADER_BYTES, offset + length!) }
  }
  return null
}

function parseTags(view: DataView, start: number, end: number): Tag[] {
  const tags: Tag[] = []
  const damaged = 'the multiboot2 header is damaged: its tags do not fit it; build the image again'
  if (end > view.byteLength) throw new ImageError(damaged)
  for (let at = start; at + TAG_BYTES <= end;) {
    const type = view.getUint16(at, true)
    const size = view.getUint32(at + 4, true)
    if (type === tagType.end) return tags
    if (size < TAG_BYTES || at + size > end) throw new ImageError(damaged)
    const body = new DataView(view.buffer, view.byteOffset + at + TAG_BYTES, size - TAG_BYTES)
    tags.push({ type, isOptional: (view.getUint16(at + 2, true) & OPTIONAL) !== 0, body })
    at += Math.ceil(size / ALIGN) * ALIGN
  }
  throw new ImageError(damaged)
}

/** Loads an image with a multiboot2 header. EAX holds the magic number, EBX points to the boot information. */
export function loadMultiboot2(request: BootRequest, header: Multiboot2Header): BootState {
  const { image, memory } = request
  checkTags(header)
  const address = find(header, tagType.address, 16)
  const entryTag = find(header, tagType.entryAddress, 4)
  let entry: number | undefined
  let end: number
  if (address !== undefined) {
    const field = (i: number): number => address.getUint32(4 * i, true)
    const [headerAddr, loadAddr, loadEnd, bssEnd] = [field(0), field(1), field(2), field(3)]
    end = loadFlat(request, header.offset, { headerAddr, loadAddr, loadEnd, bssEnd })
  } else if (isElf(image)) {
    const elf = parseElf(image)
    entry = physicalEntry(elf)
    end = loadSegments(image, elf, memory)
  } else
    throw new ImageError(
      'the multiboot2 image is not an ELF file and gives no load addresses: add an address tag',
    )
  entry = entryTag?.getUint32(0, true) ?? entry
  if (entry === undefined)
    throw new ImageError('the multiboot2 header has an address tag, and no entry address tag: add one')
  const ebx = writeMultiboot2Info(request, end)
  return { protocol: 'multiboot2', mode: 'protected', entry, eax: LOADER_MAGIC, ebx }
}

function find({ tags }: Multiboot2Header, type: number, bytes: number): DataView | undefined {
  const tag = tags.find((candidate) => candidate.type === type)
  if (tag !== undefined && tag.body.byteLength < bytes)
    throw new ImageError(`tag ${type} of the multiboot2 header is too short: build the image again`)
  return tag?.body
}

/** Refuses what the kernel cannot do without and does not exist here. */
function checkTags({ tags }: Multiboot2Header): void {
  for (const { type, isOptional, body } of tags) {
    if (isOptional || type === tagType.address || type === tagType.entryAddress || ALWAYS_MET.has(type))
      continue
    if (type !== tagType.informationRequest)
      throw new ImageError(
        `the multiboot2 header asks for tag ${type}, which nobody here has: mark it optional`,
      )
    for (let at = 0; at + 4 <= body.byteLength; at += 4) {
      const wanted = body.getUint32(at, true)
      if (!GIVEN_TAGS.has(wanted))
        throw new ImageError(
          `the multiboot2 header asks for information ${wanted}, which nobody here has: mark the request optional`,
        )
    }
  }
}
