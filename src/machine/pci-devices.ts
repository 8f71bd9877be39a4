/** The PCI devices that the options ask for, each in its slot: network card, entropy, console, disks, shared folders. */
import type { GuestMemory } from '../devices/guest-memory.ts'
import type { PciSlot } from '../devices/pci/function.ts'
import type { PciHostBridge } from '../devices/pci/host-bridge.ts'
import { SeededRandom } from '../devices/random.ts'
import { IDE_IRQS, IdeController } from '../devices/storage/ide/controller.ts'
import { VirtioBlock } from '../devices/virtio/block/block.ts'
import { VirtioConsole } from '../devices/virtio/console.ts'
import type { VirtioDevice } from '../devices/virtio/device.ts'
import { VirtioNet } from '../devices/virtio/net/net.ts'
import { Virtio9p } from '../devices/virtio/ninep/ninep.ts'
import { VirtioPci } from '../devices/virtio/pci.ts'
import { VirtioRng } from '../devices/virtio/rng.ts'
import type { BoardOptions } from './board-options.ts'
import { SOUTH_BRIDGE_SLOT } from './chipset.ts'
import type { AttachedDrive } from './drive.ts'
import { attachIde } from './ide.ts'

const IDE_FUNCTION = 1
const NET_SLOT = 2
const RNG_SLOT = 3
const CONSOLE_SLOT = 4
/** Where what the user adds is plugged in: up to 16 disks, then shared folders. */
const FIRST_FREE_SLOT = 8
const FIRST_SHARE_SLOT = 24

/** What a device is plugged into. */
export interface PciWiring {
  readonly pci: PciHostBridge
  readonly memory: GuestMemory
  readonly slot: (slot: number) => PciSlot
  readonly setIrq: (irq: number, asserted: boolean) => void
  readonly random: SeededRandom
}

export class PciDevices {
  readonly net: VirtioNet | null = null
  readonly console: VirtioConsole | null = null
  readonly ide: IdeController | null = null
  /** In the order in which they were plugged in. */
  readonly virtio: VirtioPci[] = []
  readonly #wiring: PciWiring

  constructor(
    options: Pick<BoardOptions, 'clock' | 'net' | 'console' | 'drives' | 'shares'>,
    wiring: PciWiring,
  ) {
    const { clock: time, drives = [], shares = [] } = options
    this.#wiring = wiring
    if (options.net !== undefined) {
      const { port, mac, queuePairs = 4 } = options.net
      this.net = new VirtioNet({ port, mac, queuePairs })
      this.#plug(NET_SLOT, this.net)
    }
    this.#plug(RNG_SLOT, new VirtioRng(split(wiring.random)))
    if (options.console !== undefined) {
      this.console = new VirtioConsole(options.console)
      this.#plug(CONSOLE_SLOT, this.console)
    }
    for (const [i, drive] of drives.filter(({ bus }) => bus === 'virtio').entries())
      this.#plug(FIRST_FREE_SLOT + i, new VirtioBlock({ ...drive, time }))
    if (drives.some(({ bus }) => bus !== 'virtio')) this.ide = this.#plugIde(drives)
    for (const [i, { tag, tree }] of shares.entries())
      this.#plug(FIRST_SHARE_SLOT + i, new Virtio9p(tag, tree))
  }

  reset(): void {
    for (const device of [this.ide, ...this.virtio]) device?.reset()
  }

  #plug(slot: number, device: VirtioDevice): void {
    const { pci, memory, slot: slotOf } = this.#wiring
    const transport = new VirtioPci(device, memory, slotOf(slot))
    this.virtio.push(transport)
    pci.plug(slot, transport.fn)
  }

  #plugIde(drives: readonly AttachedDrive[]): IdeController {
    const { pci, memory, slot, setIrq } = this.#wiring
    const lines = IDE_IRQS.map((irq) => (level: boolean) => setIrq(irq, level))
    const ide = new IdeController(attachIde(drives), memory, slot(SOUTH_BRIDGE_SLOT), lines)
    pci.plug(SOUTH_BRIDGE_SLOT, ide.fn, IDE_FUNCTION)
    return ide
  }
}

/** A generator of its own for one device, so that one's appetite does not change what another gets. */
function split(random: SeededRandom): SeededRandom {
  const seed = new Uint8Array(32)
  random.generate(seed)
  return new SeededRandom(seed)
}
