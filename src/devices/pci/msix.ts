/** MSI-X (PCI Local Bus 3.0, 6.8.2): a table of messages, a pending bit for each, two masks. */
import type { AccessSize, MmioDevice, Stateful } from '../device.ts'
import type { PciFunction } from './function.ts'
import { CAP_MSI_X } from './registers.ts'

const CONTROL_ENABLE = 0x8000
const CONTROL_FUNCTION_MASK = 0x4000
const ENTRY_BYTES = 16
const VECTOR_CONTROL_MASKED = 1
/** Table at the start of the BAR, pending bits in its second half. */
const PBA_OFFSET = 0x800
export const MSIX_BAR_SIZE = 0x1000
/** As many as fit below the pending bits. */
export const MAX_MSIX_VECTORS: number = PBA_OFFSET / ENTRY_BYTES

export interface MsixState {
  table: Uint32Array
  pending: boolean[]
}

export class Msix implements MmioDevice, Stateful<MsixState> {
  readonly vectors: number
  readonly #fn: PciFunction
  readonly #control: number
  /** Four words an entry: address low, address high, data, vector control. */
  #table: Uint32Array
  #pending: boolean[]

  /** Adds the capability to `fn` and the table behind its BAR `bar`. */
  constructor(fn: PciFunction, bar: number, vectors: number) {
    if (vectors < 1 || vectors > MAX_MSIX_VECTORS) throw new RangeError(`${vectors} MSI-X vectors`)
    this.vectors = vectors
    this.#fn = fn
    this.#table = emptyTable(vectors)
    this.#pending = Array.from({ length: vectors }, () => false)
    const body = new Uint8Array(10)
    const view = new DataView(body.buffer)
    view.setUint16(0, vectors - 1, true)
    view.setUint32(2, bar, true)
    view.setUint32(6, PBA_OFFSET | bar, true)
    const capability = fn.addCapability(CAP_MSI_X, body)
    this.#control = capability + 2
    fn.allowWrite(this.#control + 1, [(CONTROL_ENABLE | CONTROL_FUNCTION_MASK) >> 8])
    fn.addBar(bar, { kind: 'memory32', size: MSIX_BAR_SIZE, device: this })
  }

  /** While set, the function must not use its INTx pin. */
  get enabled(): boolean {
    return (this.#fn.u16(this.#control) & CONTROL_ENABLE) !== 0
  }

  /** Sends the message of `vector`, or remembers it while it is masked. */
  notify(vector: number): void {
    if (vector >= this.vectors || !this.enabled) return
    if (this.#isMasked(vector)) this.#pending[vector] = true
    else this.#send(vector)
  }

  /** To be called after the guest has written the capability: a mask may have gone. */
  configWritten(): void {
    this.#sendUnmasked()
  }

  read(offset: number, size: AccessSize): number {
    const word = offset >> 2
    const value = offset < PBA_OFFSET ? (this.#table[word] ?? 0) : this.#pendingWord(word - PBA_OFFSET / 4)
    return (
      (value >>> (8 * (offset & 3))) & // narrower reads than a word are allowed here, though undefined by the standard
      (size === 4 ? -1 : (1 << (8 * size)) - 1)
    )
  }

  write(offset: number, size: AccessSize, value: number): void {
    const word = offset >> 2
    if (size !== 4 || offset & 3) return this.#fn.diagnostics.counters.count('msix.partial-write')
    if (word >= this.#table.length) return this.#fn.diagnostics.counters.count('msix.bad-write')
    this.#table[word] = word % 4 === 3 ? value & VECTOR_CONTROL_MASKED : value
    this.#sendUnmasked()
  }

  reset(): void {
    this.#table = emptyTable(this.vectors)
    this.#pending.fill(false)
  }

  save(): MsixState {
    return { table: this.#table.slice(), pending: this.#pending.slice() }
  }

  load(state: MsixState): void {
    this.#table = state.table.slice()
    this.#pending = state.pending.slice()
  }

  #isMasked(vector: number): boolean {
    if (this.#fn.u16(this.#control) & CONTROL_FUNCTION_MASK) return true
    return (this.#table[4 * vector + 3]! & VECTOR_CONTROL_MASKED) !== 0
  }

  #send(vector: number): void {
    const [low, high, data] = this.#table.subarray(4 * vector)
    this.#fn.sendMsi(high! * 2 ** 32 + low!, data!)
  }

  #sendUnmasked(): void {
    if (!this.enabled) return
    for (let vector = 0; vector < this.vectors; vector++) {
      if (!this.#pending[vector] || this.#isMasked(vector)) continue
      this.#pending[vector] = false
      this.#send(vector)
    }
  }

  #pendingWord(word: number): number {
    let bits = 0
    for (let bit = 0; bit < 32; bit++) if (this.#pending[32 * word + bit]) bits |= 1 << bit
    return bits >>> 0
  }
}

function emptyTable(vectors: number): Uint32Array {
  return new Uint32Array(4 * vectors).map((_, word) => (word % 4 === 3 ? VECTOR_CONTROL_MASKED : 0))
}
