/**
 * The memory from 0xc0000 to 1 MiB: the BIOS in its ROM, and DRAM in the same place. For each segment the host bridge says which of
 * the two is read and whether DRAM is written. What is not shown is kept aside.
 */
import type { PageKind } from '../cpu/page-flags.ts'
import { allOnes } from '../devices/bus.ts'
import type { PamAttributes } from '../devices/chipset/i440fx.ts'
import type { MmioDevice, Stateful } from '../devices/device.ts'
import type { GuestMemory } from '../devices/guest-memory.ts'

export const SHADOW_BASE = 0xc_0000
export const SHADOW_BYTES = 0x4_0000
/** Segments are multiples of this. */
const UNIT = 0x4000
/** What nobody answers. */
const OPEN_BUS = 0xff

export interface ShadowRamState {
  /** DRAM where the ROM is shown; what the ROM's place in RAM held otherwise. */
  hidden: Uint8Array
  romShown: boolean[]
}

export class ShadowRam implements MmioDevice, Stateful<ShadowRamState> {
  readonly #memory: GuestMemory
  readonly #setPages: (gpa: number, length: number, kind: PageKind) => void
  readonly #rom = new Uint8Array(SHADOW_BYTES).fill(OPEN_BUS)
  #hidden = new Uint8Array(SHADOW_BYTES)
  /** For each unit. */
  #romShown: boolean[] = Array.from({ length: SHADOW_BYTES / UNIT }, () => false)

  constructor(memory: GuestMemory, setPages: (gpa: number, length: number, kind: PageKind) => void) {
    this.#memory = memory
    this.#setPages = setPages
  }

  /** Puts the end of a BIOS (its last 128 KiB at most) below 1 MiB. */
  setBios(bios: Uint8Array): void {
    const tail = bios.subarray(Math.max(0, bios.length - SHADOW_BYTES / 2))
    this.#rom.set(tail, SHADOW_BYTES - tail.length)
  }

  /** Shows DRAM or ROM in a segment. */
  apply(segment: PamAttributes): void {
    const { gpa, length, readsDram, writesDram } = segment
    for (let at = gpa - SHADOW_BASE; at < gpa - SHADOW_BASE + length; at += UNIT) this.#show(at, !readsDram)
    const kind = readsDram ? (writesDram ? 'ram' : 'rom') : writesDram ? 'device' : 'rom'
    this.#setPages(gpa, length, kind)
  }

  /** Accesses to a segment that is read from ROM while DRAM behind it is written. */
  read(offset: number, size: 1 | 2 | 4): number {
    let value = 0
    for (let i = 0; i < size; i++) value += this.#rom[offset + i]! * 2 ** (8 * i)
    return offset + size > SHADOW_BYTES ? allOnes(size) : value
  }

  write(offset: number, size: 1 | 2 | 4, value: number): void {
    for (let i = 0; i < size; i++) this.#hidden[offset + i] = (value >>> (8 * i)) & 0xff
  }

  save(): ShadowRamState {
    return { hidden: this.#hidden.slice(), romShown: this.#romShown.slice() }
  }

  /** RAM, which holds what is shown, is loaded by whoever loads RAM; `kinds` then come from the host bridge. */
  load(state: ShadowRamState): void {
    this.#hidden = Uint8Array.from(state.hidden)
    this.#romShown = state.romShown.slice()
  }

  #show(offset: number, rom: boolean): void {
    const unit = offset / UNIT
    if (this.#romShown[unit] === rom) return
    this.#romShown[unit] = rom
    const place = this.#memory.writable(SHADOW_BASE + offset, UNIT)
    const hidden = this.#hidden.subarray(offset, offset + UNIT)
    if (rom) {
      hidden.set(place)
      place.set(this.#rom.subarray(offset, offset + UNIT))
    } else {
      place.set(hidden)
    }
  }
}
