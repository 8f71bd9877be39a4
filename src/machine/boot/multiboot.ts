/** Multiboot 1 (Multiboot Specification 0.6.96): ELF files, and flat files that carry their addresses in the header. */
import { E820_RAM, LOW_RAM_LIMIT, memoryRegions } from '../memory-map.ts'
import { type BootRequest, type BootState, placeModules } from './boot.ts'
import { BootInfoWriter, setU64 } from './boot-info.ts'
import { isElf, loadSegments, parseElf, physicalEntry, viewOf } from './elf.ts'
import { loadFlat } from './flat-image.ts'
import { ImageError } from './image-error.ts'
import { FRAMEBUFFER_TEXT, LOADER_NAME, TEXT_SCREEN } from './multiboot-common.ts'

const HEADER_MAGIC = 0x1bad_b002
const LOADER_MAGIC = 0x2bad_b002
const SEARCH_BYTES = 8192
const HEADER_BYTES = 12
const ADDRESS_BYTES = 32

/** Header flags: 0 … 15 must be understood; modules on page boundaries and memory information always hold. */
const FLAG_PAGE_ALIGN = 1 << 0
const FLAG_MEMORY_INFO = 1 << 1
const FLAG_VIDEO = 1 << 2
const FLAG_ADDRESSES = 1 << 16
const UNDERSTOOD: number = FLAG_PAGE_ALIGN | FLAG_MEMORY_INFO | FLAG_VIDEO

const INFO_MEMORY = 1 << 0
const INFO_CMDLINE = 1 << 2
const INFO_MODULES = 1 << 3
const INFO_MEMORY_MAP = 1 << 6
const INFO_LOADER_NAME = 1 << 9
const INFO_FRAMEBUFFER = 1 << 12
const INFO_BYTES = 120
const MODULE_BYTES = 16
const REGION_BYTES = 24

export interface MultibootHeader {
  readonly offset: number
  readonly flags: number
}

/** Looks for a header in the first 8 KiB. */
export function findMultibootHeader(image: Uint8Array): MultibootHeader | null {
  const view = viewOf(image)
  const end = Math.min(SEARCH_BYTES, image.length) - HEADER_BYTES
  for (let offset = 0; offset <= end; offset += 4) {
    if (view.getUint32(offset, true) !== HEADER_MAGIC) continue
    const flags = view.getUint32(offset + 4, true)
    if ((HEADER_MAGIC + flags + view.getUint32(offset + 8, true)) >>> 0 === 0) return { offset, flags }
  }
  return null
}

/** Loads an image with a multiboot header. EAX holds the magic number, EBX points to the information structure. */
export function loadMultiboot(request: BootRequest, header: MultibootHeader): BootState {
  const unknown = header.flags & 0xffff & ~UNDERSTOOD
  if (unknown !== 0)
    throw new ImageError(
      `the multiboot header asks for features 0x${unknown.toString(16)} that nobody here has`,
    )
  const { entry, end } = header.flags & FLAG_ADDRESSES ? loadByAddresses(request, header) : loadElf(request)
  return { protocol: 'multiboot', mode: 'protected', entry, eax: LOADER_MAGIC, ebx: writeInfo(request, end) }
}

function loadElf({ image, memory }: BootRequest): { entry: number; end: number } {
  if (!isElf(image))
    throw new ImageError(
      'the multiboot image is not an ELF file and gives no load addresses: set flag 16 of its header',
    )
  const elf = parseElf(image)
  return { entry: physicalEntry(elf), end: loadSegments(image, elf, memory) }
}

/** Flag 16: `header_addr`, `load_addr`, `load_end_addr`, `bss_end_addr`, `entry_addr`. */
function loadByAddresses(request: BootRequest, { offset }: MultibootHeader): { entry: number; end: number } {
  const { image } = request
  if (offset + ADDRESS_BYTES > image.length)
    throw new ImageError('the multiboot header is cut off: the file is not complete, build it again')
  const view = viewOf(image)
  const field = (i: number): number => view.getUint32(offset + HEADER_BYTES + 4 * i, true)
  const end = loadFlat(request, offset, {
    headerAddr: field(0),
    loadAddr: field(1),
    loadEnd: field(2),
    bssEnd: field(3),
  })
  return { entry: field(4), end }
}

function writeInfo(request: BootRequest, imageEnd: number): number {
  const { memory, ramBytes, cmdline } = request
  const modules = placeModules(request, imageEnd)
  const writer = new BootInfoWriter(memory)
  const { gpa, view } = writer.allocate(INFO_BYTES)
  view.setUint32(
    0,
    INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MEMORY_MAP | INFO_LOADER_NAME | INFO_FRAMEBUFFER,
    true,
  )
  view.setUint32(4, 639, true)
  view.setUint32(8, (Math.min(ramBytes, LOW_RAM_LIMIT) - 0x10_0000) / 1024, true)
  view.setUint32(16, writer.string(cmdline), true)

  const list = writer.allocate(MODULE_BYTES * Math.max(modules.length, 1))
  for (const [i, module] of modules.entries()) {
    list.view.setUint32(MODULE_BYTES * i, module.gpa, true)
    list.view.setUint32(MODULE_BYTES * i + 4, module.gpa + module.bytes, true)
    list.view.setUint32(MODULE_BYTES * i + 8, writer.string(module.cmdline), true)
  }
  view.setUint32(20, modules.length, true)
  view.setUint32(24, list.gpa, true)

  const regions = memoryRegions(ramBytes)
  const map = writer.allocate(REGION_BYTES * regions.length)
  for (const [i, region] of regions.entries()) {
    const at = REGION_BYTES * i
    map.view.setUint32(at, REGION_BYTES - 4, true)
    setU64(map.view, at + 4, region.base)
    setU64(map.view, at + 12, region.length)
    map.view.setUint32(at + 20, region.type === E820_RAM ? 1 : region.type, true)
  }
  view.setUint32(44, REGION_BYTES * regions.length, true)
  view.setUint32(48, map.gpa, true)
  view.setUint32(64, writer.string(LOADER_NAME), true)
  setU64(view, 88, TEXT_SCREEN.base)
  view.setUint32(96, TEXT_SCREEN.pitch, true)
  view.setUint32(100, TEXT_SCREEN.columns, true)
  view.setUint32(104, TEXT_SCREEN.rows, true)
  view.setUint8(108, TEXT_SCREEN.bitsPerCell)
  view.setUint8(109, FRAMEBUFFER_TEXT)
  return gpa
}
