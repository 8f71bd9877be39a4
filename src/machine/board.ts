/** The board: all devices, wired. Knows nothing of the processor but a few wires. */
import { AddressSpace, allOnes } from '../devices/bus.ts'
import { createDiagnostics, type Diagnostics } from '../devices/counters.ts'
import type { AccessSize } from '../devices/device.ts'
import { GuestMemory } from '../devices/guest-memory.ts'
import type { LocalApic } from '../devices/interrupt/lapic.ts'
import type { PciFunction, PciSlot } from '../devices/pci/function.ts'
import { PciHostBridge } from '../devices/pci/host-bridge.ts'
import { FwCfg } from '../devices/firmware/fw-cfg.ts'
import { A20Gate } from '../devices/platform/a20-gate.ts'
import { AcpiPm } from '../devices/platform/acpi-pm.ts'
import { CoprocessorError } from '../devices/platform/coprocessor-error.ts'
import { DebugExit } from '../devices/platform/debug-exit.ts'
import { TestDevice } from '../devices/platform/test-device.ts'
import { MeasurePort } from '../devices/platform/measure-port.ts'
import { DebugPort } from '../devices/platform/debug-port.ts'
import { Dma8237, DmaPages } from '../devices/platform/dma8237.ts'
import { ResetControl, SystemControlPort } from '../devices/platform/reset.ts'
import { I8042 } from '../devices/keyboard/i8042.ts'
import { Ps2Keyboard } from '../devices/keyboard/ps2-keyboard.ts'
import { Ps2Mouse } from '../devices/keyboard/ps2-mouse.ts'
import { Rom } from '../devices/firmware/rom.ts'
import { SeededRandom } from '../devices/random.ts'
import type { IdeController } from '../devices/storage/ide/controller.ts'
import { Hpet } from '../devices/time/hpet.ts'
import { Pit8254 } from '../devices/time/pit8254.ts'
import { Rtc } from '../devices/time/rtc.ts'
import { Vga } from '../devices/vga/vga.ts'
import { Uart16550 } from '../devices/uart16550.ts'
import type { VirtioConsole } from '../devices/virtio/console.ts'
import type { VirtioNet } from '../devices/virtio/net/net.ts'
import type { VirtioPci } from '../devices/virtio/pci.ts'
import { bootOrderNibbles, romBase } from './bios.ts'
import type { BoardOptions } from './board-options.ts'
import { Chipset } from './chipset.ts'
import { mapDevices, mapTestDevice } from './device-map.ts'
import { type Stop, stopFor } from './exit.ts'
import { configureFirmware } from './firmware-config.ts'
import { InterruptControllers, TIMER_IRQ } from './interrupt-controllers.ts'
import { LOW_RAM_LIMIT, VIDEO_BASE, VIDEO_BYTES } from './memory-map.ts'
import { PciDevices } from './pci-devices.ts'
import { assignPciResources } from './pci-setup.ts'

const KEYBOARD_IRQ = 1
const SERIAL_IRQ = 4
const RTC_IRQ = 8
const SCI_IRQ = 9
const MOUSE_IRQ = 12
const COPROCESSOR_IRQ = 13

/** Ports below are on the ISA bus, where an access takes six to eight cycles of 8.33 MHz; software takes that for a microsecond, and waits by it. */
const ISA_PORTS = 0x1000
const ISA_ACCESS_NS = 1000

const DEFAULT_BOOT_ORDER = 'cda'

export class Board {
  readonly memory: GuestMemory
  readonly mmio: AddressSpace
  readonly ports: AddressSpace
  readonly diagnostics: Diagnostics
  readonly uart: Uart16550
  readonly lapic: LocalApic
  readonly pit: Pit8254
  readonly rtc: Rtc
  readonly coprocessorError = new CoprocessorError((level) => this.setIrq(COPROCESSOR_IRQ, level))
  readonly hpet: Hpet
  readonly pm: AcpiPm
  readonly a20: A20Gate
  readonly keyboard = new Ps2Keyboard()
  readonly #mouse = new Ps2Mouse()
  readonly keyboardController: I8042
  /** One for bytes, one for words; and their page registers. */
  readonly #dma = { bytes: new Dma8237(1), words: new Dma8237(2), pages: new DmaPages() }
  readonly pci: PciHostBridge
  readonly chipset: Chipset
  readonly fwCfg: FwCfg
  readonly vga: Vga
  readonly net: VirtioNet | null
  readonly console: VirtioConsole | null
  readonly #resetControl = new ResetControl(() => this.#resetLine())
  readonly #systemControl: SystemControlPort
  readonly #testDevice: TestDevice | null = null
  /** Set once the guest has ended the run. */
  stopped: Stop | null = null
  /** Something has happened that wakes a machine that sleeps; `resume` clears it. */
  wakePending = false
  /** Set when the guest has pulled the reset line of a machine that starts again; `reset` clears it. */
  resetPending = false
  readonly #options: BoardOptions
  readonly #random: SeededRandom
  readonly #interrupts: InterruptControllers
  readonly #pciDevices: PciDevices

  constructor(options: BoardOptions) {
    this.#options = options
    const { clock, processor } = options
    const diagnostics = createDiagnostics(options.onWarning)
    this.diagnostics = diagnostics
    this.memory = new GuestMemory(options.ram, options.ramRanges, diagnostics.counters)
    this.memory.onWrite = (gpa, length) => processor.ramWritten(gpa, length)
    this.mmio = new AddressSpace('mmio', diagnostics.counters)
    this.ports = new AddressSpace('port', diagnostics.counters)
    this.#random = new SeededRandom(options.seed)

    const { memory, mmio } = this
    this.#interrupts = new InterruptControllers({ clock, processor, memory, mmio, diagnostics })
    this.lapic = this.#interrupts.lapic
    this.uart = new Uart16550(options.serial, (level) => this.setIrq(SERIAL_IRQ, level), diagnostics)
    this.hpet = this.#createHpet()
    this.pit = new Pit8254(clock, (level) => this.#timerIrq(TIMER_IRQ, level), diagnostics)
    this.rtc = new Rtc(this.#describeRam(), clock, (level) => {
      this.pm.rtcInterrupt(level)
      this.#timerIrq(RTC_IRQ, level)
    })
    this.pm = this.#createPm()
    this.a20 = new A20Gate((isOpen) => processor.setA20(isOpen))
    this.#systemControl = new SystemControlPort(this.a20, () => this.#resetLine())
    this.keyboardController = new I8042(this.keyboard, this.#mouse, {
      keyboardInterrupt: (level) => this.setIrq(KEYBOARD_IRQ, level),
      mouseInterrupt: (level) => this.setIrq(MOUSE_IRQ, level),
      a20: this.a20,
      reset: () => this.#resetLine(),
    })
    this.pci = new PciHostBridge()
    this.chipset = new Chipset({
      memory: this.memory,
      pci: this.pci,
      pm: this.pm,
      slot: (slot) => this.#slot(slot),
      setIrq: (irq, level) => this.setIrq(irq, level),
      setPages: (gpa, length, kind) => processor.setPages(gpa, length, kind),
    })
    this.fwCfg = new FwCfg(this.memory, diagnostics)
    this.vga = new Vga(clock)
    processor.setPages(VIDEO_BASE, VIDEO_BYTES, 'device')
    mapDevices(this, {
      uart: this.uart,
      pit: this.pit,
      rtc: this.rtc,
      hpet: this.hpet,
      coprocessorError: this.coprocessorError,
      keyboardController: this.keyboardController,
      dma: this.#dma,
      ioapic: this.#interrupts.ioapic,
      pics: this.#interrupts.pics,
      pci: this.pci,
      fwCfg: this.fwCfg,
      vga: this.vga,
      resetControl: this.#resetControl,
      systemControl: this.#systemControl,
      debugExit: new DebugExit((status) => this.#debugExit(status)),
      debugPort: new DebugPort(options.firmwareLog ?? (() => {})),
      measurePort: new MeasurePort((id) => options.onMark?.(id)),
    })
    if (options.devices?.includes('pc-testdev')) {
      this.#testDevice = this.#createTestDevice()
      mapTestDevice(this, this.#testDevice)
    }

    this.#pciDevices = new PciDevices(options, {
      pci: this.pci,
      memory: this.memory,
      slot: (slot) => this.#slot(slot),
      setIrq: (irq, level) => this.setIrq(irq, level),
      random: this.#random,
    })
    this.net = this.#pciDevices.net
    this.console = this.#pciDevices.console
    this.#configureFirmware()
    if (options.bios === undefined) {
      this.#setUpAsFirmware()
    } else {
      this.#showBios(options.bios.image)
    }
  }

  /** ISA interrupt `irq`, at the IOAPIC and at the 8259 pair. */
  setIrq(irq: number, asserted: boolean): void {
    this.#interrupts.setIrq(irq, asserted)
  }

  /** Ends the run, with the first reason that is given. */
  stop(stop: Stop): void {
    this.stopped ??= stop
    this.#options.processor.interruptRun()
  }

  mmioRead(gpa: number, size: number): number {
    return this.mmio.read(gpa, size as AccessSize)
  }

  mmioRead64(gpa: number): bigint {
    const low = this.mmio.read(gpa, 4)
    return (BigInt(this.mmio.read(gpa + 4, 4)) << 32n) | BigInt(low)
  }

  mmioWrite(gpa: number, size: number, value: number): void {
    this.mmio.write(gpa, size as AccessSize, value)
  }

  mmioWrite64(gpa: number, value: bigint): void {
    this.mmio.write(gpa, 4, Number(value & 0xffff_ffffn))
    this.mmio.write(gpa + 4, 4, Number((value >> 32n) & 0xffff_ffffn))
  }

  ioRead(port: number, size: number): number {
    if (port < ISA_PORTS) this.#options.clock.addBusWait(ISA_ACCESS_NS)
    // A port space of 64 KiB does not wrap.
    return port + size > 0x1_0000 ? allOnes(size as AccessSize) : this.ports.read(port, size as AccessSize)
  }

  ioWrite(port: number, size: number, value: number): void {
    if (port < ISA_PORTS) this.#options.clock.addBusWait(ISA_ACCESS_NS)
    if (port + size <= 0x1_0000) this.ports.write(port, size as AccessSize, value)
  }

  /** The processor takes an interrupt: its vector. */
  acknowledgeInterrupt(): number {
    return this.lapic.acknowledge()
  }

  apicRead(msr: number): bigint {
    return this.lapic.readMsr(msr)
  }

  apicWrite(msr: number, value: bigint): void {
    this.lapic.writeMsr(msr, value)
  }

  /** 64 random bits for RDRAND and RDSEED. */
  random(): bigint {
    const bytes = new Uint8Array(8)
    this.#random.generate(bytes)
    return new DataView(bytes.buffer).getBigUint64(0, true)
  }

  /** The machine is switched off and on again, but for its RAM, its clock and its CMOS memory. */
  reset(): void {
    this.pm.reset()
    this.#resetDevices()
  }

  /** The machine wakes: as after a reset, but that firmware finds out why, and boots nothing. */
  resume(): void {
    const { hostBridge } = this.chipset
    const { pam } = hostBridge
    this.pm.resume()
    this.#resetDevices()
    this.rtc.setResumes()
    if (this.#options.bios === undefined) this.#setUpAsFirmware()
    // Shadow RAM stays in its place, as on QEMU: there a BIOS finds that it has run before, and looks for the reason.
    else hostBridge.pam = pam
  }

  #resetDevices(): void {
    this.resetPending = false
    this.wakePending = false
    const { uart, pit, rtc, hpet, pci, fwCfg, vga, a20, keyboardController } = this
    const { bytes, words, pages } = this.#dma
    const chips = [uart, pit, rtc, hpet, pci, fwCfg, vga, a20, keyboardController, bytes, words, pages]
    for (const chip of chips) chip.reset()
    this.#pciDevices.reset()
    this.#resetControl.reset()
    this.#systemControl.reset()
    for (const [, fn] of pci.functions) fn.reset()
    this.#interrupts.reset()
  }

  #setUpAsFirmware(): void {
    this.chipset.setUp()
    this.keyboardController.setUp()
    assignPciResources(this.pci)
  }

  /** Everything that is not in RAM, not in the processor and not on a disk. */
  save(): Record<string, unknown> {
    return Object.fromEntries(this.#parts().map(([name, part]) => [name, part.save()]))
  }

  load(state: Record<string, unknown>): void {
    for (const [name, part] of this.#parts()) part.load(state[name] as never)
  }

  /** What identifies the disks, or is on them. */
  saveMedia(): unknown[] {
    return (this.#options.drives ?? []).map(({ disk }) => disk.save())
  }

  /** Throws a BlockError when a disk is not what it was. */
  loadMedia(state: readonly unknown[]): void {
    for (const [i, { disk }] of (this.#options.drives ?? []).entries()) disk.load(state[i])
  }

  #parts(): [name: string, part: { save(): unknown; load(state: never): void }][] {
    const { clock } = this.#options
    const { pics, ioapic, lapic } = this.#interrupts
    const { ide, virtio } = this.#pciDevices
    return [
      ['clock', clock],
      ['random', this.#random],
      ['uart', this.uart],
      ['pit', this.pit],
      ['rtc', this.rtc],
      ['hpet', this.hpet],
      ['coprocessor-error', this.coprocessorError],
      ['a20', this.a20],
      ['reset-control', this.#resetControl],
      ['system-control', this.#systemControl],
      ['keyboard', this.keyboard],
      ['mouse', this.#mouse],
      ['keyboard-controller', this.keyboardController],
      ['dma', this.#dma.bytes],
      ['dma16', this.#dma.words],
      ['dma-pages', this.#dma.pages],
      ['pm', this.pm],
      ['pci', this.pci],
      ...(this.#testDevice ? [['testdev', this.#testDevice] as [string, TestDevice]] : []),
      ['fw-cfg', this.fwCfg],
      ['vga', this.vga],
      ...(ide ? [['ide', ide] as [string, IdeController]] : []),
      // Before the bridge, which shows what it says.
      ['shadow-ram', this.chipset.shadow],
      ...this.pci.functions.map(([, fn], i): [string, PciFunction] => [`pci${i}`, fn]),
      ...virtio.map((device, i): [string, VirtioPci] => [`virtio${i}`, device]),
      // Last, so that lines that devices drive while they load change nothing here.
      ['pics', pics],
      ['ioapic', ioapic],
      ['lapic', lapic],
      ['timers', clock.timers],
    ]
  }

  /** An interrupt of 8254 or real-time clock, unless the HPET stands in for them. */
  #timerIrq(irq: number, level: boolean): void {
    if (!this.hpet.isLegacy) this.setIrq(irq, level)
  }

  #createHpet(): Hpet {
    return new Hpet(
      this.#options.clock,
      {
        pin: (pin, level) => this.#interrupts.ioapic.setLine(pin, level),
        irq: (irq, level) => this.setIrq(irq, level),
        msi: (address, data) => this.#interrupts.sendMsi(address, data),
        legacy: () => {
          for (const irq of [TIMER_IRQ, RTC_IRQ]) this.setIrq(irq, false)
        },
      },
      this.diagnostics,
    )
  }

  #createPm(): AcpiPm {
    const { clock, processor } = this.#options
    return new AcpiPm(
      clock,
      {
        sci: (level) => this.setIrq(SCI_IRQ, level),
        powerOff: () => this.stop(stopFor('power-off', 'the guest switched the machine off')),
        sleep: () => processor.interruptRun(),
        wake: () => (this.wakePending = true),
      },
      this.diagnostics,
    )
  }

  #createTestDevice(): TestDevice {
    const { ioapic } = this.#interrupts
    return new TestDevice((line, asserted) =>
      line < 16 ? this.setIrq(line, asserted) : ioapic.setLine(line, asserted),
    )
  }

  #debugExit(status: number): void {
    this.stop({ reason: 'debug-exit', status, message: `the guest ended with status ${status}` })
  }

  #describeRam(): { epochMs: number; lowRamBytes: number; highRamBytes: number } {
    const bytes = this.#ramBytes
    const lowRamBytes = Math.min(bytes, LOW_RAM_LIMIT)
    return { epochMs: this.#options.epochMs, lowRamBytes, highRamBytes: bytes - lowRamBytes }
  }

  #resetLine(): void {
    const { bios, reboots, processor } = this.#options
    if (bios === undefined || reboots === false)
      return this.stop(stopFor('reset', 'the guest reset the machine'))
    this.resetPending = true
    processor.interruptRun()
  }

  get #ramBytes(): number {
    return this.#options.ramRanges.reduce((sum, range) => sum + range.length, 0)
  }

  #configureFirmware(): void {
    const { bios } = this.#options
    configureFirmware(this.fwCfg, {
      ramBytes: this.#ramBytes,
      processors: 1,
      serialConsole: bios?.serialConsole ?? true,
      bootMenu: bios?.bootMenu ?? false,
      ...(bios?.vgaBios === undefined ? {} : { vgaBios: bios.vgaBios }),
    })
    this.rtc.setBootOrder(bootOrderNibbles(bios?.bootOrder ?? DEFAULT_BOOT_ORDER))
  }

  /** The ROM lies at the end of the first 4 GiB; the end of it below 1 MiB, too. */
  #showBios(image: Uint8Array): void {
    const base = romBase(image.length)
    this.mmio.map(base, image.length, 'bios', new Rom(image))
    this.#options.processor.addRom(base, image)
    this.chipset.showBios(image)
  }

  #slot(slot: number): PciSlot {
    return {
      memory: this.mmio,
      ports: this.ports,
      msi: (address, data) => this.#interrupts.sendMsi(address, data),
      intx: (asserted) => this.chipset.isaBridge.setPin(slot, 1, asserted),
      diagnostics: this.diagnostics,
    }
  }
}
