/** The differentiated system description: what hangs where, and which interrupt a PCI slot has. */
import { S3_SLEEP_TYPE, S5_SLEEP_TYPE } from '../../devices/platform/acpi-pm.ts'
import { HPET_BASE, HPET_BYTES } from '../../devices/time/hpet.ts'
import {
  ECAM_BASE,
  ECAM_BYTES,
  PCI_HIGH_WINDOW_BASE,
  PCI_HIGH_WINDOW_END,
  PCI_WINDOW_BASE,
  PCI_WINDOW_END,
  VIDEO_BASE,
  VIDEO_BYTES,
} from '../memory-map.ts'
import { pciInterrupt } from '../pci-interrupts.ts'
import * as aml from './aml.ts'

const PCI_DEVICES = 32

/** The AML behind the header of the DSDT. */
export function describeSystem(): Uint8Array {
  const devices = [
    describePci(),
    describeEcam(),
    describeSerial(),
    describeClock(),
    describeHpet(),
    describeKeyboard(),
    describeMouse(),
  ]
  return Uint8Array.from([
    ...aml.scope('\\_SB', ...devices),
    ...aml.name('\\_S3', sleepPackage(S3_SLEEP_TYPE)),
    ...aml.name('\\_S5', sleepPackage(S5_SLEEP_TYPE)),
  ])
}

function sleepPackage(type: number): aml.Aml {
  return aml.packageOf(aml.integer(type), aml.integer(type), aml.integer(0), aml.integer(0))
}

function describePci(): aml.Aml {
  const routes = Array.from({ length: PCI_DEVICES }, (_, slot) =>
    aml.packageOf(
      aml.integer(slot * 0x1_0000 + 0xffff),
      aml.integer(0),
      aml.integer(0),
      aml.integer(pciInterrupt(slot)),
    ),
  )
  return aml.device(
    'PCI0',
    aml.name('_HID', aml.eisaId('PNP0A08')),
    aml.name('_CID', aml.eisaId('PNP0A03')),
    aml.name('_UID', aml.integer(0)),
    aml.name('_BBN', aml.integer(0)),
    aml.name(
      '_CRS',
      aml.resources(
        aml.addressSpace(2, 2, 0, 0),
        aml.ioPorts(0xcf8, 8),
        aml.addressSpace(1, 2, 0, 0xcf7),
        aml.addressSpace(1, 2, 0xd00, 0xffff),
        aml.addressSpace(0, 4, VIDEO_BASE, VIDEO_BASE + VIDEO_BYTES - 1),
        aml.addressSpace(0, 4, PCI_WINDOW_BASE, PCI_WINDOW_END - 1),
        aml.addressSpace(0, 4, PCI_HIGH_WINDOW_BASE, PCI_HIGH_WINDOW_END - 1),
      ),
    ),
    aml.name('_PRT', aml.packageOf(...routes)),
  )
}

/** The memory-mapped configuration space belongs to the board. */
function describeEcam(): aml.Aml {
  return aml.device(
    'MBRS',
    aml.name('_HID', aml.eisaId('PNP0C02')),
    aml.name('_UID', aml.integer(1)),
    aml.name('_CRS', aml.resources(aml.memory32(ECAM_BASE, ECAM_BYTES, true))),
  )
}

function describeSerial(): aml.Aml {
  return aml.device(
    'COM1',
    aml.name('_HID', aml.eisaId('PNP0501')),
    aml.name('_UID', aml.integer(1)),
    aml.name('_CRS', aml.resources(aml.ioPorts(0x3f8, 8), aml.irq(4))),
  )
}

function describeClock(): aml.Aml {
  return aml.device(
    'RTC',
    aml.name('_HID', aml.eisaId('PNP0B00')),
    aml.name('_CRS', aml.resources(aml.ioPorts(0x70, 2), aml.irq(8))),
  )
}

function describeHpet(): aml.Aml {
  return aml.device(
    'HPET',
    aml.name('_HID', aml.eisaId('PNP0103')),
    aml.name('_UID', aml.integer(0)),
    aml.name('_CRS', aml.resources(aml.memory32(HPET_BASE, HPET_BYTES, false))),
  )
}

function describeKeyboard(): aml.Aml {
  return aml.device(
    'KBD',
    aml.name('_HID', aml.eisaId('PNP0303')),
    aml.name('_CRS', aml.resources(aml.ioPorts(0x60, 1), aml.ioPorts(0x64, 1), aml.irq(1))),
  )
}

function describeMouse(): aml.Aml {
  return aml.device(
    'MOU',
    aml.name('_HID', aml.eisaId('PNP0F13')),
    aml.name('_CRS', aml.resources(aml.irq(12))),
  )
}
