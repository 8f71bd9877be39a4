/** The IDE function of a PIIX3 (Intel 290550): two channels at the ports that a PC has them at, and the bus master behind BAR4. */
import type { AccessSize, InterruptLine, PortDevice, Stateful } from '../../device.ts'
import type { GuestMemory } from '../../guest-memory.ts'
import { PciFunction, type PciSlot } from '../../pci/function.ts'
import { BUS_MASTER_PORTS, BusMaster, type BusMasterState } from './bus-master.ts'
import { type ChannelState, IdeChannel } from './channel.ts'
import type { IdeDevice } from './device.ts'

const INTEL = 0x8086
const PIIX3_IDE = 0x7010
/** IDETIM: timing of both channels; bit 15 of each switches decoding on, which firmware sets and nothing here depends on. */
const TIMING = 0x40
/** Ports of the two channels: command block and control block. */
export const IDE_PORTS: readonly { readonly command: number; readonly control: number }[] = [
  { command: 0x1f0, control: 0x3f6 },
  { command: 0x170, control: 0x376 },
]
export const IDE_IRQS: readonly number[] = [14, 15]

/** Primary master and slave, secondary master and slave. */
export type IdeDevices = readonly [IdeDevice | null, IdeDevice | null, IdeDevice | null, IdeDevice | null]

export interface IdeControllerState {
  channels: ChannelState[]
  masters: BusMasterState[]
}

export class IdeController implements Stateful<IdeControllerState> {
  readonly fn: PciFunction
  readonly channels: readonly IdeChannel[]
  readonly #masters: readonly BusMaster[]

  /** `lines` are the interrupts of the two channels. */
  constructor(devices: IdeDevices, memory: GuestMemory, slot: PciSlot, lines: readonly InterruptLine[]) {
    this.fn = new PciFunction('ide', { vendor: INTEL, device: PIIX3_IDE, classCode: 0x010180 }, slot)
    this.fn.allowWrite(TIMING, [0xff, 0xff, 0xff, 0xff])
    const pairs = [devices.slice(0, 2), devices.slice(2, 4)] as [IdeDevice | null, IdeDevice | null][]
    this.channels = pairs.map(
      (pair, i) =>
        new IdeChannel(pair, (asserted) => {
          if (asserted) this.#masters?.[i]?.interruptRaised()
          lines[i]!(asserted)
        }),
    )
    this.#masters = this.channels.map(
      (channel) => new BusMaster(channel, memory, () => this.fn.isBusMaster, slot.diagnostics),
    )
    for (const [i, ports] of IDE_PORTS.entries()) {
      const channel = this.channels[i]!
      slot.ports.map(ports.command, 8, `ide${i}`, channel.command)
      slot.ports.map(ports.control, 1, `ide${i}`, channel.controlPort)
    }
    this.fn.addBar(4, { kind: 'io', size: 2 * BUS_MASTER_PORTS, device: this.#masterPorts })
  }

  reset(): void {
    for (const channel of this.channels) channel.reset()
    for (const master of this.#masters) master.reset()
  }

  save(): IdeControllerState {
    return {
      channels: this.channels.map((channel) => channel.save()),
      masters: this.#masters.map((master) => master.save()),
    }
  }

  load(state: IdeControllerState): void {
    for (const [i, channel] of this.channels.entries()) channel.load(state.channels[i]!)
    for (const [i, master] of this.#masters.entries()) master.load(state.masters[i]!)
  }

  readonly #masterPorts: PortDevice = {
    read: (offset: number, size: AccessSize) => this.#masterAt(offset).read(offset % BUS_MASTER_PORTS, size),
    write: (offset: number, size: AccessSize, value: number) =>
      this.#masterAt(offset).write(offset % BUS_MASTER_PORTS, size, value),
  }

  #masterAt(offset: number): BusMaster {
    return this.#masters[offset < BUS_MASTER_PORTS ? 0 : 1]!
  }
}
