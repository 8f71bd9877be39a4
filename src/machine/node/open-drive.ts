import { closeSync, openSync, readSync } from 'node:fs'
import type { BlockBackend } from '../../devices/storage/block-backend.ts'
import { ImageError } from '../boot/image-error.ts'
import type { FileDrive } from '../drive.ts'
import { openFileDisk } from './file-disk.ts'
import { lockImage } from './image-lock.ts'

/** How files of other formats begin. */
const FORMATS: readonly (readonly [name: string, magic: string])[] = [
  ['qcow2', 'QFI\u00fb'],
  ['VMDK', 'KDMV'],
  ['VHDX', 'vhdxfile'],
  ['VDI', '<<< Oracle VM VirtualBox Disk Image >>>'],
]

/** Opens an image, and locks it when it can be written. Rejects with an ImageError, one line that says what to do. */
export async function openDrive(drive: FileDrive): Promise<BlockBackend> {
  const disk = open(drive)
  try {
    const format = drive.format === 'raw' ? undefined : detectFormat(drive.path)
    if (format !== undefined)
      throw new ImageError(
        `${drive.path}: a ${format} image; convert it with qemu-img convert -O raw, or add ,format=raw to take it as it is`,
      )
    if (!drive.readonly) await lockImage(drive.path)
    return disk
  } catch (error) {
    disk.close()
    throw error
  }
}

function open(drive: FileDrive): BlockBackend {
  try {
    return openFileDisk(drive.path, { isReadOnly: drive.readonly ?? false })
  } catch (error) {
    throw new ImageError((error as Error).message)
  }
}

function detectFormat(path: string): string | undefined {
  const start = new Uint8Array(64)
  const fd = openSync(path, 'r')
  readSync(fd, start, 0, start.length, 0)
  closeSync(fd)
  const text = String.fromCharCode(...start)
  return FORMATS.find(([, magic]) => text.startsWith(magic))?.[0]
}
