/** The host bridge of a small PC: Intel 82441FX (290549). Of its memory controller there are the registers of the shadow RAM. */
import { PciFunction, type PciSlot } from '../pci/function.ts'
import { SUBSYSTEM_ID, SUBSYSTEM_VENDOR_ID } from '../pci/registers.ts'

export const I440FX_VENDOR = 0x8086
export const I440FX_DEVICE = 0x1237
/** By this subsystem firmware knows that there is a fw_cfg device. */
const SUBSYSTEM_OF_QEMU = { vendor: 0x1af4, device: 0x1100 }

/** PAM0 … PAM6 and SMRAM. */
const PAM = 0x59
const SMRAM = 0x72
const READ_ENABLE = 1
const WRITE_ENABLE = 2

/** A stretch of memory below 1 MiB with attributes of its own, and where these stand. */
interface PamSegment {
  readonly gpa: number
  readonly length: number
  readonly register: number
  readonly shift: number
}

/** From 0xc0000 on in steps of 16 KiB, two to a register; 0xf0000 as a whole comes first. */
export const PAM_SEGMENTS: readonly PamSegment[] = [
  { gpa: 0xf_0000, length: 0x1_0000, register: PAM, shift: 4 },
  ...Array.from({ length: 12 }, (_, i) => ({
    gpa: 0xc_0000 + i * 0x4000,
    length: 0x4000,
    register: PAM + 1 + (i >> 1),
    shift: 4 * (i & 1),
  })),
]

/** Whether accesses to a segment go to DRAM; where they do not, the ROM behind the bridge answers. */
export interface PamAttributes {
  readonly gpa: number
  readonly length: number
  readonly readsDram: boolean
  readonly writesDram: boolean
}

export class HostBridgeI440fx {
  readonly fn: PciFunction
  readonly #onPam: (segment: PamAttributes) => void
  #before: Uint8Array

  /** `onPam` is told of every segment whose attributes change. */
  constructor(slot: PciSlot, onPam: (segment: PamAttributes) => void) {
    this.#onPam = onPam
    const identity = { vendor: I440FX_VENDOR, device: I440FX_DEVICE, revision: 2, classCode: 0x060000 }
    this.fn = new PciFunction('host-bridge', identity, slot)
    this.fn.setU16(SUBSYSTEM_VENDOR_ID, SUBSYSTEM_OF_QEMU.vendor)
    this.fn.setU16(SUBSYSTEM_ID, SUBSYSTEM_OF_QEMU.device)
    this.fn.allowWrite(PAM, [0x30, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33])
    this.fn.config[SMRAM] = 0x02
    this.fn.allowWrite(SMRAM, [0x48])
    this.#before = this.pam
    this.fn.onLoad = () => {
      this.#before = this.pam
      for (const segment of this.segments) this.#onPam(segment)
    }
    this.fn.onConfigWrite = (offset, size) => {
      if (offset < PAM + 7 && offset + size > PAM) this.#update()
    }
  }

  /** All of the area is RAM, as firmware leaves it for a system that needs none of it. */
  openShadowRam(): void {
    this.pam = Uint8Array.of(0x30, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33)
  }

  /** PAM0 … PAM6. */
  get pam(): Uint8Array {
    return this.fn.config.slice(PAM, PAM + 7)
  }

  set pam(registers: Uint8Array) {
    this.fn.config.set(registers, PAM)
    this.#update()
  }

  /** The attributes of all segments as they are now. */
  get segments(): PamAttributes[] {
    return PAM_SEGMENTS.map((segment) => this.#attributes(segment))
  }

  #attributes({ gpa, length, register, shift }: PamSegment): PamAttributes {
    const bits = this.fn.config[register]! >> shift
    return {
      gpa,
      length,
      readsDram: (bits & READ_ENABLE) !== 0,
      writesDram: (bits & WRITE_ENABLE) !== 0,
    }
  }

  #update(): void {
    const before = this.#before
    this.#before = this.pam
    for (const segment of PAM_SEGMENTS) {
      const changed = before[segment.register - PAM]! ^ this.fn.config[segment.register]!
      if ((changed >> segment.shift) & 3) this.#onPam(this.#attributes(segment))
    }
  }
}
