/** QEMU's firmware configuration device (QEMU: docs/specs/fw_cfg.rst): numbered items and named files, read byte by byte or by DMA. */
import type { Diagnostics } from '../counters.ts'
import { allOnes } from '../bus.ts'
import type { AccessSize, PortDevice, Stateful } from '../device.ts'
import { GuestFault } from '../guest-fault.ts'
import type { GuestMemory } from '../guest-memory.ts'

export const FW_CFG_PORT = 0x510
export const FW_CFG_PORTS = 12

/** Items by number. Files follow from FIRST_FILE on. */
export const FW_CFG_RAM_SIZE = 0x03
export const FW_CFG_NOGRAPHIC = 0x04
export const FW_CFG_CPUS = 0x05
export const FW_CFG_BOOT_MENU = 0x0e
export const FW_CFG_MAX_CPUS = 0x0f
const SIGNATURE = 0x00
const ID = 0x01
const FILE_DIRECTORY = 0x19
const FIRST_FILE = 0x20
/** The traditional interface and DMA. */
const FEATURES = 3
const NAME_BYTES = 56
const FILE_BYTES = 64

const DATA = 1
const DMA = 4
const DMA_LOW = 8
/** What the DMA register reads as: "QEMU CFG". */
const DMA_SIGNATURE = [0x51, 0x45, 0x4d, 0x55, 0x20, 0x43, 0x46, 0x47]
const CONTROL_ERROR = 0x01
const CONTROL_READ = 0x02
const CONTROL_SKIP = 0x04
const CONTROL_SELECT = 0x08
const CONTROL_WRITE = 0x10

export interface FwCfgState {
  selected: number
  offset: number
  dmaHigh: number
}

export class FwCfg implements PortDevice, Stateful<FwCfgState> {
  readonly #memory: GuestMemory
  readonly #diagnostics: Diagnostics
  readonly #items = new Map<number, Uint8Array>()
  readonly #files = new Map<string, Uint8Array>()
  #state: FwCfgState = { selected: 0, offset: 0, dmaHigh: 0 }

  constructor(memory: GuestMemory, diagnostics: Diagnostics) {
    this.#memory = memory
    this.#diagnostics = diagnostics
    this.#items.set(SIGNATURE, ascii('QEMU'))
    this.#items.set(ID, Uint8Array.of(FEATURES, 0, 0, 0))
    this.#writeDirectory()
  }

  /** An item with a number of its own. */
  setItem(key: number, bytes: Uint8Array): void {
    this.#items.set(key, bytes)
  }

  /** Little-endian, `bytes` wide. */
  setNumber(key: number, value: number, bytes: 2 | 4 | 8): void {
    const item = new DataView(new ArrayBuffer(bytes))
    if (bytes === 2) item.setUint16(0, value, true)
    else item.setUint32(0, value % 2 ** 32, true)
    if (bytes === 8) item.setUint32(4, Math.floor(value / 2 ** 32), true)
    this.setItem(key, new Uint8Array(item.buffer))
  }

  /** A named file, `etc/e820` for example; its name has at most 55 characters. */
  addFile(name: string, bytes: Uint8Array): void {
    if (name.length >= NAME_BYTES) throw new RangeError(`${name}: too long for a name of fw_cfg`)
    this.#files.set(name, bytes)
    this.#writeDirectory()
  }

  read(offset: number, size: AccessSize): number {
    if (offset === DATA && size === 1) return this.#nextByte()
    if (offset < DMA) return allOnes(size)
    const bytes = DMA_SIGNATURE.slice(offset - DMA, offset - DMA + size)
    return bytes.reduce((value, byte, i) => value + byte * 2 ** (8 * i), 0)
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (offset === 0 && size === 2) this.#select(value)
    else if (offset === DMA && size === 4) this.#state.dmaHigh = swap32(value)
    else if (offset === DMA_LOW && size === 4) this.#startDma(swap32(value))
    // Items are not to be changed through the data port.
    else this.#diagnostics.counters.count('fw-cfg.bad-write')
  }

  reset(): void {
    this.#state = { selected: 0, offset: 0, dmaHigh: 0 }
  }

  save(): FwCfgState {
    return { ...this.#state }
  }

  load(state: FwCfgState): void {
    this.#state = { ...state }
  }

  #select(key: number): void {
    this.#state.selected = key
    this.#state.offset = 0
  }

  get #item(): Uint8Array {
    return this.#items.get(this.#state.selected) ?? EMPTY
  }

  /** What lies behind the end of an item, or in one that is not there, is zero. */
  #nextByte(): number {
    return this.#item[this.#state.offset++] ?? 0
  }

  /** Carries out the command at a guest-physical address: control, length, address, all big-endian. */
  #startDma(low: number): void {
    const gpa = this.#state.dmaHigh * 2 ** 32 + low
    this.#state.dmaHigh = 0
    try {
      const command = this.#memory.readable(gpa, 16)
      const view = new DataView(command.buffer, command.byteOffset, 16)
      const control = view.getUint32(0)
      const length = view.getUint32(4)
      const address = view.getUint32(8) * 2 ** 32 + view.getUint32(12)
      const failed = !this.#transfer(control, length, address)
      this.#memory.writeU32(gpa, swap32(failed ? CONTROL_ERROR : 0))
    } catch (error) {
      if (!(error instanceof GuestFault)) throw error
    }
  }

  #transfer(control: number, length: number, address: number): boolean {
    if (control & CONTROL_SELECT) this.#select(control >>> 16)
    if (control & CONTROL_READ) return this.#readTo(address, length)
    if (control & CONTROL_WRITE) return false
    if (control & CONTROL_SKIP) this.#state.offset += length
    return true
  }

  #readTo(address: number, length: number): boolean {
    if (length === 0) return true
    if (!this.#memory.contains(address, length)) {
      this.#diagnostics.counters.count('dma.refused')
      return false
    }
    const target = this.#memory.writable(address, length)
    const { offset } = this.#state
    const source = this.#item.subarray(offset, offset + length)
    target.set(source)
    target.fill(0, source.length)
    this.#state.offset += length
    return true
  }

  /** Item 0x19: a count, then for each file its size, its number and its name; big-endian, sorted by name. */
  #writeDirectory(): void {
    const names = [...this.#files.keys()].toSorted()
    const directory = new Uint8Array(4 + FILE_BYTES * names.length)
    const view = new DataView(directory.buffer)
    view.setUint32(0, names.length)
    for (const [i, name] of names.entries()) {
      const bytes = this.#files.get(name)!
      this.#items.set(FIRST_FILE + i, bytes)
      view.setUint32(4 + FILE_BYTES * i, bytes.length)
      view.setUint16(8 + FILE_BYTES * i, FIRST_FILE + i)
      directory.set(ascii(name), 12 + FILE_BYTES * i)
    }
    this.#items.set(FILE_DIRECTORY, directory)
  }
}

const EMPTY = new Uint8Array(0)

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0))
}

function swap32(value: number): number {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint32(0, value)
  return view.getUint32(0, true)
}
