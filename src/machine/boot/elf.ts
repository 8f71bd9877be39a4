/** ELF executables (System V gABI, chapters 4 and 5), 32 and 64 bits, as far as a loader needs them. */
import type { GuestMemory } from '../../devices/guest-memory.ts'
import { BOOT_INFO_BASE, FIRMWARE_END } from '../memory-map.ts'
import { ImageError } from './image-error.ts'

const MAGIC = 0x464c_457f
const CLASS_32 = 1
const CLASS_64 = 2
const LITTLE_ENDIAN = 1
const TYPE_EXECUTABLE = 2
const TYPE_SHARED = 3
const MACHINE_386 = 3
const MACHINE_X86_64 = 62
const PT_LOAD = 1
const PT_NOTE = 4
/** More program headers than this no kernel has. */
const MAX_SEGMENTS = 256

const MACHINES: ReadonlyMap<number, string> = new Map([
  [2, 'SPARC'],
  [8, 'MIPS'],
  [20, 'PowerPC'],
  [21, '64-bit PowerPC'],
  [22, 'S/390'],
  [40, '32-bit Arm'],
  [183, '64-bit Arm'],
  [243, 'RISC-V'],
  [258, 'LoongArch'],
])

export interface Segment {
  readonly type: number
  readonly offset: number
  readonly vaddr: number
  readonly paddr: number
  readonly fileBytes: number
  readonly memoryBytes: number
}

export interface Elf {
  readonly bits: 32 | 64
  readonly entry: number
  readonly segments: readonly Segment[]
}

/** Whether the bytes begin as an ELF file does. */
export function isElf(image: Uint8Array): boolean {
  return image.length >= 4 && viewOf(image).getUint32(0, true) === MAGIC
}

/** Reads the headers of an x86 executable. Throws an ImageError that says what is wrong. */
export function parseElf(image: Uint8Array): Elf {
  if (!isElf(image))
    throw new ImageError(
      'the image is not an ELF file: give an x86-64 kernel or an application in TypeScript',
    )
  if (image.length < 52)
    throw new ImageError('the ELF header is cut off: the file is not complete, build it again')
  const view = viewOf(image)
  const elfClass = image[4]
  if ((elfClass !== CLASS_32 && elfClass !== CLASS_64) || image[5] !== LITTLE_ENDIAN)
    throw new ImageError('the image is not a little-endian ELF file of 32 or 64 bits: build it for x86-64')
  const machine = view.getUint16(18, true)
  const bits = elfClass === CLASS_64 ? 64 : 32
  if (machine !== MACHINE_X86_64 && machine !== MACHINE_386) {
    const name = MACHINES.get(machine) ?? `machine ${machine}`
    throw new ImageError(`the image is for ${name}, this is an x86-64 machine: build it for x86-64`)
  }
  const type = view.getUint16(16, true)
  if (type !== TYPE_EXECUTABLE && type !== TYPE_SHARED)
    throw new ImageError('the ELF file is not an executable: link it first')
  if (bits === 64 && image.length < 64)
    throw new ImageError('the ELF header is cut off: the file is not complete, build it again')
  const entry = bits === 64 ? readU64(view, 24) : view.getUint32(24, true)
  return { bits, entry, segments: parseSegments(image, view, bits) }
}

/** Copies the PT_LOAD segments to their physical addresses. Returns the end of the highest. */
export function loadSegments(image: Uint8Array, elf: Elf, memory: GuestMemory): number {
  let end = 0
  const loadable = elf.segments.filter((segment) => segment.type === PT_LOAD && segment.memoryBytes > 0)
  if (loadable.length === 0)
    throw new ImageError('the ELF file has no loadable segment: link it as an executable')
  for (const { paddr, offset, fileBytes, memoryBytes } of loadable) {
    checkPlace(paddr, memoryBytes, memory)
    const target = memory.writable(paddr, memoryBytes)
    target.set(image.subarray(offset, offset + fileBytes))
    target.fill(0, fileBytes)
    end = Math.max(end, paddr + memoryBytes)
  }
  return end
}

/** Where the entry lies in physical memory: it is a virtual address in a segment that is loaded elsewhere, or already physical. */
export function physicalEntry({ entry, segments }: Elf): number {
  const home = segments.find(
    ({ type, vaddr, memoryBytes }) => type === PT_LOAD && entry >= vaddr && entry < vaddr + memoryBytes,
  )
  return home === undefined ? entry : home.paddr + (entry - home.vaddr)
}

/** Throws unless `bytes` bytes at `paddr` are RAM that the loader itself does not need. */
export function checkPlace(paddr: number, bytes: number, memory: GuestMemory): void {
  const where = `0x${paddr.toString(16)} … 0x${(paddr + bytes).toString(16)}`
  if (!memory.contains(paddr, bytes)) {
    const ramMib = Math.floor(memory.ranges[0]!.length / 2 ** 20)
    throw new ImageError(
      `the image needs memory at ${where}, outside the ${ramMib} MiB of RAM: give more with --memory, or link it lower`,
    )
  }
  if (paddr < FIRMWARE_END && paddr + bytes > BOOT_INFO_BASE)
    throw new ImageError(
      `the image wants ${where}, where a PC has its firmware: link it at 0x100000 or above`,
    )
}

/** The descriptor of the note `type` of `name` in a PT_NOTE segment, or null. */
export function findNote(image: Uint8Array, elf: Elf, name: string, type: number): Uint8Array | null {
  const view = viewOf(image)
  for (const segment of elf.segments) {
    if (segment.type !== PT_NOTE) continue
    const end = segment.offset + segment.fileBytes
    for (let at = segment.offset; at + 12 <= end;) {
      const nameBytes = view.getUint32(at, true)
      const descBytes = view.getUint32(at + 4, true)
      const descAt = at + 12 + align4(nameBytes)
      if (descAt + descBytes > end) break
      const found = String.fromCharCode(
        ...image.subarray(at + 12, at + 12 + Math.min(Math.max(nameBytes - 1, 0), 16)),
      )
      if (view.getUint32(at + 8, true) === type && found === name)
        return image.subarray(descAt, descAt + descBytes)
      at = descAt + align4(descBytes)
    }
  }
  return null
}

export function readU64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function parseSegments(image: Uint8Array, view: DataView, bits: 32 | 64): Segment[] {
  const wide = bits === 64
  const tableOffset = wide ? readU64(view, 32) : view.getUint32(28, true)
  const entryBytes = view.getUint16(wide ? 54 : 42, true)
  const count = view.getUint16(wide ? 56 : 44, true)
  if (
    count > MAX_SEGMENTS ||
    entryBytes < (wide ? 56 : 32) ||
    tableOffset + count * entryBytes > image.length
  )
    throw new ImageError(
      'the program headers lie outside the file: it is damaged or not complete, build it again',
    )
  return Array.from({ length: count }, (_, i) => {
    const segment = parseSegment(view, tableOffset + i * entryBytes, wide)
    const isUsed = segment.type === PT_LOAD || segment.type === PT_NOTE
    if (isUsed && segment.offset + segment.fileBytes > image.length)
      throw new ImageError(
        `segment ${i} of the ELF file is cut off: the file is not complete, build it again`,
      )
    if (segment.type === PT_LOAD && segment.fileBytes > segment.memoryBytes)
      throw new ImageError(
        `segment ${i} of the ELF file is longer in the file than in memory: build it again`,
      )
    return segment
  })
}

function parseSegment(view: DataView, at: number, wide: boolean): Segment {
  const type = view.getUint32(at, true)
  if (wide)
    return {
      type,
      offset: readU64(view, at + 8),
      vaddr: readU64(view, at + 16),
      paddr: readU64(view, at + 24),
      fileBytes: readU64(view, at + 32),
      memoryBytes: readU64(view, at + 40),
    }
  return {
    type,
    offset: view.getUint32(at + 4, true),
    vaddr: view.getUint32(at + 8, true),
    paddr: view.getUint32(at + 12, true),
    fileBytes: view.getUint32(at + 16, true),
    memoryBytes: view.getUint32(at + 20, true),
  }
}

function align4(n: number): number {
  return Math.ceil(n / 4) * 4
}
