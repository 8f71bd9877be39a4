/** Offsets and bits of the PCI configuration space (PCI Local Bus 3.0, chapter 6). */
export const VENDOR_ID = 0x00
export const DEVICE_ID = 0x02
export const COMMAND = 0x04
export const STATUS = 0x06
export const REVISION = 0x08
/** Three bytes: programming interface, subclass, base class. */
export const CLASS = 0x09
export const HEADER_TYPE = 0x0e
export const BAR0 = 0x10
export const SUBSYSTEM_VENDOR_ID = 0x2c
export const SUBSYSTEM_ID = 0x2e
export const EXPANSION_ROM = 0x30
export const CAPABILITIES = 0x34
export const INTERRUPT_LINE = 0x3c
export const INTERRUPT_PIN = 0x3d
/** Capabilities start behind the standard header. */
export const FIRST_CAPABILITY = 0x40
/** Conventional configuration space; the extended part of ECAM reads as zero. */
export const CONFIG_SIZE = 256

export const COMMAND_IO = 0x0001
export const COMMAND_MEMORY = 0x0002
export const COMMAND_BUS_MASTER = 0x0004
export const COMMAND_INTX_DISABLE = 0x0400

export const STATUS_INTERRUPT = 0x0008
export const STATUS_CAPABILITIES = 0x0010

export const BAR_IO = 0x1
export const ROM_ENABLE = 0x1
export const BAR_MEMORY_64 = 0x4
export const BAR_PREFETCHABLE = 0x8

export const CAP_MSI_X = 0x11
export const CAP_VENDOR = 0x09
