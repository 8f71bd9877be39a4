/** The 16-bit entry: the kernel's own setup code asks the BIOS for everything (Documentation/arch/x86/boot.rst, "Running the Kernel"). */
import { BIOS_SEGMENT, writeBiosServices } from '../bios-services.ts'
import type { RealStart } from '../boot.ts'
import { ImageError } from '../image-error.ts'
import { fillHeader, type LinuxParameters } from './boot-params.ts'
import { CAN_USE_HEAP, header } from './setup-header.ts'

/** Where the real-mode part lies, with its heap and stack in the same segment. */
const SETUP_SEGMENT = 0x1000
const SETUP_BASE = SETUP_SEGMENT * 16
const SETUP_LIMIT = 0x8000
const STACK_TOP = 0xf000
/** The end of the heap is given less 0x200. */
const HEAP_END = 0xe000
const HEAP_END_BIAS = 0x200
/** The boot sector is not run. */
const ENTRY_SEGMENT = SETUP_SEGMENT + 0x20

/** Puts the setup code into place, fills in its header and writes the BIOS that it will call. */
export function loadRealMode(parameters: LinuxParameters): RealStart {
  const { image, setup, memory, ramBytes } = parameters
  if (setup.setupBytes > SETUP_LIMIT)
    throw new ImageError(
      `the real-mode part of the Linux kernel has ${setup.setupBytes} bytes, ${SETUP_LIMIT} fit: choose another --linux-entry`,
    )
  const target = memory.writable(SETUP_BASE, setup.setupBytes)
  target.set(image.subarray(0, setup.setupBytes))
  const view = new DataView(target.buffer, target.byteOffset, setup.setupBytes)
  fillHeader(view, parameters)
  view.setUint16(header.heapEndPtr, HEAP_END - HEAP_END_BIAS, true)
  view.setUint8(header.loadflags, view.getUint8(header.loadflags) | CAN_USE_HEAP)
  const entry = { cs: ENTRY_SEGMENT, ip: 0, data: SETUP_SEGMENT, sp: STACK_TOP }
  const ip = writeBiosServices(memory, ramBytes, entry)
  return { protocol: 'linux', mode: 'real', codeSegment: BIOS_SEGMENT, entry: ip }
}
