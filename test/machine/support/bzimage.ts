/** Linux kernels of a few instructions, for tests of the boot protocol. */
import { Assembler } from '../../../src/isa/index.ts'

const SECTOR = 512
const SETUP_SECTORS = 4
const SETUP_BYTES = (SETUP_SECTORS + 1) * SECTOR
const ENTRY_64 = 0x200
const PAGE = 4096

export interface BzImageOptions {
  readonly version?: number
  readonly prefAddress?: number
  readonly initBytes?: number
  readonly initrdMax?: number
  readonly cmdlineBytes?: number
  readonly hasEntry64?: boolean
  readonly isRelocatable?: boolean
  readonly loadflags?: number
}

/** What runs at each entry; the real-mode code lies at offset 0x80 of the second sector. */
export interface BzImageCode {
  readonly real?: (asm: Assembler) => void
  readonly protected: (asm: Assembler) => void
  readonly long?: (asm: Assembler) => void
}

export function buildBzImage(code: BzImageCode, options: BzImageOptions = {}): Uint8Array {
  const real = assemble(16, code.real)
  const entry32 = assemble(32, code.protected)
  const entry64 = assemble(64, code.long)
  if (entry32.length > ENTRY_64 || real.length > SETUP_BYTES - SECTOR - 0x80) throw new RangeError('too long')
  const system = Math.ceil((ENTRY_64 + entry64.length) / 16) * 16
  const image = new Uint8Array(SETUP_BYTES + system)
  const view = new DataView(image.buffer)
  view.setUint8(0x1f1, SETUP_SECTORS)
  view.setUint32(0x1f4, system / 16, true)
  view.setUint16(0x1fe, 0xaa55, true)
  image.set([0xeb, 0x7e], 0x200)
  image.set(new TextEncoder().encode('HdrS'), 0x202)
  view.setUint16(0x206, options.version ?? 0x20f, true)
  view.setUint8(0x211, options.loadflags ?? 1)
  view.setUint32(0x214, 0x10_0000, true)
  view.setUint32(0x22c, options.initrdMax ?? 0x7fff_ffff, true)
  view.setUint32(0x230, PAGE, true)
  view.setUint8(0x234, options.isRelocatable === false ? 0 : 1)
  view.setUint16(0x236, options.hasEntry64 === false ? 0 : 1, true)
  view.setUint32(0x238, options.cmdlineBytes ?? 2047, true)
  view.setBigUint64(0x258, BigInt(options.prefAddress ?? 0x20_0000), true)
  view.setUint32(0x260, options.initBytes ?? 0x10_0000, true)
  image.set(real, 0x280)
  image.set(entry32, SETUP_BYTES)
  image.set(entry64, SETUP_BYTES + ENTRY_64)
  return image
}

function assemble(mode: 16 | 32 | 64, build: ((asm: Assembler) => void) | undefined): Uint8Array {
  const asm = new Assembler(mode)
  build?.(asm)
  return asm.finish().bytes
}
