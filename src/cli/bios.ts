/** The options of `onering run` that let a machine start with a BIOS. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { BiosOptions } from '../machine/bios.ts'
import { UsageError } from './errors.ts'
import { readOptionalFile } from './files.ts'

export interface BiosFlags {
  readonly bios?: string | undefined
  readonly vgabios?: string | undefined
  readonly boot?: string | undefined
  readonly display: string
}

/** Where Debian has the video BIOS that belongs to its SeaBIOS: beside it. */
const VGA_BIOS_NAME = 'vgabios-stdvga.bin'

/** `c`, `dc`, `dc,menu`: what to boot from, in this order, and whether to ask. Null: no BIOS. */
export function biosOptions(flags: BiosFlags): BiosOptions | null {
  const image = readOptionalFile(flags.bios, '--bios')
  if (image === null || flags.bios === undefined) {
    for (const option of ['vgabios', 'boot'] as const)
      if (flags[option] !== undefined)
        throw new UsageError(`--${option} is for a machine with a BIOS: add --bios FILE`)
    return null
  }
  const [order = '', ...words] = (flags.boot ?? '').split(',')
  if (words.some((word) => word !== 'menu') || !/^[acdn]*$/.test(order))
    throw new UsageError(
      `--boot ${flags.boot}: write the order of a (floppy disk), c (disk), d (CD) and n (network), as in --boot dc or --boot c,menu`,
    )
  const vgaBios = readOptionalFile(flags.vgabios, '--vgabios') ?? besideOf(flags.bios)
  return {
    image,
    ...(vgaBios === null ? {} : { vgaBios }),
    ...(order === '' ? {} : { bootOrder: order }),
    bootMenu: words.includes('menu'),
    serialConsole: flags.display === 'serial',
  }
}

function besideOf(bios: string): Uint8Array | null {
  const path = join(dirname(bios), VGA_BIOS_NAME)
  return existsSync(path) ? readFileSync(path) : null
}
