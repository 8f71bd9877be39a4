/**
 * Snapshots of a machine in memory, by instruction count. Each holds only the pages that were written since the one before; processor and devices are taken for
 * pages too. What they may take is bounded: they lie close near the present place and ever farther apart away from it.
 */
import type { CpuState } from '../../cpu/cpu.ts'
import type { Computer } from '../../machine/computer.ts'
import { decodeValue, encodeValue } from '../../machine/snapshot/value-codec.ts'
import type { OverlayDisk } from './overlay-disk.ts'
import { PageVersions } from './page-versions.ts'
import { isBefore, type Position } from './position.ts'

const PAGE_BYTES = 4096
/** Keys of pages: those of RAM are their numbers; then those of the disks, one range for each; then those of other state. */
const DISK_KEYS = 2 ** 32
const STATE_KEYS = 2 ** 48
const STATE_STRIDE = 2 ** 24
/** So many are enough for a look back over any run: what lies between two is a fixed share of the way from here. */
const MAX_SNAPSHOTS = 160
const MIN_SNAPSHOTS = 8

export interface Snapshot<Extra> {
  readonly position: Position
  /** What whoever takes it adds: small, and not changed afterwards. */
  readonly extra: Extra
  readonly cpuMap: CpuState['map']
  readonly lengths: readonly number[]
}

export interface SnapshotsOptions {
  readonly computer: Computer
  readonly disks: readonly OverlayDisk[]
  readonly maxBytes: number
}

export class Snapshots<Extra> {
  readonly #computer: Computer
  readonly #disks: readonly OverlayDisk[]
  readonly #maxBytes: number
  readonly #versions = new PageVersions()
  /** Ascending. */
  #list: Snapshot<Extra>[] = []
  /** The one that RAM and disks are equal to, but for what was written since. */
  #base: Snapshot<Extra> | null = null

  constructor({ computer, disks, maxBytes }: SnapshotsOptions) {
    this.#computer = computer
    this.#disks = disks
    this.#maxBytes = maxBytes
  }

  get count(): number {
    return this.#list.length
  }

  get bytes(): number {
    return this.#versions.bytes
  }

  get first(): Snapshot<Extra> {
    return this.#list[0]!
  }

  /** The last one that is not behind `position`; the first when there is none. */
  before(position: Position): Snapshot<Extra> {
    return this.#list.findLast((one) => !isBefore(position, one.position)) ?? this.first
  }

  /** The last one that is really before `position`. */
  strictlyBefore(position: Position): Snapshot<Extra> | undefined {
    return this.#list.findLast((one) => isBefore(one.position, position))
  }

  /** Takes one of the machine as it is; between two runs only. */
  take(position: Position, extra: Extra): void {
    const moment = position.instruction
    if (this.#list.some((one) => one.position.instruction === moment)) return
    const { cpu, board } = this.#computer
    this.#versions.open(moment)
    const { ram } = cpu
    for (const page of cpu.takeWrittenPages())
      this.#versions.put(page, moment, ram.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES))
    for (const [i, disk] of this.#disks.entries())
      for (const block of disk.takeWritten())
        this.#versions.put((i + 1) * DISK_KEYS + block, moment, disk.block(block)!, false)
    const state = cpu.save()
    const blobs = [state.block, state.tlb, encodeValue(board.save())]
    for (const [i, blob] of blobs.entries()) this.#putState(i, moment, blob)
    const snapshot = { position, extra, cpuMap: state.map, lengths: blobs.map((blob) => blob.length) }
    this.#list.push(snapshot)
    this.#list.sort((a, b) => a.position.instruction - b.position.instruction)
    this.#base = snapshot
    this.#thin(moment)
  }

  /** Makes the machine what it was. */
  restore(snapshot: Snapshot<Extra>): void {
    const moment = snapshot.position.instruction
    const keys = this.#versions.changedBetween(this.#base!.position.instruction, moment)
    const { cpu, board } = this.#computer
    for (const page of cpu.takeWrittenPages()) keys.add(page)
    for (const [i, disk] of this.#disks.entries())
      for (const block of disk.takeWritten()) keys.add((i + 1) * DISK_KEYS + block)
    for (const key of keys) this.#restorePage(key, moment)
    const [block, tlb, devices] = snapshot.lengths.map((length, i) => this.#getState(i, moment, length))
    const state = { block: block!, tlb: tlb!, map: snapshot.cpuMap }
    cpu.load(state)
    board.load(decodeValue(devices!) as Record<string, unknown>)
    board.stopped = null
    board.resetPending = false
    // Once more: devices pull at the processor's lines while they load.
    cpu.load(state)
    cpu.takeWrittenPages()
    this.#base = snapshot
  }

  /** Forgets all that come after `position`: what follows will be another run. The machine stands there. */
  truncate(position: Position): void {
    for (const one of this.#list.filter((snapshot) => isBefore(position, snapshot.position)))
      this.#remove(one)
  }

  #restorePage(key: number, moment: number): void {
    if (key >= STATE_KEYS) return
    const bytes = this.#versions.get(key, moment)
    if (key < DISK_KEYS) return this.#computer.cpu.ram.set(bytes, key * PAGE_BYTES)
    const disk = this.#disks[Math.floor(key / DISK_KEYS) - 1]!
    disk.setBlock(key % DISK_KEYS, this.#versions.has(key, moment) ? bytes : undefined)
  }

  #putState(index: number, moment: number, blob: Uint8Array): void {
    const first = STATE_KEYS + index * STATE_STRIDE
    for (let at = 0; at < blob.length; at += PAGE_BYTES)
      this.#versions.put(first + at / PAGE_BYTES, moment, blob.subarray(at, at + PAGE_BYTES))
  }

  #getState(index: number, moment: number, length: number): Uint8Array {
    const blob = new Uint8Array(Math.ceil(length / PAGE_BYTES) * PAGE_BYTES)
    const first = STATE_KEYS + index * STATE_STRIDE
    for (let at = 0; at < length; at += PAGE_BYTES)
      blob.set(this.#versions.get(first + at / PAGE_BYTES, moment), at)
    return blob.subarray(0, length)
  }

  #remove(snapshot: Snapshot<Extra>): void {
    this.#versions.remove(snapshot.position.instruction)
    this.#list = this.#list.filter((one) => one !== snapshot)
  }

  /** Gives up those that are missed least from `here`, until there is room. At last the oldest go, and the history begins later. */
  #thin(here: number): void {
    while (this.#list.length > MAX_SNAPSHOTS || this.#versions.bytes > this.#maxBytes) {
      if (this.#list.length <= 2) return
      const isTight = this.#list.length <= MIN_SNAPSHOTS
      const victim = isTight ? this.#list[0]! : this.#leastMissed(here)
      if (victim === this.#base) return
      this.#remove(victim)
    }
  }

  /** The one between whose neighbours the gap would be the smallest, measured by its distance from here. */
  #leastMissed(here: number): Snapshot<Extra> {
    let least = this.#list[0]!
    let leastCost = Infinity
    for (let i = 1; i < this.#list.length - 1; i++) {
      const [before, one, after] = this.#list.slice(i - 1, i + 2).map(({ position }) => position.instruction)
      const cost = (after! - before!) / (Math.abs(here - one!) + 1000)
      if (cost >= leastCost || this.#list[i] === this.#base) continue
      leastCost = cost
      least = this.#list[i]!
    }
    return least
  }
}
