/** The registers through which a command is given, shared by the two devices of a channel. */
import * as ata from './ata.ts'

export interface TaskFile {
  features: number
  error: number
  /** The last byte written and the one before: 48-bit commands use both. */
  sectorCount: number
  sectorCountBefore: number
  lbaLow: number
  lbaLowBefore: number
  lbaMid: number
  lbaMidBefore: number
  lbaHigh: number
  lbaHighBefore: number
  device: number
  status: number
}

export function emptyTaskFile(): TaskFile {
  return {
    features: 0,
    error: 1,
    sectorCount: 1,
    sectorCountBefore: 0,
    lbaLow: 1,
    lbaLowBefore: 0,
    lbaMid: 0,
    lbaMidBefore: 0,
    lbaHigh: 0,
    lbaHighBefore: 0,
    device: 0,
    status: ata.STATUS_READY,
  }
}

/** How a disk's sectors are numbered by cylinder, head and sector. */
export interface Geometry {
  readonly cylinders: number
  readonly heads: number
  readonly sectors: number
}

export interface SectorRange {
  readonly lba: number
  readonly count: number
}

/** Which sectors a command means; 0 sectors are 256, or 65536 in an extended command. */
export function sectorRange(file: TaskFile, isExtended: boolean, geometry: Geometry): SectorRange {
  if (isExtended) {
    const low = file.lbaLow + file.lbaMid * 2 ** 8 + file.lbaHigh * 2 ** 16
    const high = file.lbaLowBefore + file.lbaMidBefore * 2 ** 8 + file.lbaHighBefore * 2 ** 16
    return {
      lba: low + high * 2 ** 24,
      count: file.sectorCount + file.sectorCountBefore * 256 || 0x1_0000,
    }
  }
  const count = file.sectorCount || 256
  const head = file.device & 0xf
  if (file.device & ata.DEVICE_LBA)
    return { lba: file.lbaLow + file.lbaMid * 2 ** 8 + file.lbaHigh * 2 ** 16 + head * 2 ** 24, count }
  const cylinder = file.lbaMid + file.lbaHigh * 256
  return { lba: (cylinder * geometry.heads + head) * geometry.sectors + file.lbaLow - 1, count }
}

/** Puts an address into the registers that it is read from. */
export function setLba(file: TaskFile, lba: number, isExtended: boolean): void {
  const byte = (index: number): number => Math.floor(lba / 2 ** (8 * index)) & 0xff
  file.lbaLow = byte(0)
  file.lbaMid = byte(1)
  file.lbaHigh = byte(2)
  if (isExtended) {
    file.lbaLowBefore = byte(3)
    file.lbaMidBefore = byte(4)
    file.lbaHighBefore = byte(5)
  } else {
    file.device = (file.device & 0xf0) | (byte(3) & 0xf)
  }
}
