/** The loop of a machine under a debugger: it moves when somebody at the other end of the channel says so. Lives in the worker, as `Runner` does. */
import { STOP_NONE, STOP_TIMEOUT } from '../machine/control.ts'
import { type Exit, type Stop, stopFor } from '../machine/exit.ts'
import type { Computer } from '../machine/computer.ts'
import type { DebugChannel, DebugConfig } from '../machine/debug-channel.ts'
import type { InputKind, Interposer, Loop } from '../machine/interposer.ts'
import type { RecordSink, RecordSource } from '../machine/ring.ts'
import { describeExit, type RunnerOptions } from '../machine/runner.ts'
import type { BlockBackend } from '../devices/storage/block-backend.ts'
import type { FileTree } from '../devices/virtio/ninep/file-tree.ts'
import { History } from './history/history.ts'
import { Target } from './target.ts'

/** Who debugs: gdb's server, or the stepper. */
export interface Front {
  /** A message of the host; its first byte is one of MESSAGE_. */
  receive(message: Uint8Array): void
  readonly isMoving: boolean
  /** Whether a message is worth interrupting the machine for. */
  readonly isAttentive: boolean
  /** Lets the machine go, until it rests or there is a message. */
  move(): void
  /** Set when the session is over. */
  readonly stop: Stop | 'killed' | null
}

export type CreateFront = (
  target: Target,
  send: (bytes: Uint8Array) => void,
  /** Asked while the machine runs: somebody wants to be heard. */
  isInterrupted: () => boolean,
) => Front

export class Session implements Interposer, Loop {
  readonly #history: History
  readonly #channel: DebugChannel
  readonly #createFront: CreateFront
  #options!: RunnerOptions

  constructor(config: DebugConfig, channel: DebugChannel, createFront: CreateFront) {
    this.#history = new History({ maxBytes: config.historyBytes })
    this.#channel = channel
    this.#createFront = createFront
  }

  input(kind: InputKind, source: RecordSource): RecordSource {
    return this.#history.input(kind, source)
  }

  output(sink: RecordSink, wait: () => void): RecordSink {
    return this.#history.output(sink, wait)
  }

  disk(disk: BlockBackend): BlockBackend {
    return this.#history.disk(disk)
  }

  tree(tree: FileTree): FileTree {
    return this.#history.tree(tree)
  }

  loop(options: RunnerOptions, computer: Computer): Loop {
    this.#options = options
    this.#history.begin(options, computer)
    return this
  }

  /** Measurements are of no use in a run that goes back and forth. */
  mark(): void {}

  run(): Exit {
    const startMs = performance.now()
    const { control } = this.#options
    const channel = this.#channel
    const isInterrupted = (): boolean =>
      control.stopReason !== STOP_NONE || (front.isAttentive && channel.hasMessage)
    const front: Front = this.#createFront(
      new Target(this.#history, isInterrupted),
      (bytes) => channel.send(bytes),
      isInterrupted,
    )
    for (;;) {
      const { wakeCount } = control
      if (control.stopReason !== STOP_NONE) return this.#exit(hostStop(control.stopReason), startMs)
      if (front.stop !== null)
        return this.#exit(front.stop === 'killed' ? hostStop(STOP_NONE) : front.stop, startMs)
      const message = channel.receive()
      if (message !== null) front.receive(message)
      else if (front.isMoving) front.move()
      else control.sleep(wakeCount, Infinity)
    }
  }

  #exit(stop: Stop, startMs: number): Exit {
    this.#options.flush()
    return describeExit(stop, this.#options, {
      seconds: (performance.now() - startMs) / 1000,
      idleSeconds: this.#history.idleSeconds,
      marks: [],
    })
  }
}

function hostStop(reason: number): Stop {
  return reason === STOP_TIMEOUT ? stopFor('timeout', 'the time is over') : stopFor('stopped', 'stopped')
}
