/** The setup header of a Linux kernel (Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header"). */
import { readU64, viewOf } from '../elf.ts'
import { ImageError } from '../image-error.ts'

/** Offsets in the image, which are also those in `boot_params`. */
export const header = {
  setupSects: 0x1f1,
  syssize: 0x1f4,
  bootFlag: 0x1fe,
  jumpLength: 0x201,
  magic: 0x202,
  version: 0x206,
  typeOfLoader: 0x210,
  loadflags: 0x211,
  code32Start: 0x214,
  ramdiskImage: 0x218,
  ramdiskSize: 0x21c,
  heapEndPtr: 0x224,
  cmdLinePtr: 0x228,
  initrdAddrMax: 0x22c,
  relocatableKernel: 0x234,
  xloadflags: 0x236,
  cmdlineSize: 0x238,
  prefAddress: 0x258,
  initSize: 0x260,
} as const

/** Where the header begins. */
export const HEADER_BASE = 0x1f1
const BOOT_FLAG = 0xaa55
/** "HdrS" */
const MAGIC = 0x5372_6448
const SECTOR_BYTES = 512
const PARAGRAPH_BYTES = 16

export const LOADED_HIGH: number = 1 << 0
export const CAN_USE_HEAP: number = 1 << 7
const XLF_KERNEL_64 = 1 << 0

const VERSION_2_03 = 0x203
const VERSION_2_05 = 0x205
const VERSION_2_06 = 0x206
const VERSION_2_10 = 0x20a
const VERSION_2_12 = 0x20c

/** Where kernels are loaded that do not say: right above the first megabyte. */
const DEFAULT_LOAD_ADDRESS = 0x10_0000
const DEFAULT_INITRD_MAX = 0x37ff_ffff
const DEFAULT_CMDLINE_BYTES = 255

/** What a loader has to know of a kernel. */
export interface SetupHeader {
  readonly version: number
  /** Bytes of the real-mode part, boot sector included; the protected-mode part follows in the file. */
  readonly setupBytes: number
  /** End of the header, exclusive. */
  readonly headerEnd: number
  readonly isRelocatable: boolean
  readonly hasEntry64: boolean
  /** Highest address that a byte of the initial RAM disk may have. */
  readonly initrdMax: number
  /** Longest command line, without the zero at its end. */
  readonly cmdlineBytes: number
  /** Where the kernel wants to run, and how much memory from there it needs before it has read the memory map. */
  readonly prefAddress: number
  readonly initBytes: number
}

/** Whether this is a Linux kernel with a setup header (a bzImage). */
export function isLinux(image: Uint8Array): boolean {
  if (image.length < header.version) return false
  const view = viewOf(image)
  return view.getUint16(header.bootFlag, true) === BOOT_FLAG && view.getUint32(header.magic, true) === MAGIC
}

/** Reads the header of an image for which `isLinux` holds. Throws an ImageError when it cannot be booted. */
export function parseSetupHeader(image: Uint8Array): SetupHeader {
  const cutOff = 'the Linux kernel is cut off: the file is not complete, copy it again'
  if (image.length < header.version + 2) throw new ImageError(cutOff)
  const view = viewOf(image)
  const version = view.getUint16(header.version, true)
  const headerEnd = header.magic + image[header.jumpLength]!
  if (version < VERSION_2_03)
    throw new ImageError(
      `the Linux kernel speaks boot protocol ${version >> 8}.${version & 0xff}: 2.03 (Linux 2.4.18) or newer is needed`,
    )
  const setupBytes = ((image[header.setupSects]! || 4) + 1) * SECTOR_BYTES
  const systemBytes = view.getUint32(header.syssize, true) * PARAGRAPH_BYTES
  // The size is in paragraphs; the last one need not be whole.
  const leastBytes = setupBytes + systemBytes - PARAGRAPH_BYTES + 1
  if (headerEnd > image.length || leastBytes > image.length) throw new ImageError(cutOff)
  if (!(image[header.loadflags]! & LOADED_HIGH))
    throw new ImageError('the Linux kernel is a zImage, which is loaded low: build a bzImage')

  const since = <T>(needed: number, value: () => T, otherwise: T): T =>
    version >= needed ? value() : otherwise
  const prefAddress = since(
    VERSION_2_10,
    () => readU64(view, header.prefAddress),
    view.getUint32(header.code32Start, true) || DEFAULT_LOAD_ADDRESS,
  )
  return {
    version,
    setupBytes,
    headerEnd,
    isRelocatable: since(VERSION_2_05, () => image[header.relocatableKernel] !== 0, false),
    hasEntry64: since(
      VERSION_2_12,
      () => (view.getUint16(header.xloadflags, true) & XLF_KERNEL_64) !== 0,
      false,
    ),
    initrdMax: view.getUint32(header.initrdAddrMax, true) || DEFAULT_INITRD_MAX,
    cmdlineBytes: since(VERSION_2_06, () => view.getUint32(header.cmdlineSize, true), DEFAULT_CMDLINE_BYTES),
    prefAddress,
    initBytes: since(VERSION_2_10, () => view.getUint32(header.initSize, true), image.length - setupBytes),
  }
}
