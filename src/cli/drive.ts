import type { FileDrive } from '../index.ts'
import { UsageError } from './errors.ts'

/** `FILE[,readonly][,if=virtio|ide][,media=cdrom][,format=raw][,serial=TEXT]`, as `--drive` takes it. The file's name may contain commas that no option follows. */
export function parseDrive(text: string): FileDrive {
  const parts = text.split(',')
  let drive: Omit<FileDrive, 'path'> = {}
  while (parts.length > 1) {
    const option = parseOption(parts.at(-1)!, text)
    if (option === null) break
    drive = { ...drive, ...option }
    parts.pop()
  }
  const path = parts.join(',')
  if (path === '') throw new UsageError(`--drive ${text}: name a file, as in --drive disk.img,readonly`)
  return { path, ...drive }
}

/** Null: this is not an option but a part of the name. */
function parseOption(word: string, text: string): Omit<FileDrive, 'path'> | null {
  if (word === 'readonly') return { readonly: true }
  const [name, value] = [word.split('=', 1)[0], word.slice(word.indexOf('=') + 1)]
  if (name === 'if') {
    if (value === 'virtio' || value === 'ide') return { bus: value }
    throw new UsageError(`--drive ${text}: if is virtio or ide`)
  }
  if (name === 'media') {
    if (value === 'disk') return {}
    if (value === 'cdrom') return { bus: 'cdrom', readonly: true }
    throw new UsageError(`--drive ${text}: media is disk or cdrom`)
  }
  if (name === 'format') {
    if (value === 'raw') return { format: 'raw' }
    throw new UsageError(`--drive ${text}: only raw images; convert others with qemu-img convert -O raw`)
  }
  if (name !== 'serial') return null
  if (/^[ -~]{1,20}$/.test(value)) return { serial: value }
  throw new UsageError(`--drive ${text}: a serial number has 1 to 20 printable characters`)
}
