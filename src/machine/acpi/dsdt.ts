/** The differentiated system description: what hangs where, and which interrupt a PCI slot has. */
import { S5_SLEEP_TYPE } from '../../devices/platform/acpi-pm.ts'
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
  const sleep = aml.integer(S5_SLEEP_TYPE)
  return Uint8Array.from([
    ...aml.scope('\\_SB', describePci(), describeEcam(), describeSerial(), describeClock()),
    ...aml.name('\\_S5', aml.packageOf(sleep, sleep, aml.integer(0), aml.integer(0))),
  ])
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
