/** One channel of an IDE controller: two devices, their registers, the data port (ATA/ATAPI-7 volume 2, chapters 5 and 9). */
import { allOnes } from '../../bus.ts'
import type { AccessSize, InterruptLine, PortDevice, Stateful } from '../../device.ts'
import * as ata from './ata.ts'
import type { ChannelPort, DmaCursor, IdeDevice } from './device.ts'
import { emptyTaskFile, type TaskFile } from './task-file.ts'

type Phase = 'idle' | 'to-host' | 'from-host' | 'dma'

export interface ChannelState {
  file: TaskFile
  control: number
  phase: Phase
  buffer: Uint8Array
  position: number
  interrupt: boolean
  devices: unknown[]
}

export class IdeChannel implements ChannelPort, Stateful<ChannelState> {
  readonly devices: readonly [IdeDevice | null, IdeDevice | null]
  /** Told when a device wants the bus master. */
  onDmaRequest: (() => void) | null = null
  readonly #line: InterruptLine
  #file: TaskFile = emptyTaskFile()
  #control = 0
  #phase: Phase = 'idle'
  #buffer: Uint8Array = new Uint8Array(0)
  #position = 0
  #interrupt = false

  constructor(devices: readonly [IdeDevice | null, IdeDevice | null], line: InterruptLine) {
    this.devices = devices
    this.#line = line
    this.#showSignature()
  }

  get file(): TaskFile {
    return this.#file
  }

  get wantsDma(): boolean {
    return this.#phase === 'dma'
  }

  get interruptPending(): boolean {
    return this.#interrupt
  }

  /** The command block: eight ports. */
  readonly command: PortDevice = {
    read: (offset, size) => (offset === ata.DATA ? this.#readData(size) : this.#readRegister(offset, size)),
    write: (offset, size, value) => {
      if (offset === ata.DATA) this.#writeData(size, value)
      else if (size === 1) this.#writeRegister(offset, value)
    },
  }

  /** The control block: one port. Reading it leaves the interrupt alone. */
  readonly controlPort: PortDevice = {
    widest: 1,
    read: () => (this.#selected === null ? 0 : this.#file.status),
    write: (_offset, _size, value) => this.#writeControl(value),
  }

  complete(): void {
    this.#end(ata.STATUS_READY, 0)
  }

  fail(error: number, status = 0): void {
    this.#end(ata.STATUS_READY | ata.STATUS_ERR | status, error)
  }

  offer(bytes: Uint8Array): void {
    this.#begin('to-host', bytes)
    this.#raise()
  }

  accept(length: number, interrupt: boolean): void {
    this.#begin('from-host', new Uint8Array(length))
    if (interrupt) this.#raise()
  }

  waitForDma(): void {
    this.#phase = 'dma'
    this.#file.status = ata.STATUS_READY | ata.STATUS_DRQ
    this.onDmaRequest?.()
  }

  /** The bus master is ready. */
  runDma(cursor: DmaCursor): void {
    this.#phase = 'idle'
    this.#selected?.runDma(cursor, this)
  }

  reset(): void {
    this.#control = 0
    this.#resetDevices()
    this.#setInterrupt(false)
  }

  save(): ChannelState {
    return structuredClone({
      file: this.#file,
      control: this.#control,
      phase: this.#phase,
      buffer: this.#buffer,
      position: this.#position,
      interrupt: this.#interrupt,
      devices: this.devices.map((device) => device?.save() ?? null),
    })
  }

  load(state: ChannelState): void {
    const copy = structuredClone(state)
    this.#file = copy.file
    this.#control = copy.control
    this.#phase = copy.phase
    this.#buffer = Uint8Array.from(copy.buffer)
    this.#position = copy.position
    for (const [i, device] of this.devices.entries()) device?.load(copy.devices[i])
    this.#setInterrupt(copy.interrupt)
  }

  get #selected(): IdeDevice | null {
    return this.devices[this.#file.device & ata.DEVICE_SELECT ? 1 : 0]
  }

  #begin(phase: Phase, buffer: Uint8Array): void {
    this.#phase = phase
    this.#buffer = buffer
    this.#position = 0
    this.#file.status = ata.STATUS_READY | ata.STATUS_DRQ
  }

  #end(status: number, error: number): void {
    this.#phase = 'idle'
    this.#file.status = status
    this.#file.error = error
    this.#raise()
  }

  #readData(size: AccessSize): number {
    if (this.#phase !== 'to-host') return this.#selected === null ? allOnes(size) : 0
    let value = 0
    for (let i = 0; i < size; i++) value += (this.#buffer[this.#position + i] ?? 0) * 2 ** (8 * i)
    this.#moved(size)
    return value
  }

  #writeData(size: AccessSize, value: number): void {
    if (this.#phase !== 'from-host') return
    for (let i = 0; i < size && this.#position + i < this.#buffer.length; i++)
      this.#buffer[this.#position + i] = (value >>> (8 * i)) & 0xff
    this.#moved(size)
  }

  #moved(bytes: number): void {
    this.#position += bytes
    if (this.#position < this.#buffer.length) return
    const buffer = this.#buffer
    this.#phase = 'idle'
    this.#file.status = ata.STATUS_READY
    this.#selected?.dataMoved(buffer, this)
  }

  #readRegister(offset: number, size: AccessSize): number {
    if (size !== 1) return allOnes(size)
    const file = this.#file
    // Nobody drives the registers of a device that is not there.
    if (this.#selected === null) return 0
    const high = (this.#control & ata.CONTROL_HIGH_ORDER) !== 0
    switch (offset) {
      case ata.FEATURES_ERROR:
        return file.error
      case ata.SECTOR_COUNT:
        return high ? file.sectorCountBefore : file.sectorCount
      case ata.LBA_LOW:
        return high ? file.lbaLowBefore : file.lbaLow
      case ata.LBA_MID:
        return high ? file.lbaMidBefore : file.lbaMid
      case ata.LBA_HIGH:
        return high ? file.lbaHighBefore : file.lbaHigh
      case ata.DEVICE:
        return file.device | 0xa0
      default:
        this.#setInterrupt(false)
        return file.status
    }
  }

  #writeRegister(offset: number, value: number): void {
    const file = this.#file
    this.#control &= ~ata.CONTROL_HIGH_ORDER
    switch (offset) {
      case ata.FEATURES_ERROR:
        file.features = value
        break
      case ata.SECTOR_COUNT:
        file.sectorCountBefore = file.sectorCount
        file.sectorCount = value
        break
      case ata.LBA_LOW:
        file.lbaLowBefore = file.lbaLow
        file.lbaLow = value
        break
      case ata.LBA_MID:
        file.lbaMidBefore = file.lbaMid
        file.lbaMid = value
        break
      case ata.LBA_HIGH:
        file.lbaHighBefore = file.lbaHigh
        file.lbaHigh = value
        break
      case ata.DEVICE:
        file.device = value
        break
      default:
        this.#execute(value)
    }
  }

  #execute(command: number): void {
    this.#setInterrupt(false)
    // Both devices obey this one; it goes to them whichever is selected.
    if (command === ata.COMMAND.diagnostic) {
      this.#resetDevices()
      return this.#raise()
    }
    const device = this.#selected
    if (device === null) return
    this.#phase = 'idle'
    this.#file.error = 0
    device.execute(command, this)
  }

  #writeControl(value: number): void {
    const rises = value & ~this.#control & ata.CONTROL_RESET
    this.#control = value
    if (rises) this.#resetDevices()
    this.#driveLine()
  }

  #resetDevices(): void {
    for (const device of this.devices) device?.reset()
    this.#phase = 'idle'
    this.#file = emptyTaskFile()
    this.#showSignature()
  }

  /** Also after DEVICE RESET: the selected device shows its kind. */
  #showSignature(): void {
    const device = this.#selected ?? this.devices[0]
    if (device === null) return
    this.#file.lbaMid = device.signature & 0xff
    this.#file.lbaHigh = device.signature >> 8
    this.#file.status = device.signature === ata.SIGNATURE_PACKET ? 0 : ata.STATUS_READY
  }

  #raise(): void {
    this.#setInterrupt(true)
  }

  #setInterrupt(pending: boolean): void {
    this.#interrupt = pending
    this.#driveLine()
  }

  #driveLine(): void {
    this.#line(this.#interrupt && !(this.#control & ata.CONTROL_NO_INTERRUPT))
  }
}
