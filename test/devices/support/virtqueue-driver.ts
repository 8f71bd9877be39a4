/** The driver's end of a virtqueue (virtio 1.2, 2.7 and 2.8), written against the standard and not against our device. */

export interface Piece {
  gpa: number
  length: number
  writable: boolean
}

export interface QueuePlace {
  size: number
  descriptor: number
  driver: number
  device: number
  /** Room for indirect tables. */
  indirect: number
}

export interface DriverQueue {
  /** Makes a request available. Returns its token. */
  add(pieces: Piece[], indirect?: boolean): number
  /** Whether the device wants to be notified of what was added since the last call. */
  needsKick(): boolean
  /** The next completed request. */
  collect(): { token: number; written: number } | null
  /** Asks for an interrupt with the next completion (or, with the event index, with the one `after` more). */
  enableInterrupts(after?: number): void
  disableInterrupts(): void
}

const NEXT = 1
const WRITE = 2
const INDIRECT = 4

export class SplitDriver implements DriverQueue {
  readonly #view: DataView
  readonly #place: QueuePlace
  readonly #eventIndex: boolean
  #free: number[]
  #chains = new Map<number, number[]>()
  #available = 0
  #kicked = 0
  #used = 0

  constructor(ram: ArrayBuffer, place: QueuePlace, eventIndex: boolean) {
    this.#view = new DataView(ram)
    this.#place = place
    this.#eventIndex = eventIndex
    this.#free = Array.from({ length: place.size }, (_, i) => i)
    new Uint8Array(ram, place.descriptor, 16 * place.size).fill(0)
    new Uint8Array(ram, place.driver, 6 + 2 * place.size).fill(0)
    new Uint8Array(ram, place.device, 6 + 8 * place.size).fill(0)
  }

  get freeDescriptors(): number {
    return this.#free.length
  }

  add(pieces: Piece[], indirect = false): number {
    const { descriptor, driver, size } = this.#place
    const chain = this.#free.splice(0, indirect ? 1 : pieces.length)
    const head = chain[0]!
    if (indirect) {
      const table = this.#place.indirect + 16 * 64 * head
      pieces.forEach((piece, i) =>
        this.#describe(table + 16 * i, piece, i + 1 < pieces.length ? i + 1 : null),
      )
      this.#put(descriptor + 16 * head, table, 16 * pieces.length, INDIRECT, 0)
    } else
      pieces.forEach((piece, i) => this.#describe(descriptor + 16 * chain[i]!, piece, chain[i + 1] ?? null))
    this.#chains.set(head, chain)
    this.#view.setUint16(driver + 4 + 2 * (this.#available % size), head, true)
    this.#available = (this.#available + 1) & 0xffff
    this.#view.setUint16(driver + 2, this.#available, true)
    return head
  }

  needsKick(): boolean {
    const { device, size } = this.#place
    const before = this.#kicked
    this.#kicked = this.#available
    if (!this.#eventIndex) return (this.#view.getUint16(device, true) & 1) === 0
    const event = this.#view.getUint16(device + 4 + 8 * size, true)
    return ((this.#available - event - 1) & 0xffff) < ((this.#available - before) & 0xffff)
  }

  collect(): { token: number; written: number } | null {
    const { device, size } = this.#place
    if (this.#view.getUint16(device + 2, true) === this.#used) return null
    const entry = device + 4 + 8 * (this.#used % size)
    this.#used = (this.#used + 1) & 0xffff
    const token = this.#view.getUint32(entry, true)
    this.#free.push(...this.#chains.get(token)!)
    this.#chains.delete(token)
    return { token, written: this.#view.getUint32(entry + 4, true) }
  }

  enableInterrupts(after = 0): void {
    const { driver, size } = this.#place
    this.#view.setUint16(driver, 0, true)
    this.#view.setUint16(driver + 4 + 2 * size, this.#used + after, true)
  }

  disableInterrupts(): void {
    const { driver, size } = this.#place
    this.#view.setUint16(driver, 1, true)
    this.#view.setUint16(driver + 4 + 2 * size, this.#used - 1, true)
  }

  #describe(at: number, piece: Piece, next: number | null): void {
    const flags = (piece.writable ? WRITE : 0) | (next === null ? 0 : NEXT)
    this.#put(at, piece.gpa, piece.length, flags, next ?? 0)
  }

  #put(at: number, gpa: number, length: number, flags: number, next: number): void {
    this.#view.setBigUint64(at, BigInt(gpa), true)
    this.#view.setUint32(at + 8, length, true)
    this.#view.setUint16(at + 12, flags, true)
    this.#view.setUint16(at + 14, next, true)
  }
}

const AVAIL = 1 << 7
const USED = 1 << 15

export class PackedDriver implements DriverQueue {
  readonly #view: DataView
  readonly #place: QueuePlace
  readonly #eventIndex: boolean
  #ids: number[]
  #entries = new Map<number, number>()
  #next = 0
  #wrap = true
  #addedSinceKick = 0
  #usedNext = 0
  #usedWrap = true

  constructor(ram: ArrayBuffer, place: QueuePlace, eventIndex: boolean) {
    this.#view = new DataView(ram)
    this.#place = place
    this.#eventIndex = eventIndex
    // Ids in an order of their own: the device must hand them back as they are.
    this.#ids = Array.from({ length: place.size }, (_, i) => (i * 7 + 3) & 0xffff)
    new Uint8Array(ram, place.descriptor, 16 * place.size).fill(0)
    new Uint8Array(ram, place.driver, 4).fill(0)
    new Uint8Array(ram, place.device, 4).fill(0)
  }

  add(pieces: Piece[], indirect = false): number {
    const id = this.#ids.shift()!
    const count = indirect ? 1 : pieces.length
    const first = this.#next
    let firstFlags = 0
    if (indirect) {
      const table = this.#place.indirect + 16 * 64 * first
      pieces.forEach((piece, i) =>
        this.#put(table + 16 * i, piece.gpa, piece.length, 0, piece.writable ? WRITE : 0),
      )
      firstFlags = this.#entry(first, table, 16 * pieces.length, id, INDIRECT, true)
    } else
      pieces.forEach((piece, i) => {
        const flags = (piece.writable ? WRITE : 0) | (i + 1 < pieces.length ? NEXT : 0)
        const written = this.#entry(this.#next, piece.gpa, piece.length, id, flags, i === 0)
        if (i === 0) firstFlags = written
      })
    this.#entries.set(id, count)
    // The first becomes available last.
    this.#view.setUint16(this.#place.descriptor + 16 * first + 14, firstFlags, true)
    this.#addedSinceKick += count
    return id
  }

  needsKick(): boolean {
    const { device, size } = this.#place
    const added = this.#addedSinceKick
    this.#addedSinceKick = 0
    const flags = this.#view.getUint16(device + 2, true) & 3
    if (flags !== 2) return flags === 0
    const event = this.#view.getUint16(device, true)
    for (let back = 1; back <= added; back++) {
      let at = this.#next - back
      let wrap = this.#wrap
      if (at < 0) {
        at += size
        wrap = !wrap
      }
      if ((event & 0x7fff) === at && event >> 15 === (wrap ? 1 : 0)) return true
    }
    return false
  }

  collect(): { token: number; written: number } | null {
    const { descriptor, size } = this.#place
    const at = descriptor + 16 * this.#usedNext
    const flags = this.#view.getUint16(at + 14, true)
    if (((flags & AVAIL) !== 0) !== this.#usedWrap || ((flags & USED) !== 0) !== this.#usedWrap) return null
    const token = this.#view.getUint16(at + 12, true)
    this.#usedNext += this.#entries.get(token)!
    if (this.#usedNext >= size) {
      this.#usedNext -= size
      this.#usedWrap = !this.#usedWrap
    }
    this.#entries.delete(token)
    this.#ids.push(token)
    return { token, written: flags & WRITE ? this.#view.getUint32(at + 8, true) : 0 }
  }

  enableInterrupts(after = 0): void {
    const { driver, size } = this.#place
    let at = this.#usedNext + after
    let wrap = this.#usedWrap
    if (at >= size) {
      at -= size
      wrap = !wrap
    }
    this.#view.setUint16(driver, at | (wrap ? 0x8000 : 0), true)
    this.#view.setUint16(driver + 2, this.#eventIndex ? 2 : 0, true)
  }

  disableInterrupts(): void {
    this.#view.setUint16(this.#place.driver + 2, 1, true)
  }

  #entry(index: number, gpa: number, length: number, id: number, flags: number, held: boolean): number {
    const marked = flags | (this.#wrap ? AVAIL : USED)
    this.#put(this.#place.descriptor + 16 * index, gpa, length, id, held ? this.#stale(index) : marked)
    this.#next++
    if (this.#next === this.#place.size) {
      this.#next = 0
      this.#wrap = !this.#wrap
    }
    return marked
  }

  #stale(index: number): number {
    return this.#view.getUint16(this.#place.descriptor + 16 * index + 14, true)
  }

  #put(at: number, gpa: number, length: number, id: number, flags: number): void {
    this.#view.setBigUint64(at, BigInt(gpa), true)
    this.#view.setUint32(at + 8, length, true)
    this.#view.setUint16(at + 12, id, true)
    this.#view.setUint16(at + 14, flags, true)
  }
}
