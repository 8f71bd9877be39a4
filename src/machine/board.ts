/** The board: all devices, wired. Knows nothing of the processor but a few wires. */
import { AddressSpace, allOnes, type Mapping } from '../devices/bus.ts'
import { createDiagnostics, type Diagnostics } from '../devices/counters.ts'
import type { AccessSize } from '../devices/device.ts'
import { GuestMemory, type RamRange } from '../devices/guest-memory.ts'
import { IoApic, IOAPIC_BASE, IOAPIC_BYTES } from '../devices/interrupt/ioapic.ts'
import { LAPIC_BASE, LAPIC_BYTES, LocalApic } from '../devices/interrupt/lapic.ts'
import { type InterruptMessage, parseMsi } from '../devices/interrupt/message.ts'
import { PicPair } from '../devices/interrupt/pic8259.ts'
import type { PciFunction, PciSlot } from '../devices/pci/function.ts'
import { PciHostBridge } from '../devices/pci/host-bridge.ts'
import { FW_CFG_PORT, FW_CFG_PORTS, FwCfg } from '../devices/firmware/fw-cfg.ts'
import { A20Gate } from '../devices/platform/a20-gate.ts'
import { AcpiPm } from '../devices/platform/acpi-pm.ts'
import { CoprocessorError } from '../devices/platform/coprocessor-error.ts'
import { DebugExit } from '../devices/platform/debug-exit.ts'
import * as testdev from '../devices/platform/test-device.ts'
import { MEASURE_BYTES, MEASURE_PORT, MeasurePort } from '../devices/platform/measure-port.ts'
import { DebugPort } from '../devices/platform/debug-port.ts'
import { Dma8237, DmaPages } from '../devices/platform/dma8237.ts'
import { ResetControl, SystemControlPort } from '../devices/platform/reset.ts'
import { I8042 } from '../devices/keyboard/i8042.ts'
import { Ps2Keyboard } from '../devices/keyboard/ps2-keyboard.ts'
import { Ps2Mouse } from '../devices/keyboard/ps2-mouse.ts'
import { Rom } from '../devices/firmware/rom.ts'
import { SeededRandom } from '../devices/random.ts'
import { IDE_IRQS, IdeController } from '../devices/storage/ide/controller.ts'
import { Hpet, HPET_BASE, HPET_BYTES } from '../devices/time/hpet.ts'
import { Pit8254 } from '../devices/time/pit8254.ts'
import { Rtc } from '../devices/time/rtc.ts'
import { VGA_PORT, VGA_PORTS } from '../devices/vga/registers.ts'
import { Vga } from '../devices/vga/vga.ts'
import { Uart16550 } from '../devices/uart16550.ts'
import { VirtioBlock } from '../devices/virtio/block/block.ts'
import { VirtioConsole } from '../devices/virtio/console.ts'
import type { FileTree } from '../devices/virtio/ninep/file-tree.ts'
import { Virtio9p } from '../devices/virtio/ninep/ninep.ts'
import { type FramePort, VirtioNet } from '../devices/virtio/net/net.ts'
import { VirtioPci } from '../devices/virtio/pci.ts'
import { VirtioRng } from '../devices/virtio/rng.ts'
import type { PageKind } from '../cpu/page-flags.ts'
import { type BiosOptions, bootOrderNibbles, romBase } from './bios.ts'
import { Chipset, SOUTH_BRIDGE_SLOT } from './chipset.ts'
import type { Clock } from './clock.ts'
import { type Stop, stopFor } from './exit.ts'
import { ECAM_BASE, ECAM_BYTES, LOW_RAM_LIMIT, VIDEO_BASE, VIDEO_BYTES } from './memory-map.ts'
import type { OptionalDevice } from './optional-devices.ts'
import type { AttachedDrive } from './drive.ts'
import { attachIde } from './ide.ts'
import { configureFirmware } from './firmware-config.ts'
import { assignPciResources } from './pci-setup.ts'

const TIMER_IRQ = 0
/** ISA interrupt 0 is wired to pin 2 of the IOAPIC. */
const TIMER_PIN = 2
const KEYBOARD_IRQ = 1
const SERIAL_IRQ = 4
const SCI_IRQ = 9
const MOUSE_IRQ = 12
const RTC_IRQ = 8
const COPROCESSOR_IRQ = 13

/** Ports below are on the ISA bus, where an access takes six to eight cycles of 8.33 MHz; software takes that for a microsecond, and waits by it. */
const ISA_PORTS = 0x1000
const ISA_ACCESS_NS = 1000

const IDE_FUNCTION = 1
const DEFAULT_BOOT_ORDER = 'cda'

export const NET_SLOT = 2
export const RNG_SLOT = 3
const CONSOLE_SLOT = 4
/** Where what the user adds is plugged in: up to 16 disks, then shared folders. */
const FIRST_FREE_SLOT = 8
const FIRST_SHARE_SLOT = 24

/** The processor, as far as the board pulls at it. */
export interface ProcessorWires {
  /** Whether an interrupt waits (INTR). May be called from within a bus access. */
  setInterrupt(pending: boolean): void
  nmi(): void
  /** Something happened after which the run should end soon: the machine stops, or a timer was set. */
  interruptRun(): void
  /** A device is about to change RAM. */
  ramWritten(gpa: number, length: number): void
  /** Guest time-stamp counter minus virtual nanoseconds. */
  tscOffset(): bigint
  /** What CR8 reads. */
  setTaskPriority(value: number): void
  /** What answers at whole pages below the end of RAM. */
  setPages(gpa: number, length: number, kind: PageKind): void
  /** Whether bit 20 of physical addresses passes. */
  setA20(isOpen: boolean): void
  /** Whole pages outside RAM that never change. */
  addRom(gpa: number, bytes: Uint8Array): void
}

export interface BoardOptions {
  readonly clock: Clock
  readonly ram: ArrayBufferLike
  readonly ramRanges: readonly RamRange[]
  readonly processor: ProcessorWires
  /** 32 bytes from which everything random on the board follows. */
  readonly seed: Uint8Array
  /** Calendar time at power-on, ms since 1970. */
  readonly epochMs: number
  readonly serial: (byte: number) => void
  readonly net?: { readonly port: FramePort; readonly mac: Uint8Array; readonly queuePairs?: number }
  /** Devices that a PC does not have by itself. */
  readonly devices?: readonly OptionalDevice[]
  /** The guest marks a place where it is measured. */
  readonly onMark?: (id: number) => void
  /** Given what the guest prints on a virtio console; without it there is none. */
  readonly console?: (bytes: Uint8Array) => void
  readonly drives?: readonly AttachedDrive[]
  /** A machine with a BIOS starts again when it is reset; otherwise, and without one, that ends it. Default true. */
  readonly reboots?: boolean
  /** Folders that the guest may mount (9P). */
  readonly shares?: readonly { readonly tag: string; readonly tree: FileTree }[]
  /** The machine starts with a BIOS, which finds everything as it is after power-on. */
  readonly bios?: BiosOptions
  /** What firmware writes to its debug ports. */
  readonly firmwareLog?: (byte: number) => void
  readonly onWarning?: (text: string) => void
}

export class Board {
  readonly memory: GuestMemory
  readonly mmio: AddressSpace
  readonly ports: AddressSpace
  readonly diagnostics: Diagnostics
  readonly uart: Uart16550
  readonly lapic: LocalApic
  readonly ioapic: IoApic
  readonly pics: PicPair
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
  readonly net: VirtioNet | null = null
  readonly console: VirtioConsole | null = null
  #ide: IdeController | null = null
  readonly #resetControl = new ResetControl(() => this.#resetLine())
  readonly #systemControl: SystemControlPort
  #testDevice: testdev.TestDevice | null = null
  #lapicMapping: Mapping | null = null
  /** Set once the guest has ended the run. */
  stopped: Stop | null = null
  /** Something has happened that wakes a machine that sleeps; `resume` clears it. */
  wakePending = false
  /** Set when the guest has pulled the reset line of a machine that starts again; `reset` clears it. */
  resetPending = false
  readonly #options: BoardOptions
  readonly #random: SeededRandom
  readonly #virtio: VirtioPci[] = []

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

    this.lapic = this.#createLapic()
    this.ioapic = new IoApic((message) => this.#send(message), diagnostics)
    this.pics = new PicPair((asserted) => this.lapic.setLint0(asserted))
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
    this.#mapDevices()
    if (options.devices?.includes('pc-testdev')) this.#plugTestDevice()

    if (options.net !== undefined) this.net = this.#plugNet(options.net)
    this.#plug(RNG_SLOT, (slot) => new VirtioPci(new VirtioRng(this.#split()), this.memory, slot))
    if (options.console !== undefined) this.console = this.#plugConsole(options.console)
    this.#plugDisks()
    this.#plugShares()
    this.#configureFirmware()
    if (options.bios === undefined) {
      this.#setUpAsFirmware()
    } else {
      this.#showBios(options.bios.image)
    }
  }

  /** ISA interrupt `irq`, at the IOAPIC and at the 8259 pair. */
  setIrq(irq: number, asserted: boolean): void {
    this.ioapic.setLine(irq === TIMER_IRQ ? TIMER_PIN : irq, asserted)
    this.pics.setLine(irq, asserted)
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
    const { uart, pit, rtc, hpet, pci, fwCfg, pics, ioapic, lapic, vga, a20, keyboardController } = this
    const { bytes, words, pages } = this.#dma
    const chips = [uart, pit, rtc, hpet, pci, fwCfg, vga, a20, keyboardController, bytes, words, pages]
    for (const device of [...chips, this.#ide, ...this.#virtio]) device?.reset()
    this.#resetControl.reset()
    this.#systemControl.reset()
    for (const [, fn] of pci.functions) fn.reset()
    for (const controller of [pics, ioapic, lapic]) controller.reset()
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
      ...(this.#testDevice ? [['testdev', this.#testDevice] as [string, testdev.TestDevice]] : []),
      ['fw-cfg', this.fwCfg],
      ['vga', this.vga],
      ...(this.#ide ? [['ide', this.#ide] as [string, IdeController]] : []),
      // Before the bridge, which shows what it says.
      ['shadow-ram', this.chipset.shadow],
      ...this.pci.functions.map(([, fn], i): [string, PciFunction] => [`pci${i}`, fn]),
      ...this.#virtio.map((device, i): [string, VirtioPci] => [`virtio${i}`, device]),
      // Last, so that lines that devices drive while they load change nothing here.
      ['pics', this.pics],
      ['ioapic', this.ioapic],
      ['lapic', this.lapic],
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
        pin: (pin, level) => this.ioapic.setLine(pin, level),
        irq: (irq, level) => this.setIrq(irq, level),
        msi: (address, data) => this.#sendMsi(address, data),
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

  #createLapic(): LocalApic {
    const { clock, processor } = this.#options
    return new LocalApic(
      0,
      clock,
      {
        intr: (asserted) => processor.setInterrupt(asserted),
        nmi: () => processor.nmi(),
        startup: () => this.diagnostics.warnings.text('INIT and STARTUP messages find no other processor'),
        endOfInterrupt: (vector) => this.ioapic.endOfInterrupt(vector),
        send: (message, exceptSelf) => {
          if (!exceptSelf) this.#send(message)
        },
        acknowledgeExtInt: () => this.pics.acknowledge(),
        tscOffset: () => processor.tscOffset(),
        moved: (gpa) => this.#moveLapic(gpa),
        taskPriority: (value) => processor.setTaskPriority(value),
      },
      this.diagnostics,
    )
  }

  #send(message: InterruptMessage): void {
    if (this.lapic.accepts(message.destination, message.isLogical)) this.lapic.deliver(message)
    else this.diagnostics.counters.count('interrupt.no-destination')
  }

  #sendMsi(address: number, data: number): void {
    const message = parseMsi(address, data)
    if (message !== null) this.#send(message)
    else if (this.memory.contains(address, 4)) this.memory.writeU32(address, data)
    else this.diagnostics.counters.count('msi.bad-address')
  }

  #mapDevices(): void {
    const { mmio, ports } = this
    this.#lapicMapping = mmio.map(LAPIC_BASE, LAPIC_BYTES, 'lapic', this.lapic)
    mmio.map(IOAPIC_BASE, IOAPIC_BYTES, 'ioapic', this.ioapic)
    mmio.map(HPET_BASE, HPET_BYTES, 'hpet', this.hpet)
    mmio.map(ECAM_BASE, ECAM_BYTES, 'ecam', this.pci.ecam)
    ports.map(0x00, 0x10, 'dma', this.#dma.bytes)
    ports.map(0xc0, 0x20, 'dma', this.#dma.words)
    ports.map(0x80, 0x10, 'dma-pages', this.#dma.pages)
    ports.map(0x20, 2, 'pic', this.pics.primary)
    ports.map(0xa0, 2, 'pic', this.pics.secondary)
    ports.map(0x4d0, 2, 'elcr', this.pics.elcr)
    ports.map(0x40, 4, 'pit', this.pit)
    ports.map(0x61, 1, 'port61', this.pit.port61)
    ports.map(0x70, 2, 'rtc', this.rtc)
    // Port 0x61 lies between the two of the keyboard controller, and was mapped before.
    ports.map(0x60, 5, 'keyboard', this.keyboardController)
    mmio.map(VIDEO_BASE, VIDEO_BYTES, 'vga', this.vga.memory)
    ports.map(VGA_PORT, VGA_PORTS, 'vga', this.vga)
    ports.map(0x92, 1, 'port92', this.#systemControl)
    ports.map(0xf0, 2, 'coprocessor-error', this.coprocessorError)
    ports.map(0xf4, 4, 'debug-exit', new DebugExit((status) => this.#debugExit(status)))
    ports.map(MEASURE_PORT, MEASURE_BYTES, 'measure', new MeasurePort((id) => this.#options.onMark?.(id)))
    ports.map(0x3f8, 8, 'uart', this.uart)
    ports.map(FW_CFG_PORT, FW_CFG_PORTS, 'fw-cfg', this.fwCfg)
    const debugPort = new DebugPort(this.#options.firmwareLog ?? (() => {}))
    for (const port of [0xe9, 0x402]) ports.map(port, 1, 'debug', debugPort)
    ports.map(0xcf9, 1, 'reset', this.#resetControl)
    ports.map(0xcf8, 8, 'pci', this.pci.ports)
  }

  #moveLapic(gpa: number): void {
    if (this.#lapicMapping === null || this.#lapicMapping.base === gpa) return
    this.mmio.unmap(this.#lapicMapping)
    this.#lapicMapping = this.mmio.map(gpa, LAPIC_BYTES, 'lapic', this.lapic)
  }

  #plugTestDevice(): void {
    const { mmio, ports } = this
    const device = new testdev.TestDevice((line, asserted) =>
      line < 16 ? this.setIrq(line, asserted) : this.ioapic.setLine(line, asserted),
    )
    ports.map(testdev.TEST_LATCH_PORT, 4, 'testdev', device.latch)
    ports.map(testdev.TEST_FLUSH_PORT, 4, 'testdev', device.flush)
    ports.map(testdev.TEST_BYTE_PORT, 4, 'testdev', device.byteLatch)
    ports.map(testdev.TEST_IRQ_PORT, testdev.TEST_IRQ_LINES, 'testdev', device.lines)
    mmio.map(testdev.TEST_MMIO_BASE, testdev.TEST_MMIO_BYTES, 'testdev', device.buffer)
    this.#testDevice = device
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

  #plugNet(net: NonNullable<BoardOptions['net']>): VirtioNet {
    const { port, mac, queuePairs } = net
    const device = new VirtioNet({ port, mac, queuePairs: queuePairs ?? 4 })
    this.#plug(NET_SLOT, (slot) => new VirtioPci(device, this.memory, slot))
    return device
  }

  #plugConsole(output: (bytes: Uint8Array) => void): VirtioConsole {
    const device = new VirtioConsole(output)
    this.#plug(CONSOLE_SLOT, (slot) => new VirtioPci(device, this.memory, slot))
    return device
  }

  #plugDisks(): void {
    const { clock: time, drives = [] } = this.#options
    for (const [i, drive] of drives.filter(({ bus }) => bus === 'virtio').entries())
      this.#plug(
        FIRST_FREE_SLOT + i,
        (slot) => new VirtioPci(new VirtioBlock({ ...drive, time }), this.memory, slot),
      )
    if (drives.some(({ bus }) => bus !== 'virtio')) this.#plugIde(drives)
  }

  #plugIde(drives: readonly AttachedDrive[]): void {
    const lines = IDE_IRQS.map((irq) => (level: boolean) => this.setIrq(irq, level))
    this.#ide = new IdeController(attachIde(drives), this.memory, this.#slot(SOUTH_BRIDGE_SLOT), lines)
    this.pci.plug(SOUTH_BRIDGE_SLOT, this.#ide.fn, IDE_FUNCTION)
  }

  #plugShares(): void {
    for (const [i, { tag, tree }] of (this.#options.shares ?? []).entries())
      this.#plug(FIRST_SHARE_SLOT + i, (slot) => new VirtioPci(new Virtio9p(tag, tree), this.memory, slot))
  }

  #plug(slot: number, create: (slot: PciSlot) => VirtioPci): void {
    const device = create(this.#slot(slot))
    this.#virtio.push(device)
    this.pci.plug(slot, device.fn)
  }

  #slot(slot: number): PciSlot {
    return {
      memory: this.mmio,
      ports: this.ports,
      msi: (address, data) => this.#sendMsi(address, data),
      intx: (asserted) => this.chipset.isaBridge.setPin(slot, 1, asserted),
      diagnostics: this.diagnostics,
    }
  }

  /** A generator of its own for one device, so that one's appetite does not change what another gets. */
  #split(): SeededRandom {
    const seed = new Uint8Array(32)
    this.#random.generate(seed)
    return new SeededRandom(seed)
  }
}
