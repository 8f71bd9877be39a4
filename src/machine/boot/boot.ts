/** Putting an image into memory, by whichever boot protocol it speaks. */
import type { GuestMemory } from '../../devices/guest-memory.ts'
import { LOW_RAM_LIMIT } from '../memory-map.ts'
import { checkPlace, findNote, isElf, parseElf } from './elf.ts'
import { ImageError } from './image-error.ts'
import { type LinuxEntry, loadLinux } from './linux/linux.ts'
import { isLinux } from './linux/setup-header.ts'
import { findMultibootHeader, loadMultiboot } from './multiboot.ts'
import { findMultiboot2Header, loadMultiboot2 } from './multiboot2.ts'
import { loadPvh, NOTE_NAME, NOTE_PHYS32_ENTRY } from './pvh.ts'

/** A file that the guest finds in memory. */
export interface BootModule {
  readonly data: Uint8Array
  readonly cmdline?: string
}

export interface BootRequest {
  readonly image: Uint8Array
  readonly memory: GuestMemory
  readonly ramBytes: number
  readonly cmdline: string
  readonly modules: readonly BootModule[]
  /** Where the ACPI tables begin (RSDP). */
  readonly rsdpGpa: number
  /** Linux only: the entry to take. Default: the widest that the kernel has. */
  readonly linuxEntry?: LinuxEntry | undefined
}

/** How the processor starts, interrupts off; general registers that are not named here are zero. */
export type BootState = RealStart | ProtectedStart | LongStart

interface Start {
  /** `wake`: nothing is booted, a system that slept goes on. */
  readonly protocol: 'pvh' | 'multiboot' | 'multiboot2' | 'linux' | 'wake'
  readonly entry: number
}

/** Real mode: CS:IP is `codeSegment`:`entry`. */
export interface RealStart extends Start {
  readonly mode: 'real'
  readonly codeSegment: number
}

/** 32-bit protected mode, flat segments, paging off. */
export interface ProtectedStart extends Start {
  readonly mode: 'protected'
  readonly eax: number
  readonly ebx: number
  readonly esi?: number
}

/** 64-bit mode, the lowest 4 GiB mapped one to one. */
export interface LongStart extends Start {
  readonly mode: 'long'
  /** For CR3. */
  readonly pageTables: number
  readonly rsi: number
}

/** A module where it was put. */
export interface PlacedModule {
  readonly gpa: number
  readonly bytes: number
  readonly cmdline: string
}

/** Loads an image. Throws an ImageError that says in one line what is wrong and what to do. */
export function boot(request: BootRequest): BootState {
  const { image } = request
  if (image.length === 0) throw new ImageError('the image is empty: build it again')
  const isElfFile = isElf(image)
  if (isElfFile) {
    const elf = parseElf(image)
    if (findNote(image, elf, NOTE_NAME, NOTE_PHYS32_ENTRY) !== null) return loadPvh(request, elf)
  } else if (isLinux(image)) return loadLinux(request)
  const multiboot2 = findMultiboot2Header(image)
  if (multiboot2 !== null) return loadMultiboot2(request, multiboot2)
  const multiboot = findMultibootHeader(image)
  if (multiboot !== null) return loadMultiboot(request, multiboot)
  throw new ImageError(
    isElfFile
      ? 'the ELF file has neither a PVH note (XEN_ELFNOTE_PHYS32_ENTRY) nor a multiboot header: it is not a kernel image; ' +
          'build it with onering build, or add one of them'
      : 'the image is neither an ELF file, nor a multiboot image, nor a Linux kernel (bzImage): give one, or an application in TypeScript',
  )
}

/** Puts modules at the top of the RAM below `limit`, page-aligned, above `imageEnd`. */
export function placeModules(
  request: BootRequest,
  imageEnd: number,
  limit: number = LOW_RAM_LIMIT,
): PlacedModule[] {
  const { memory, ramBytes, modules } = request
  let top = Math.min(ramBytes, limit)
  return modules.map(({ data, cmdline }) => {
    top = Math.floor((top - data.length) / 4096) * 4096
    if (top < imageEnd)
      throw new ImageError(
        `a module of ${data.length} bytes does not fit beside the image: give more with --memory`,
      )
    checkPlace(top, Math.max(data.length, 1), memory)
    if (data.length > 0) memory.writable(top, data.length).set(data)
    return { gpa: top, bytes: data.length, cmdline: cmdline ?? '' }
  })
}
