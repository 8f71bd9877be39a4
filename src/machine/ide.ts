/** Which drive hangs where on the IDE controller. */
import { AtaDisk } from '../devices/storage/ide/ata-disk.ts'
import { AtapiCd } from '../devices/storage/ide/atapi-cd.ts'
import type { IdeDevices } from '../devices/storage/ide/controller.ts'
import type { IdeDevice } from '../devices/storage/ide/device.ts'
import { ImageError } from './boot/image-error.ts'
import type { AttachedDrive } from './drive.ts'

/** Disks fill the places from the first on, CDs from the third: the master of the second channel. */
const DISK_PLACES = [0, 1, 2, 3]
const CD_PLACES = [2, 3, 0, 1]

/** Throws an ImageError when there are more than four. */
export function attachIde(drives: readonly AttachedDrive[]): IdeDevices {
  const places: (IdeDevice | null)[] = [null, null, null, null]
  for (const { disk, serial, bus } of drives) {
    if (bus === 'virtio') continue
    const free = (bus === 'cdrom' ? CD_PLACES : DISK_PLACES).find((place) => places[place] === null)
    if (free === undefined)
      throw new ImageError('IDE has room for four drives, CDs included: give others without if=ide')
    places[free] = bus === 'cdrom' ? new AtapiCd(disk, serial) : new AtaDisk(disk, serial)
  }
  return places as unknown as IdeDevices
}
