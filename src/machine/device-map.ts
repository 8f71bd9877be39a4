/** Where the fixed devices of the board answer: in memory, and in the port space. The local APIC, which a guest may move, maps itself. */
import type { AddressSpace } from '../devices/bus.ts'
import type { MmioDevice, PortDevice } from '../devices/device.ts'
import { FW_CFG_PORT, FW_CFG_PORTS } from '../devices/firmware/fw-cfg.ts'
import { IOAPIC_BASE, IOAPIC_BYTES } from '../devices/interrupt/ioapic.ts'
import type { PicPair } from '../devices/interrupt/pic8259.ts'
import type { PciHostBridge } from '../devices/pci/host-bridge.ts'
import { MEASURE_BYTES, MEASURE_PORT } from '../devices/platform/measure-port.ts'
import * as testdev from '../devices/platform/test-device.ts'
import { HPET_BASE, HPET_BYTES } from '../devices/time/hpet.ts'
import type { Pit8254 } from '../devices/time/pit8254.ts'
import { VGA_PORT, VGA_PORTS } from '../devices/vga/registers.ts'
import type { Vga } from '../devices/vga/vga.ts'
import { ECAM_BASE, ECAM_BYTES, VIDEO_BASE, VIDEO_BYTES } from './memory-map.ts'

export interface AddressSpaces {
  readonly mmio: AddressSpace
  readonly ports: AddressSpace
}

export interface FixedDevices {
  readonly uart: PortDevice
  readonly pit: Pit8254
  readonly rtc: PortDevice
  readonly hpet: MmioDevice
  readonly coprocessorError: PortDevice
  readonly keyboardController: PortDevice
  readonly dma: { readonly bytes: PortDevice; readonly words: PortDevice; readonly pages: PortDevice }
  readonly ioapic: MmioDevice
  readonly pics: PicPair
  readonly pci: PciHostBridge
  readonly fwCfg: PortDevice
  readonly vga: Vga
  readonly resetControl: PortDevice
  readonly systemControl: PortDevice
  readonly debugExit: PortDevice
  readonly debugPort: PortDevice
  readonly measurePort: PortDevice
}

/** What `AddressSpace.map` takes. */
type Place = readonly [base: number, length: number, name: string, device: MmioDevice]

const memoryPlaces = ({ ioapic, hpet, pci, vga }: FixedDevices): readonly Place[] => [
  [IOAPIC_BASE, IOAPIC_BYTES, 'ioapic', ioapic],
  [HPET_BASE, HPET_BYTES, 'hpet', hpet],
  [ECAM_BASE, ECAM_BYTES, 'ecam', pci.ecam],
  [VIDEO_BASE, VIDEO_BYTES, 'vga', vga.memory],
]

/** Of two at one port the first answers. */
const portPlaces = (devices: FixedDevices): readonly Place[] => [
  [0x00, 0x10, 'dma', devices.dma.bytes],
  [0xc0, 0x20, 'dma', devices.dma.words],
  [0x80, 0x10, 'dma-pages', devices.dma.pages],
  [0x20, 2, 'pic', devices.pics.primary],
  [0xa0, 2, 'pic', devices.pics.secondary],
  [0x4d0, 2, 'elcr', devices.pics.elcr],
  [0x40, 4, 'pit', devices.pit],
  [0x61, 1, 'port61', devices.pit.port61],
  [0x70, 2, 'rtc', devices.rtc],
  // Port 0x61 lies between the two of the keyboard controller, and is not its own.
  [0x60, 5, 'keyboard', devices.keyboardController],
  [VGA_PORT, VGA_PORTS, 'vga', devices.vga],
  [0x92, 1, 'port92', devices.systemControl],
  [0xf0, 2, 'coprocessor-error', devices.coprocessorError],
  [0xf4, 4, 'debug-exit', devices.debugExit],
  [MEASURE_PORT, MEASURE_BYTES, 'measure', devices.measurePort],
  [0x3f8, 8, 'uart', devices.uart],
  [FW_CFG_PORT, FW_CFG_PORTS, 'fw-cfg', devices.fwCfg],
  [0xe9, 1, 'debug', devices.debugPort],
  [0x402, 1, 'debug', devices.debugPort],
  [0xcf9, 1, 'reset', devices.resetControl],
  [0xcf8, 8, 'pci', devices.pci.ports],
]

export function mapDevices({ mmio, ports }: AddressSpaces, devices: FixedDevices): void {
  for (const place of memoryPlaces(devices)) mmio.map(...place)
  for (const place of portPlaces(devices)) ports.map(...place)
}

export function mapTestDevice({ mmio, ports }: AddressSpaces, device: testdev.TestDevice): void {
  ports.map(testdev.TEST_LATCH_PORT, 4, 'testdev', device.latch)
  ports.map(testdev.TEST_FLUSH_PORT, 4, 'testdev', device.flush)
  ports.map(testdev.TEST_BYTE_PORT, 4, 'testdev', device.byteLatch)
  ports.map(testdev.TEST_IRQ_PORT, testdev.TEST_IRQ_LINES, 'testdev', device.lines)
  mmio.map(testdev.TEST_MMIO_BASE, testdev.TEST_MMIO_BYTES, 'testdev', device.buffer)
}
