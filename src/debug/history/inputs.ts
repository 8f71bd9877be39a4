/**
 * What comes into a machine from outside: written down while it is live, given once more in a replay. The history says at which moment of the run it is; whether
 * anything belongs there is known here.
 */
import type { FileTree } from '../../devices/virtio/ninep/file-tree.ts'
import type { InputKind } from '../../machine/interposer.ts'
import type { RecordSource } from '../../machine/ring.ts'
import { type Input, InputLog, type Moment, type Records } from './input-log.ts'
import { InputQueue, type QueueState } from './input-queue.ts'
import { compare, type Position } from './position.ts'
import { CallLog, RecordedTree } from './recorded-tree.ts'

const FRAME_QUEUE_BYTES = 1 << 20
const TYPED_QUEUE_BYTES = 1 << 16

/** How much of the input a machine has had; part of a snapshot. */
export interface InputMark {
  readonly inputs: number
  readonly calls: number
  readonly queues: ReadonlyMap<InputKind, QueueState>
}

export class Inputs {
  readonly #log = new InputLog()
  readonly #calls = new CallLog()
  readonly #queues = new Map<InputKind, InputQueue>()

  /** What the machine reads in place of `source`. */
  queue(kind: InputKind, source: RecordSource): RecordSource {
    const queue =
      kind === 'frames'
        ? new InputQueue(source, FRAME_QUEUE_BYTES)
        : new InputQueue(source, TYPED_QUEUE_BYTES, 1)
    this.#queues.set(kind, queue)
    return queue
  }

  /** What the machine has in place of `tree`. */
  tree(tree: FileTree): FileTree {
    return new RecordedTree(tree, this.#calls)
  }

  get count(): number {
    return this.#log.end
  }

  get bytes(): number {
    return this.#log.bytes + this.#calls.bytes
  }

  /** Whether everything that is known has been given: what comes now is new. */
  get isAtEnd(): boolean {
    return this.#log.isAtEnd
  }

  /** The place of what comes next, if anything is known to come. */
  get nextPlace(): Position | undefined {
    return this.#log.next?.at
  }

  /** Whether the host has something that the machine has not seen. */
  get hasNews(): boolean {
    return [...this.#queues.values()].some((queue) => queue.hasNews)
  }

  // Live

  /** The machine looks at what the host has for it. */
  takeOver(moment: Moment, powerButton: boolean): void {
    const records: Partial<Record<InputKind, Uint8Array[]>> = {}
    for (const [kind, queue] of this.#queues) {
      const taken = queue.takeOver()
      if (taken.length > 0 || !queue.isEmpty) records[kind] = taken
    }
    if (powerButton || Object.keys(records).length > 0)
      this.#log.append({ ...moment, input: { kind: 'look', records, powerButton } })
    this.#show(records)
  }

  noteWoken(moment: Moment, ns: number): void {
    this.#log.append({ ...moment, input: { kind: 'woken', ns } })
  }

  noteEdit(moment: Moment, apply: () => void): void {
    this.#log.append({ ...moment, input: { kind: 'edit', apply } })
  }

  // In a replay

  /** Gives the machine what it saw at this moment; null when it did not look. */
  replayLook(moment: Moment): { readonly powerButton: boolean } | null {
    const input = this.#nextAt(moment)
    if (input?.kind !== 'look') return null
    this.#log.cursor++
    this.#show(input.records)
    return input
  }

  /** After how many nanoseconds the host woke the machine that is halted here; null when a timer did. */
  replayWoken(moment: Moment): number | null {
    const input = this.#nextAt(moment)
    if (input?.kind !== 'woken') return null
    this.#log.cursor++
    return input.ns
  }

  /** The next change that was made by hand right here, between these two events. */
  replayEdit({ at, haltedNs }: Moment): (() => void) | null {
    const entry = this.#log.next
    if (entry?.input.kind !== 'edit') return null
    if (entry.haltedNs !== haltedNs || compare(entry.at, at) !== 0) return null
    this.#log.cursor++
    return entry.input.apply
  }

  // Marks

  mark(): InputMark {
    return {
      inputs: this.#log.cursor,
      calls: this.#calls.cursor,
      queues: new Map([...this.#queues].map(([kind, queue]) => [kind, queue.save()])),
    }
  }

  goto({ inputs, calls, queues }: InputMark): void {
    for (const [kind, queue] of this.#queues) queue.load(queues.get(kind)!)
    this.#log.cursor = inputs
    this.#calls.cursor = calls
  }

  /** Forgets what has not been given: the future will be another one. */
  truncate(): void {
    this.#log.truncate()
    this.#calls.truncate()
  }

  dropBefore({ inputs, calls }: InputMark): void {
    this.#log.dropBefore(inputs)
    this.#calls.dropBefore(calls)
  }

  /** The next entry of the log, when it belongs to this moment, whatever events were delivered in it. */
  #nextAt({ at, haltedNs }: Moment): Input | undefined {
    const entry = this.#log.next
    if (entry === undefined || entry.haltedNs !== haltedNs) return undefined
    return entry.at.instruction === at.instruction ? entry.input : undefined
  }

  #show(records: Records): void {
    for (const [kind, queue] of this.#queues) queue.add(records[kind] ?? [])
  }
}
