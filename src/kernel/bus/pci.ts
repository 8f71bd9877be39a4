/** PCI configuration space through ports 0xcf8 and 0xcfc (PCI Local Bus 3.0 §3.2.2.3.2), capabilities and MSI-X. */
import { in32, out32, read32, write32 } from '../lib/cpu'
import { localApicId } from '../driver/local-apic'

const ADDRESS: u32 = 0xcf8
const DATA: u32 = 0xcfc

const COMMAND: u32 = 0x04
const COMMAND_MEMORY: u32 = 2
const COMMAND_MASTER: u32 = 4
const COMMAND_NO_INTX: u32 = 1 << 10
const STATUS_CAPABILITIES: u32 = 1 << 20
const FIRST_BAR: u32 = 0x10
const CAPABILITIES: u32 = 0x34
const CAPABILITY_MSIX: u32 = 0x11
const MSIX_ENABLE: u32 = 1 << 31
const MSIX_MASK_ALL: u32 = 1 << 30

/** Where BARs go that no firmware has placed. */
let nextWindow: u32 = 0xe000_0000

/** A function's address: bus in bits 16–23, device in 11–15, function in 8–10. */
export type PciFunction = u32

export function readConfig(device: PciFunction, offset: u32): u32 {
  out32(ADDRESS, 0x8000_0000 | device | (offset & 0xfc))
  return in32(DATA)
}

export function writeConfig(device: PciFunction, offset: u32, value: u32): void {
  out32(ADDRESS, 0x8000_0000 | device | (offset & 0xfc))
  out32(DATA, value)
}

/** One byte of configuration space. */
export function readConfigByte(device: PciFunction, offset: u32): u32 {
  return (readConfig(device, offset) >> ((offset & 3) << 3)) & 0xff
}

/** The first function of `vendor` whose device number is `first` or `second`; `u32.MAX_VALUE` if there is none. */
export function findFunction(vendor: u32, first: u32, second: u32): PciFunction {
  for (let bus: u32 = 0; bus < 2; bus++)
    for (let slot: u32 = 0; slot < 32; slot++)
      for (let index: u32 = 0; index < 8; index++) {
        const device = (bus << 16) | (slot << 11) | (index << 8)
        const id = readConfig(device, 0)
        if (index == 0 && id == 0xffff_ffff) break
        if ((id & 0xffff) == vendor && (id >> 16 == first || id >> 16 == second)) return device
        if (index == 0 && !(readConfig(device, 0x0c) & 0x80_0000)) break
      }
  return u32.MAX_VALUE
}

/** Lets the function answer memory accesses and do DMA; its interrupt pin stays silent. */
export function enableFunction(device: PciFunction): void {
  writeConfig(
    device,
    COMMAND,
    (readConfig(device, COMMAND) & 0xffff) | COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_INTX,
  )
}

/** Configuration offset of the next capability of kind `id` after `previous` (0: from the start); 0 if none. */
export function findCapability(device: PciFunction, id: u32, previous: u32): u32 {
  if (!(readConfig(device, COMMAND) & STATUS_CAPABILITIES)) return 0
  let at = readConfigByte(device, previous == 0 ? CAPABILITIES : previous + 1) & 0xfc
  for (let patience = 0; at != 0 && patience < 48; patience++) {
    if (readConfigByte(device, at) == id) return at
    at = readConfigByte(device, at + 1) & 0xfc
  }
  return 0
}

/** Address of memory BAR `index`, placed now if nobody has done it; 0 for one that we cannot reach. */
export function barAddress(device: PciFunction, index: u32): usize {
  const offset = FIRST_BAR + (index << 2)
  const low = readConfig(device, offset)
  if (low & 1) return 0
  const is64 = (low & 6) == 4
  const high = is64 ? readConfig(device, offset + 4) : 0
  if (high == 0 && low >> 4 >= 0x0c00_0000) return low & ~15
  writeConfig(device, offset, 0xffff_ffff)
  const size = ~(readConfig(device, offset) & ~15) + 1
  if (size == 0 || nextWindow >= 0xf800_0000) return 0
  nextWindow = (nextWindow + size - 1) & ~(size - 1)
  writeConfig(device, offset, nextWindow)
  if (is64) writeConfig(device, offset + 4, 0)
  const address = nextWindow
  nextWindow += size
  return address
}

/** Routes MSI-X entry `entry` to `vector` on this processor and turns MSI-X on. False if the device has none. */
export function routeMsix(device: PciFunction, entry: u32, vector: u32): bool {
  const capability = findCapability(device, CAPABILITY_MSIX, 0)
  if (capability == 0) return false
  const place = readConfig(device, capability + 4)
  const bar = barAddress(device, place & 7)
  if (bar == 0) return false
  const table = bar + (place & ~7) + (entry << 4)
  write32(table, 0xfee0_0000 | (localApicId() << 12))
  write32(table + 4, 0)
  write32(table + 8, vector)
  write32(table + 12, read32(table + 12) & ~1)
  const control = readConfig(device, capability)
  writeConfig(device, capability, (control & ~MSIX_MASK_ALL) | MSIX_ENABLE)
  return true
}
