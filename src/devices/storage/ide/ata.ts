/** Registers and codes of the AT attachment (ATA/ATAPI-7, volumes 1 and 2). */

/** Command block, by offset. */
export const DATA = 0
export const FEATURES_ERROR = 1
export const SECTOR_COUNT = 2
export const LBA_LOW = 3
export const LBA_MID = 4
export const LBA_HIGH = 5
export const DEVICE = 6
export const COMMAND_STATUS = 7

export const STATUS_ERR = 0x01
export const STATUS_DRQ = 0x08
export const STATUS_DSC = 0x10
export const STATUS_DF = 0x20
export const STATUS_DRDY = 0x40
export const STATUS_READY: number = STATUS_DRDY | STATUS_DSC

export const ERROR_ABORTED = 0x04
export const ERROR_NOT_FOUND = 0x10
export const ERROR_UNCORRECTABLE = 0x40

export const DEVICE_SELECT = 0x10
export const DEVICE_LBA = 0x40
export const CONTROL_NO_INTERRUPT = 0x02
export const CONTROL_RESET = 0x04
/** Reads show what was written to a register before last (48-bit addresses). */
export const CONTROL_HIGH_ORDER = 0x80

/** What a device shows in LBA mid and high after a reset, by which its kind is known. */
export const SIGNATURE_DISK = 0x0000
export const SIGNATURE_PACKET = 0xeb14

/** Interrupt reason: a command packet is wanted; data goes to the host. */
export const REASON_COMMAND = 0x01
export const REASON_TO_HOST = 0x02

export const COMMAND = {
  nop: 0x00,
  deviceReset: 0x08,
  readSectors: 0x20,
  readSectorsExt: 0x24,
  readDmaExt: 0x25,
  readNativeMaxExt: 0x27,
  readMultipleExt: 0x29,
  writeSectors: 0x30,
  writeSectorsExt: 0x34,
  writeDmaExt: 0x35,
  writeMultipleExt: 0x39,
  readVerify: 0x40,
  readVerifyExt: 0x42,
  diagnostic: 0x90,
  initializeParameters: 0x91,
  packet: 0xa0,
  identifyPacket: 0xa1,
  readMultiple: 0xc4,
  writeMultiple: 0xc5,
  setMultiple: 0xc6,
  readDma: 0xc8,
  writeDma: 0xca,
  standbyImmediate: 0xe0,
  idleImmediate: 0xe1,
  standby: 0xe2,
  idle: 0xe3,
  checkPowerMode: 0xe5,
  sleep: 0xe6,
  flushCache: 0xe7,
  flushCacheExt: 0xea,
  identify: 0xec,
  setFeatures: 0xef,
  readNativeMax: 0xf8,
} as const
