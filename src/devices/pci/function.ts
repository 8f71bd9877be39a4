import type { AddressSpace, Mapping } from '../bus.ts'
import type { Diagnostics } from '../counters.ts'
import type { AccessSize, InterruptLine, MmioDevice, MsiSink } from '../device.ts'
import * as reg from './registers.ts'

/** What a function needs from the board it is plugged into. */
export interface PciSlot {
  readonly memory: AddressSpace
  readonly ports: AddressSpace
  readonly msi: MsiSink
  /** INTA# of the slot, active while asserted. */
  readonly intx: InterruptLine
  readonly diagnostics: Diagnostics
}

export interface PciIdentity {
  readonly vendor: number
  readonly device: number
  readonly revision?: number
  /** Base class, subclass, programming interface in one number: 0x020000 is an Ethernet controller. */
  readonly classCode: number
  readonly subsystemVendor?: number
  readonly subsystem?: number
}

export interface BarOptions {
  readonly kind: 'memory32' | 'memory64' | 'io'
  /** A power of two, at least 16 for memory and 4 for ports. */
  readonly size: number
  readonly device: MmioDevice
}

interface Bar extends BarOptions {
  readonly index: number
  mapping: Mapping | null
}

export interface PciFunctionState {
  config: Uint8Array
  intx: boolean
}

/**
 * One PCI function: its configuration space, its BARs, its interrupt pin. The space is bytes with a mask of what the guest may
 * change; sizing a BAR by writing ones works because its mask has its low bits clear.
 */
export class PciFunction {
  readonly name: string
  readonly config: Uint8Array = new Uint8Array(reg.CONFIG_SIZE)
  readonly bars: Bar[] = []
  /** Called after the guest has written configuration bytes `offset` … `offset + size`. */
  onConfigWrite: ((offset: number, size: AccessSize) => void) | null = null
  /** Called after the state was loaded. */
  onLoad: (() => void) | null = null
  /** Called before the guest reads configuration bytes. */
  onConfigRead: ((offset: number, size: AccessSize) => void) | null = null
  readonly #writable = new Uint8Array(reg.CONFIG_SIZE)
  readonly #slot: PciSlot
  #nextCapability = reg.FIRST_CAPABILITY
  #lastCapabilityLink = reg.CAPABILITIES
  #intx = false
  /** The configuration space before the first write to it. */
  #initial: Uint8Array | null = null
  #rom: (BarOptions & { mapping: Mapping | null }) | null = null

  constructor(name: string, identity: PciIdentity, slot: PciSlot) {
    this.name = name
    this.#slot = slot
    this.setU16(reg.VENDOR_ID, identity.vendor)
    this.setU16(reg.DEVICE_ID, identity.device)
    this.config[reg.REVISION] = identity.revision ?? 0
    this.config[reg.CLASS] = identity.classCode & 0xff
    this.setU16(reg.CLASS + 1, identity.classCode >> 8)
    this.setU16(reg.SUBSYSTEM_VENDOR_ID, identity.subsystemVendor ?? 0)
    this.setU16(reg.SUBSYSTEM_ID, identity.subsystem ?? 0)
    this.allowWrite(reg.COMMAND, [
      reg.COMMAND_BUS_MASTER | reg.COMMAND_MEMORY | reg.COMMAND_IO,
      reg.COMMAND_INTX_DISABLE >> 8,
    ])
    this.allowWrite(reg.INTERRUPT_LINE, [0xff])
  }

  get diagnostics(): Diagnostics {
    return this.#slot.diagnostics
  }

  /** Whether the guest lets this function reach RAM. */
  get isBusMaster(): boolean {
    return (this.config[reg.COMMAND]! & reg.COMMAND_BUS_MASTER) !== 0
  }

  /** Lets the function reach RAM although the guest forgot to. */
  setBusMaster(): void {
    this.config[reg.COMMAND]! |= reg.COMMAND_BUS_MASTER
  }

  u16(offset: number): number {
    return this.config[offset]! | (this.config[offset + 1]! << 8)
  }

  u32(offset: number): number {
    return (this.u16(offset) | (this.u16(offset + 2) << 16)) >>> 0
  }

  setU16(offset: number, value: number): void {
    this.config[offset] = value
    this.config[offset + 1] = value >> 8
  }

  setU32(offset: number, value: number): void {
    this.setU16(offset, value)
    this.setU16(offset + 2, value >>> 16)
  }

  /** Lets the guest change the bits of `mask`, byte by byte from `offset` on. */
  allowWrite(offset: number, mask: readonly number[]): void {
    this.#writable.set(mask, offset)
  }

  /** Puts registers behind BAR `index` (0 … 5; a 64-bit one takes the next index too). */
  addBar(index: number, options: BarOptions): void {
    const offset = reg.BAR0 + 4 * index
    const flags = { memory32: 0, memory64: reg.BAR_MEMORY_64 | reg.BAR_PREFETCHABLE, io: reg.BAR_IO }
    this.setU32(offset, flags[options.kind])
    this.allowWrite(offset, littleEndian(-options.size))
    if (options.kind === 'memory64') this.allowWrite(offset + 4, [0xff, 0xff, 0xff, 0xff])
    this.bars.push({ ...options, index, mapping: null })
  }

  /** Puts an option ROM of `size` bytes, a power of two of at least 2 KiB, behind the expansion ROM register. */
  addRom(size: number, device: MmioDevice): void {
    this.allowWrite(reg.EXPANSION_ROM, littleEndian((-size & ~0x7ff) | reg.ROM_ENABLE))
    this.#rom = { kind: 'memory32', size, device, mapping: null }
  }

  /** Says that the function uses INTA#. */
  usePin(): void {
    this.config[reg.INTERRUPT_PIN] = 1
  }

  /** Appends a capability of which `body` follows the two bytes of id and link. Returns its offset. */
  addCapability(id: number, body: Uint8Array): number {
    const offset = this.#nextCapability
    this.config[this.#lastCapabilityLink] = offset
    this.config[offset] = id
    this.config.set(body, offset + 2)
    this.setU16(reg.STATUS, this.u16(reg.STATUS) | reg.STATUS_CAPABILITIES)
    this.#lastCapabilityLink = offset + 1
    this.#nextCapability = (offset + 2 + body.length + 3) & ~3
    return offset
  }

  readConfig(offset: number, size: AccessSize): number {
    this.onConfigRead?.(offset, size)
    if (size === 4) return this.u32(offset)
    return size === 2 ? this.u16(offset) : this.config[offset]!
  }

  writeConfig(offset: number, size: AccessSize, value: number): void {
    this.#initial ??= this.config.slice()
    for (let i = 0; i < size; i++) {
      const mask = this.#writable[offset + i]!
      const byte = (value >>> (8 * i)) & 0xff
      this.config[offset + i] = (this.config[offset + i]! & ~mask) | (byte & mask)
    }
    if (offset < reg.BAR0 + 24) this.#remap()
    if (offset < reg.EXPANSION_ROM + 4) this.#remapRom()
    if (offset === reg.COMMAND) this.#driveIntx()
    this.onConfigWrite?.(offset, size)
  }

  /** Where BAR `index` sits now. */
  barAddress(index: number): number {
    const offset = reg.BAR0 + 4 * index
    const low = this.u32(offset)
    if (low & reg.BAR_IO) return low & 0xfffc
    const high = low & reg.BAR_MEMORY_64 ? this.u32(offset + 4) : 0
    return high * 2 ** 32 + ((low & ~0xf) >>> 0)
  }

  setIntx(asserted: boolean): void {
    this.#intx = asserted
    this.#driveIntx()
  }

  sendMsi(address: number, data: number): void {
    if (this.isBusMaster) this.#slot.msi(address, data)
    else this.diagnostics.counters.count('pci.msi-without-bus-master')
  }

  /** As after power-on. */
  reset(): void {
    this.load({ config: this.#initial ?? this.config.slice(), intx: false })
  }

  save(): PciFunctionState {
    return { config: this.config.slice(), intx: this.#intx }
  }

  load(state: PciFunctionState): void {
    this.config.set(state.config)
    this.#intx = state.intx
    this.#remap()
    this.#remapRom()
    this.#driveIntx()
    this.onLoad?.()
  }

  #remapRom(): void {
    const rom = this.#rom
    if (rom === null) return
    const register = this.u32(reg.EXPANSION_ROM)
    const enabled = register & reg.ROM_ENABLE && this.u16(reg.COMMAND) & reg.COMMAND_MEMORY
    const address = (register & ~0x7ff) >>> 0
    if (rom.mapping !== null) this.#slot.memory.unmap(rom.mapping)
    rom.mapping =
      enabled && address !== 0
        ? this.#slot.memory.map(address, rom.size, `${this.name}.rom`, rom.device)
        : null
  }

  #driveIntx(): void {
    const status = this.u16(reg.STATUS) & ~reg.STATUS_INTERRUPT
    this.setU16(reg.STATUS, status | (this.#intx ? reg.STATUS_INTERRUPT : 0))
    this.#slot.intx(this.#intx && !(this.u16(reg.COMMAND) & reg.COMMAND_INTX_DISABLE))
  }

  #remap(): void {
    const command = this.u16(reg.COMMAND)
    for (const bar of this.bars) {
      const space = bar.kind === 'io' ? this.#slot.ports : this.#slot.memory
      const enabled = (command & (bar.kind === 'io' ? reg.COMMAND_IO : reg.COMMAND_MEMORY)) !== 0
      const address = this.barAddress(bar.index)
      if (bar.mapping !== null && enabled && bar.mapping.base === address) continue
      if (bar.mapping !== null) space.unmap(bar.mapping)
      bar.mapping =
        enabled && address !== 0
          ? space.map(address, bar.size, `${this.name}.bar${bar.index}`, bar.device)
          : null
    }
  }
}

function littleEndian(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >>> 24) & 0xff]
}
