/** The boot information of multiboot 2 (Multiboot2 Specification 2.0, 3.6): a list of tags. */
import { LOW_RAM_LIMIT, MIB, memoryRegions } from '../memory-map.ts'
import { type BootRequest, type PlacedModule, placeModules } from './boot.ts'
import { BootInfoWriter, setU64 } from './boot-info.ts'
import { FRAMEBUFFER_TEXT, LOADER_NAME, TEXT_SCREEN } from './multiboot-common.ts'

const ALIGN = 8
const HEADER_BYTES = 8
const REGION_BYTES = 24
const RSDP_1_BYTES = 20
const RSDP_2_BYTES = 36
const LOW_MEMORY_KIB = 639

const tagType = {
  end: 0,
  commandLine: 1,
  loaderName: 2,
  module: 3,
  memory: 4,
  memoryMap: 6,
  framebuffer: 8,
  acpiOld: 14,
  acpiNew: 15,
} as const

/** What a kernel may ask for. */
export const GIVEN_TAGS: ReadonlySet<number> = new Set(Object.values(tagType))

/** Places modules above `imageEnd` and writes the list; where it is. */
export function writeMultiboot2Info(request: BootRequest, imageEnd: number): number {
  const { memory, cmdline, rsdpGpa } = request
  const modules = placeModules(request, imageEnd)
  const rsdp = (bytes: number): Uint8Array => memory.readable(rsdpGpa, bytes).slice()
  const tags = [
    tag(tagType.commandLine, string(cmdline)),
    tag(tagType.loaderName, string(LOADER_NAME)),
    ...modules.map((module) => tag(tagType.module, describeModule(module))),
    tag(tagType.memory, describeMemory(request.ramBytes)),
    tag(tagType.memoryMap, describeRegions(request.ramBytes)),
    tag(tagType.framebuffer, describeScreen()),
    tag(tagType.acpiOld, rsdp(RSDP_1_BYTES)),
    tag(tagType.acpiNew, rsdp(RSDP_2_BYTES)),
    tag(tagType.end, new Uint8Array(0)),
  ]
  const bytes = tags.reduce((sum, { length }) => sum + length, HEADER_BYTES)
  const { gpa, view } = new BootInfoWriter(memory).allocate(bytes)
  const target = new Uint8Array(view.buffer, view.byteOffset, bytes)
  view.setUint32(0, bytes, true)
  let at = HEADER_BYTES
  for (const bytesOfTag of tags) {
    target.set(bytesOfTag, at)
    at += bytesOfTag.length
  }
  return gpa
}

/** Type and size before the body, zeros behind it up to a multiple of eight. */
function tag(type: number, body: Uint8Array): Uint8Array {
  const size = HEADER_BYTES + body.length
  const { bytes, view } = block(Math.ceil(size / ALIGN) * ALIGN)
  view.setUint32(0, type, true)
  view.setUint32(4, size, true)
  bytes.set(body, HEADER_BYTES)
  return bytes
}

function block(length: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(length)
  return { bytes, view: new DataView(bytes.buffer) }
}

function string(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`)
}

function describeModule({ gpa, bytes, cmdline }: PlacedModule): Uint8Array {
  const text = string(cmdline)
  const body = block(8 + text.length)
  body.view.setUint32(0, gpa, true)
  body.view.setUint32(4, gpa + bytes, true)
  body.bytes.set(text, 8)
  return body.bytes
}

/** KiB below 1 MiB, and from there to the first hole. */
function describeMemory(ramBytes: number): Uint8Array {
  const { bytes, view } = block(8)
  view.setUint32(0, LOW_MEMORY_KIB, true)
  view.setUint32(4, (Math.min(ramBytes, LOW_RAM_LIMIT) - MIB) / 1024, true)
  return bytes
}

function describeRegions(ramBytes: number): Uint8Array {
  const regions = memoryRegions(ramBytes)
  const { bytes, view } = block(8 + REGION_BYTES * regions.length)
  view.setUint32(0, REGION_BYTES, true)
  for (const [i, { base, length, type }] of regions.entries()) {
    const at = 8 + REGION_BYTES * i
    setU64(view, at, base)
    setU64(view, at + 8, length)
    view.setUint32(at + 16, type, true)
  }
  return bytes
}

function describeScreen(): Uint8Array {
  const { bytes, view } = block(24)
  setU64(view, 0, TEXT_SCREEN.base)
  view.setUint32(8, TEXT_SCREEN.pitch, true)
  view.setUint32(12, TEXT_SCREEN.columns, true)
  view.setUint32(16, TEXT_SCREEN.rows, true)
  view.setUint8(20, TEXT_SCREEN.bitsPerCell)
  view.setUint8(21, FRAMEBUFFER_TEXT)
  return bytes
}
