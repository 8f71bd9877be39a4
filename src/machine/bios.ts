/** A BIOS for the machine to start with, as it lies in a file. */
import { ImageError } from './boot/image-error.ts'
import { GIB } from './memory-map.ts'

export interface BiosOptions {
  /** The ROM: 64 KiB to 8 MiB, a multiple of 64 KiB. It ends at 4 GiB, and its last 128 KiB at 1 MiB too. */
  readonly image: Uint8Array
  /** Option ROM for the video card. */
  readonly vgaBios?: Uint8Array
  /** What to boot from, in this order: `c` the disk, `d` the CD, `a` the floppy disk, `n` the network. Default `cdan`. */
  readonly bootOrder?: string
  /** Lets the user choose what to boot from. */
  readonly bootMenu?: boolean
  /** Gives a program in the BIOS' interrupts a serial console. Default true. */
  readonly serialConsole?: boolean
}

const MIN_BYTES = 0x1_0000
const MAX_BYTES = 0x80_0000
const STEP = 0x1_0000
/** An option ROM says its length in units of 512 bytes in its third byte. */
const OPTION_ROM_SIGNATURE = 0xaa55
export const BOOT_DEVICES: Readonly<Record<string, number>> = { a: 1, c: 2, d: 3, n: 4 }

/** Where a ROM of so many bytes begins. */
export function romBase(bytes: number): number {
  return 4 * GIB - bytes
}

/** Throws an ImageError in one line unless a machine can start with this. */
export function checkBios({ image, vgaBios, bootOrder }: BiosOptions): void {
  const bytes = image.length
  if (bytes < MIN_BYTES || bytes > MAX_BYTES || bytes % STEP !== 0)
    throw new ImageError(
      `the BIOS has ${bytes} bytes: it must have 64 KiB to 8 MiB in steps of 64 KiB; Debian's is /usr/share/seabios/bios-256k.bin`,
    )
  if (vgaBios !== undefined && !isOptionRom(vgaBios))
    throw new ImageError(
      "the video BIOS is not an option ROM: Debian's is /usr/share/seabios/vgabios-stdvga.bin",
    )
  for (const letter of bootOrder ?? '')
    if (BOOT_DEVICES[letter] === undefined)
      throw new ImageError(`boot order ${bootOrder}: ${letter} is unknown; c is the disk, d the CD`)
}

function isOptionRom(rom: Uint8Array): boolean {
  return rom.length >= 512 && rom.length <= 0x1_0000 && (rom[0]! | (rom[1]! << 8)) === OPTION_ROM_SIGNATURE
}

/** The order as CMOS has it, a nibble each: registers 0x3d and 0x38. */
export function bootOrderNibbles(order: string): number {
  let nibbles = 0
  for (const [i, letter] of [...order].slice(0, 3).entries()) nibbles |= BOOT_DEVICES[letter]! << (4 * i)
  return nibbles
}
