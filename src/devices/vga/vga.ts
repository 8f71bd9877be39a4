/** A VGA: its registers, its memory at 0xa0000, and what it shows. Timing is that of 70 frames a second. */
import type { AccessSize, MmioDevice, PortDevice, Stateful, TimeSource } from '../device.ts'
import { Planes } from './planes.ts'
import * as reg from './registers.ts'
import { captureScreen, type Screen } from './screen.ts'

const FRAME_NS = 14_285_714
const LINE_NS = 31_778
/** Vertical retrace at the end of a frame; horizontal blanking at the end of a line. */
const RETRACE_NS = 64_000
const BLANK_NS = 6_356
const STATUS_BLANKED = 0x01
const STATUS_RETRACE = 0x08
const CRTC_REGISTERS = 25
const CRTC_PROTECT = 0x80
const DAC_BYTES = 768
const ATTRIBUTE_REGISTERS = 21
const UNUSED = 0xff

export interface VgaState {
  misc: number
  sequencerIndex: number
  sequencer: Uint8Array
  crtcIndex: number
  crtc: Uint8Array
  graphicsIndex: number
  graphics: Uint8Array
  attributeIndex: number
  attribute: Uint8Array
  /** Port 0x3c0 takes a value next, not an index. */
  attributeData: boolean
  pelMask: number
  dac: Uint8Array
  /** Byte of the palette that is next, and whether it is read. */
  dacAt: number
  dacReads: boolean
}

export class Vga
  implements PortDevice, Stateful<{ registers: VgaState; planes: Uint8Array; latches: Uint8Array }>
{
  readonly widest = 1
  readonly #time: TimeSource
  #state: VgaState = mode3()
  readonly #planes = new Planes(() => this.#state)
  /** Counts what may have changed the picture. */
  changes = 0

  constructor(time: TimeSource) {
    this.#time = time
    this.#clear()
  }

  get screen(): Screen {
    return captureScreen(this.#state, this.#planes.bytes)
  }

  /** The 128 KiB from 0xa0000 on. */
  readonly memory: MmioDevice = {
    widest: 1,
    read: (offset) => this.#planes.read(offset),
    write: (offset, _size, value) => {
      this.changes++
      this.#planes.write(offset, value)
    },
  }

  read(offset: number, _size: AccessSize): number {
    const state = this.#state
    switch (offset) {
      case reg.ATTRIBUTE:
        return state.attributeIndex
      case reg.ATTRIBUTE_READ:
        return state.attribute[state.attributeIndex & 0x1f] ?? 0
      case reg.MISC_WRITE:
        return 0x10
      case reg.SEQUENCER:
        return state.sequencerIndex
      case reg.SEQUENCER + 1:
        return state.sequencer[state.sequencerIndex] ?? 0
      case reg.PEL_MASK:
        return state.pelMask
      case reg.DAC_READ_INDEX:
        return state.dacReads ? 3 : 0
      case reg.DAC_WRITE_INDEX:
        return Math.floor(state.dacAt / 3)
      case reg.DAC_DATA:
        return this.#readDac()
      case reg.MISC_READ:
        return state.misc
      case reg.GRAPHICS:
        return state.graphicsIndex
      case reg.GRAPHICS + 1:
        return state.graphics[state.graphicsIndex] ?? 0
      default:
        return this.#readCrtc(offset)
    }
  }

  write(offset: number, _size: AccessSize, value: number): void {
    const state = this.#state
    this.changes++
    switch (offset) {
      case reg.ATTRIBUTE:
        return this.#writeAttribute(value)
      case reg.MISC_WRITE:
        state.misc = value
        return
      case reg.SEQUENCER:
        state.sequencerIndex = value & 7
        return
      case reg.SEQUENCER + 1:
        if (state.sequencerIndex < state.sequencer.length) state.sequencer[state.sequencerIndex] = value
        return
      case reg.PEL_MASK:
        state.pelMask = value
        return
      case reg.DAC_READ_INDEX:
      case reg.DAC_WRITE_INDEX:
        state.dacAt = 3 * value
        state.dacReads = offset === reg.DAC_READ_INDEX
        return
      case reg.DAC_DATA:
        state.dac[state.dacAt] = value & 0x3f
        state.dacAt = (state.dacAt + 1) % DAC_BYTES
        return
      case reg.GRAPHICS:
        state.graphicsIndex = value & 0xf
        return
      case reg.GRAPHICS + 1:
        if (state.graphicsIndex < state.graphics.length) state.graphics[state.graphicsIndex] = value
        return
      default:
        this.#writeCrtc(offset, value)
    }
  }

  reset(): void {
    this.#state = mode3()
    this.#clear()
  }

  save(): { registers: VgaState; planes: Uint8Array; latches: Uint8Array } {
    const { bytes, latches } = this.#planes
    return { registers: structuredClone(this.#state), planes: bytes.slice(), latches: latches.slice() }
  }

  load(state: { registers: VgaState; planes: Uint8Array; latches: Uint8Array }): void {
    this.#state = structuredClone(state.registers)
    this.#planes.bytes.set(state.planes)
    this.#planes.latches = Uint8Array.from(state.latches)
    this.changes++
  }

  /** An empty screen in light grey. */
  #clear(): void {
    const { bytes } = this.#planes
    bytes.fill(0)
    for (let at = 0; at < bytes.length; at += 4) {
      bytes[at] = 0x20
      bytes[at + 1] = 0x07
    }
    this.changes++
  }

  /** The CRT controller answers at one of its two places. */
  #crtcOffset(offset: number): number {
    const isColor = (this.#state.misc & reg.MISC_COLOR) !== 0
    return offset - (isColor ? reg.CRTC_COLOR : reg.CRTC_MONO)
  }

  #readCrtc(offset: number): number {
    const state = this.#state
    switch (this.#crtcOffset(offset)) {
      case 0:
        return state.crtcIndex
      case 1:
        return state.crtc[state.crtcIndex] ?? 0
      case reg.STATUS_COLOR - reg.CRTC_COLOR:
        // Reading it lets port 0x3c0 take an index next.
        state.attributeData = false
        return this.#inputStatus()
      default:
        return UNUSED
    }
  }

  #writeCrtc(offset: number, value: number): void {
    const state = this.#state
    const place = this.#crtcOffset(offset)
    if (place === 0) state.crtcIndex = value & 0x3f
    if (place !== 1 || state.crtcIndex >= CRTC_REGISTERS) return
    const isProtected = state.crtcIndex < 8 && (state.crtc[0x11]! & CRTC_PROTECT) !== 0
    if (!isProtected) state.crtc[state.crtcIndex] = value
    // Of the overflow register only the bit of the line compare stays open.
    else if (state.crtcIndex === reg.CRTC_OVERFLOW)
      state.crtc[reg.CRTC_OVERFLOW] = (state.crtc[reg.CRTC_OVERFLOW]! & ~0x10) | (value & 0x10)
  }

  #inputStatus(): number {
    const nowNs = this.#time.nowNs()
    const inRetrace = nowNs % FRAME_NS >= FRAME_NS - RETRACE_NS
    const inBlank = nowNs % LINE_NS >= LINE_NS - BLANK_NS
    return (inRetrace ? STATUS_RETRACE | STATUS_BLANKED : 0) | (inBlank ? STATUS_BLANKED : 0)
  }

  #writeAttribute(value: number): void {
    const state = this.#state
    if (!state.attributeData) state.attributeIndex = value & 0x3f
    else if ((state.attributeIndex & 0x1f) < ATTRIBUTE_REGISTERS)
      state.attribute[state.attributeIndex & 0x1f] = value
    state.attributeData = !state.attributeData
  }

  #readDac(): number {
    const state = this.#state
    const value = state.dac[state.dacAt]!
    state.dacAt = (state.dacAt + 1) % DAC_BYTES
    return value
  }
}

/** As a BIOS leaves it, so that a system that is booted without one has a text screen. */
function mode3(): VgaState {
  return {
    misc: reg.MODE3.misc,
    sequencerIndex: 0,
    sequencer: Uint8Array.from(reg.MODE3.sequencer),
    crtcIndex: 0,
    crtc: Uint8Array.from(reg.MODE3.crtc),
    graphicsIndex: 0,
    graphics: Uint8Array.from(reg.MODE3.graphics),
    attributeIndex: 0x20,
    attribute: Uint8Array.from(reg.MODE3.attribute),
    attributeData: false,
    pelMask: 0xff,
    dac: new Uint8Array(DAC_BYTES),
    dacAt: 0,
    dacReads: false,
  }
}
