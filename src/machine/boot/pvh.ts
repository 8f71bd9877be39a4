/** Direct boot by the PVH protocol (Xen: docs/misc/pvh.pandoc, public/arch-x86/hvm/start_info.h). */
import { memoryRegions } from '../memory-map.ts'
import { type BootRequest, type BootState, placeModules } from './boot.ts'
import { BootInfoWriter, setU64 } from './boot-info.ts'
import { type Elf, findNote, loadSegments, viewOf } from './elf.ts'
import { ImageError } from './image-error.ts'

export const NOTE_NAME = 'Xen'
export const NOTE_PHYS32_ENTRY = 18

const START_INFO_MAGIC = 0x336e_c578
const START_INFO_VERSION = 1
const START_INFO_BYTES = 56
const MODULE_BYTES = 32
const REGION_BYTES = 24

/** Loads an ELF file with a PVH note. EBX points to `hvm_start_info`. */
export function loadPvh(request: BootRequest, elf: Elf): BootState {
  const { image, memory, ramBytes, cmdline, rsdpGpa } = request
  const note = findNote(image, elf, NOTE_NAME, NOTE_PHYS32_ENTRY)
  if (note === null || note.length < 4)
    throw new ImageError('the PVH note of the image is damaged: build it again')
  const entry = viewOf(note).getUint32(0, true)
  const end = loadSegments(image, elf, memory)
  const modules = placeModules(request, end)

  const info = new BootInfoWriter(memory)
  const start = info.allocate(START_INFO_BYTES)
  const regions = memoryRegions(ramBytes)
  const map = info.allocate(REGION_BYTES * regions.length)
  for (const [i, region] of regions.entries()) {
    setU64(map.view, REGION_BYTES * i, region.base)
    setU64(map.view, REGION_BYTES * i + 8, region.length)
    map.view.setUint32(REGION_BYTES * i + 16, region.type, true)
  }
  const list = info.allocate(MODULE_BYTES * Math.max(modules.length, 1))
  for (const [i, module] of modules.entries()) {
    setU64(list.view, MODULE_BYTES * i, module.gpa)
    setU64(list.view, MODULE_BYTES * i + 8, module.bytes)
    setU64(list.view, MODULE_BYTES * i + 16, info.string(module.cmdline))
  }
  start.view.setUint32(0, START_INFO_MAGIC, true)
  start.view.setUint32(4, START_INFO_VERSION, true)
  start.view.setUint32(12, modules.length, true)
  setU64(start.view, 16, modules.length > 0 ? list.gpa : 0)
  setU64(start.view, 24, info.string(cmdline))
  setU64(start.view, 32, rsdpGpa)
  setU64(start.view, 40, map.gpa)
  start.view.setUint32(48, regions.length, true)
  return { protocol: 'pvh', mode: 'protected', entry, eax: 0, ebx: start.gpa }
}
