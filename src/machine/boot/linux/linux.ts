/** Linux kernels (bzImage) by the boot protocol 2.03 and newer (Documentation/arch/x86/boot.rst). */
import { LOW_RAM_LIMIT } from '../../memory-map.ts'
import {
  type BootModule,
  type BootRequest,
  type BootState,
  type PlacedModule,
  placeModules,
} from '../boot.ts'
import { BootInfoWriter } from '../boot-info.ts'
import { checkPlace } from '../elf.ts'
import { ImageError } from '../image-error.ts'
import { type LinuxParameters, writeBootParams } from './boot-params.ts'
import { writePageTables } from '../page-tables.ts'
import { loadRealMode } from './real-mode.ts'
import { parseSetupHeader, type SetupHeader } from './setup-header.ts'

/** Which of its entries a kernel is started at. */
export type LinuxEntry = 16 | 32 | 64

/** The 64-bit entry lies this far behind the 32-bit one. */
const ENTRY_64_OFFSET = 0x200

/** Loads a bzImage. Without a wish, the 64-bit entry where there is one, and else the 32-bit entry. */
export function loadLinux(request: BootRequest): BootState {
  const { image, memory } = request
  const setup = parseSetupHeader(image)
  const entry = request.linuxEntry ?? (setup.hasEntry64 ? 64 : 32)
  if (entry === 64 && !setup.hasEntry64)
    throw new ImageError('the Linux kernel has no 64-bit entry: choose another with --linux-entry')
  const loadAddress = setup.isRelocatable ? setup.prefAddress : 0x10_0000
  const kernelEnd = reserve(request, setup, loadAddress)
  memory.writable(loadAddress, image.length - setup.setupBytes).set(image.subarray(setup.setupBytes))

  const info = new BootInfoWriter(memory)
  const parameters: LinuxParameters = {
    ...request,
    setup,
    loadAddress,
    initrd: placeInitrd(request, setup, kernelEnd),
    cmdlineGpa: writeCommandLine(info, request.cmdline, setup),
  }
  if (entry === 16) return loadRealMode(parameters)
  const zeroPage = writeBootParams(info, parameters)
  return entry === 32
    ? { protocol: 'linux', mode: 'protected', entry: loadAddress, eax: 0, ebx: 0, esi: zeroPage }
    : {
        protocol: 'linux',
        mode: 'long',
        entry: loadAddress + ENTRY_64_OFFSET,
        rsi: zeroPage,
        pageTables: writePageTables(info),
      }
}

/** Makes sure that the kernel has the memory that it needs to unpack itself; the end of that. */
function reserve(request: BootRequest, setup: SetupHeader, loadAddress: number): number {
  const { image, memory, ramBytes } = request
  const end = Math.max(loadAddress + image.length - setup.setupBytes, setup.prefAddress + setup.initBytes)
  if (end > Math.min(ramBytes, LOW_RAM_LIMIT))
    throw new ImageError(
      `the Linux kernel needs ${Math.ceil(end / 2 ** 20)} MiB to unpack itself, there are ${Math.floor(ramBytes / 2 ** 20)} MiB: give more with --memory`,
    )
  checkPlace(loadAddress, end - loadAddress, memory)
  return end
}

/** All modules, one behind the other, as the one RAM disk that Linux knows: archives may follow each other. */
function placeInitrd(request: BootRequest, setup: SetupHeader, kernelEnd: number): PlacedModule | null {
  const { modules } = request
  if (modules.length === 0) return null
  const initrd = modules.length === 1 ? modules[0]! : joinArchives(modules)
  const [placed] = placeModules({ ...request, modules: [initrd] }, kernelEnd, setup.initrdMax + 1)
  return placed!
}

function joinArchives(modules: readonly BootModule[]): BootModule {
  const starts: number[] = []
  let bytes = 0
  for (const { data } of modules) {
    starts.push(bytes)
    bytes = Math.ceil((bytes + data.length) / 4) * 4
  }
  const data = new Uint8Array(bytes)
  for (const [i, module] of modules.entries()) data.set(module.data, starts[i])
  return { data }
}

function writeCommandLine(info: BootInfoWriter, cmdline: string, setup: SetupHeader): number {
  const bytes = new TextEncoder().encode(cmdline).length
  if (bytes > setup.cmdlineBytes)
    throw new ImageError(
      `the command line has ${bytes} bytes, this Linux kernel takes ${setup.cmdlineBytes}: shorten --append`,
    )
  return info.string(cmdline)
}
