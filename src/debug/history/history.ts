/**
 * The run of a machine as something that one can go back and forth in. Forwards it is the loop of `src/machine/runner.ts`, with all that comes from outside written
 * down; backwards it is a snapshot, and what was written down once more.
 *
 * At every boundary that is shown inputs were taken and timers that are due have fired: the machine is *settled*. So a place in the run is one state, however it
 * was reached.
 */
import type { ProbeListener } from '../../cpu/observers.ts'
import { EVENT_BEGIN, EVENT_END } from '../../cpu/probe.ts'
import type { BlockBackend } from '../../devices/storage/block-backend.ts'
import type { FileTree } from '../../devices/virtio/ninep/file-tree.ts'
import type { Computer } from '../../machine/computer.ts'
import { STOP_NONE } from '../../machine/control.ts'
import { type Stop, stopFor } from '../../machine/exit.ts'
import { Horizon } from '../../machine/horizon.ts'
import type { InputKind } from '../../machine/interposer.ts'
import type { RecordSink, RecordSource } from '../../machine/ring.ts'
import { type RunnerOptions, tripleFault } from '../../machine/runner.ts'
import { sleep } from '../../machine/sleep.ts'
import type { Moment } from './input-log.ts'
import { type InputMark, Inputs } from './inputs.ts'
import { Output } from './output.ts'
import { OverlayDisk } from './overlay-disk.ts'
import { compare, isBefore, type Position } from './position.ts'
import { type Snapshot, Snapshots } from './snapshots.ts'

/** Instructions between two snapshots of a run that is recorded: they take about a twentieth of a second. */
const INTERVAL = 4_000_000
/** Instructions between two looks at the host. */
const SLICE = 200_000
/** How far before the place that one goes back to snapshots are left, so that the next step back is quick. */
const NEAR = [1 << 10, 1 << 13, 1 << 16, 1 << 19, 1 << 22]

/** Why a run through the history came to rest. */
export type Pause =
  /** Where it was to go. */
  | 'there'
  | 'breakpoint'
  | 'watchpoint'
  | 'ring'
  /** Somebody wants to be heard. */
  | 'interrupted'
  /** The machine has ended; see `ended`. */
  | 'ended'

/** What stops a run, beside its aim. */
export interface Stops {
  /** Asked some hundred times a second. */
  readonly isInterrupted?: () => boolean
  /** At points of the processor. */
  readonly points?: boolean
  /** Where the ring changes. */
  readonly rings?: boolean
}

interface Extra {
  readonly haltedNs: number
  readonly inputs: InputMark
}

export interface HistoryOptions {
  /** What snapshots may take, in bytes. */
  readonly maxBytes: number
}

const NOWHERE: Position = { instruction: Infinity, event: 0 }

export class History {
  readonly #maxBytes: number
  readonly #inputs = new Inputs()
  readonly #disks: OverlayDisk[] = []
  #options!: RunnerOptions
  #computer!: Computer
  #snapshots!: Snapshots<Extra>
  /** Where the recorded run stands; behind it there is nothing yet. */
  #present: { position: Position; haltedNs: number } = { position: { instruction: 0, event: 0 }, haltedNs: 0 }
  #isLive = true
  /** The instruction count and the halted time at which the machine was last settled. */
  #settled: [instructions: number, haltedNs: number] = [-1, -1]
  #horizon!: Horizon
  #idleMs = 0
  /** Read before one looks for work, so that no wake is lost in between. */
  #wakeCount = 0
  /** Instruction counts, descending, at which a replay leaves a snapshot. */
  #planned: number[] = []
  #ended: Stop | null = null
  #ringChanged = false

  constructor({ maxBytes }: HistoryOptions) {
    this.#maxBytes = maxBytes
  }

  // What stands between machine and host while it is put together; see `Interposer`.

  input(kind: InputKind, source: RecordSource): RecordSource {
    return this.#inputs.queue(kind, source)
  }

  output(sink: RecordSink, wait: () => void): RecordSink {
    return new Output(
      sink,
      wait,
      () => this.#isLive,
      () => this.#options.control.stopReason !== STOP_NONE,
    )
  }

  disk(disk: BlockBackend): BlockBackend {
    const overlay = new OverlayDisk(disk)
    this.#disks.push(overlay)
    return overlay
  }

  tree(tree: FileTree): FileTree {
    return this.#inputs.tree(tree)
  }

  /** The machine is put together: its history begins. */
  begin(options: RunnerOptions, computer: Computer): void {
    this.#options = options
    this.#computer = computer
    this.#snapshots = new Snapshots({ computer, disks: this.#disks, maxBytes: this.#maxBytes })
    this.#horizon = new Horizon(options.clock, () => computer.cpu.interruptRun())
    if (options.isRestored === true) this.#settled = [computer.cpu.retired, computer.clock.haltedNs]
    else this.#settle()
    this.#snapshots.take(this.position, this.#extra())
  }

  // Where we are

  get computer(): Computer {
    return this.#computer
  }

  get position(): Position {
    const { cpu } = this.#computer
    return { instruction: cpu.retired, event: cpu.deliveredEvents }
  }

  /** The first place that one can go back to. */
  get start(): Position {
    return this.#snapshots.first.position
  }

  /** The farthest place that the machine has reached. */
  get present(): Position {
    return this.#isLive ? this.position : this.#present.position
  }

  /** Whether what is done now happens for the first time. */
  get isLive(): boolean {
    return this.#isLive
  }

  /** How the machine has ended, when it stands at its end. */
  get ended(): Stop | null {
    return this.#ended
  }

  get idleSeconds(): number {
    return this.#idleMs / 1000
  }

  get statistics(): { snapshots: number; bytes: number; inputs: number } {
    const { count, bytes } = this.#snapshots
    return { snapshots: count, bytes: bytes + this.#inputs.bytes, inputs: this.#inputs.count }
  }

  // Forwards

  /** On, through what is known and beyond it, to `aim` or until something stops it. */
  run(aim: Position = NOWHERE, stops: Stops = {}): Pause {
    const { cpu } = this.#computer
    const listener = stops.rings === true ? this.#listenForRings() : null
    if (listener !== null) cpu.addProbe(listener)
    try {
      for (;;) {
        if (this.#hasEnded()) return 'ended'
        if (!isBefore(this.position, aim)) {
          this.#applyEdits()
          return 'there'
        }
        this.#wakeCount = this.#options.control.wakeCount
        if (stops.isInterrupted?.() === true) return 'interrupted'
        const pause = this.#advance(aim)
        if (pause === null) continue
        if (pause === 'ring' ? stops.rings === true : stops.points === true) return pause
        cpu.passPoint()
      }
    } finally {
      if (listener !== null) cpu.removeProbe(listener)
      this.#options.flush()
    }
  }

  /** One boundary on. */
  stepForward(stops: Stops = {}): Pause {
    const { instruction, event } = this.position
    // Whichever comes first: the next event, or the next instruction.
    for (;;) {
      if (this.#hasEnded()) return 'ended'
      this.#wakeCount = this.#options.control.wakeCount
      if (stops.isInterrupted?.() === true) return 'interrupted'
      this.#advance({ instruction, event: event + 1 })
      if (isBefore({ instruction, event }, this.position)) break
      this.#computer.cpu.passPoint()
    }
    this.#options.flush()
    return this.#ended === null ? 'there' : 'ended'
  }

  // Backwards

  /** To a place that the machine has been at, or as near as the history goes. */
  goto(aim: Position): void {
    if (!isBefore(aim, this.present)) aim = this.present
    if (compare(aim, this.position) === 0) return
    const snapshot = this.#snapshots.before(aim)
    if (isBefore(aim, this.position) || isBefore(this.position, snapshot.position)) this.#restore(snapshot)
    this.#planned = NEAR.map((distance) => aim.instruction - distance).filter(
      (moment) => moment > this.position.instruction,
    )
    this.run(aim)
    this.#planned = []
  }

  /** One boundary back. False at the beginning of the history. */
  stepBack(): boolean {
    const before = this.boundaryBefore(this.position)
    if (before === null) return false
    this.goto(before)
    return true
  }

  /** The boundary before `position`, which the machine has been at; null at the beginning. The machine is somewhere else afterwards. */
  boundaryBefore(position: Position): Position | null {
    const snapshot = this.#snapshots.strictlyBefore(position)
    if (snapshot === undefined) return null
    this.goto({ instruction: Math.max(snapshot.position.instruction, position.instruction - 1), event: 0 })
    let before = this.position
    for (;;) {
      this.stepForward()
      if (!isBefore(this.position, position)) return before
      before = this.position
    }
  }

  /** The stretches of the history before `position`, the last first: their beginnings. The machine stands at each when it is given. */
  *stretchesBefore(position: Position): Generator<Position> {
    for (let end = position; ;) {
      const snapshot = this.#snapshots.strictlyBefore(end)
      if (snapshot === undefined) return
      this.#restore(snapshot)
      yield snapshot.position
      end = snapshot.position
    }
  }

  /** Changes the machine by hand. What was known of its future is void; a machine that has ended has none. */
  edit(apply: () => void): void {
    this.#inputs.truncate()
    this.#snapshots.truncate(this.position)
    this.#isLive = true
    this.#inputs.noteEdit(this.#moment, apply)
    apply()
  }

  // The loop

  get #haltedNs(): number {
    return this.#computer.clock.haltedNs
  }

  get #moment(): Moment {
    return { at: this.position, haltedNs: this.#haltedNs }
  }

  /** Goes on at most to `aim`: one slice, or one step where only steps are exact enough. */
  #advance(aim: Position): Exclude<Pause, 'there' | 'interrupted' | 'ended'> | null {
    const { board, cpu } = this.#computer
    const next = this.#applyEdits()
    if (board.pm.isAsleep) {
      this.#rest()
      this.#settle()
      return null
    }
    const limit = [aim, next, this.#isLive ? NOWHERE : this.#present.position].reduce((a, b) =>
      isBefore(b, a) ? b : a,
    )
    const { instruction } = this.position
    const planned = this.#isLive ? this.#nextInterval() : (this.#planned.at(-1) ?? Infinity)
    const left = Math.min(limit.instruction, planned) - instruction
    const budget = this.#horizon.budget(Math.min(SLICE, left))
    this.#ringChanged = false
    // Only events lead from here to the limit.
    const end = limit.instruction - instruction < 1 ? cpu.step() : cpu.run(budget)
    if (board.stopped !== null) this.#ended = board.stopped
    else if (board.resetPending) this.#computer.reset()
    else if (end === 'triple-fault') this.#ended = tripleFault(cpu.tripleFault)
    else if (end === 'halted') this.#halted()
    const isFresh = this.#settle()
    if (isFresh && this.position.instruction === planned) this.#takeSnapshot()
    if (this.#ringChanged) return 'ring'
    return end === 'breakpoint' || end === 'watchpoint' ? end : null
  }

  #nextInterval(): number {
    return this.#snapshots.before(NOWHERE).position.instruction + INTERVAL
  }

  #takeSnapshot(): void {
    if (!this.#isLive) this.#planned.pop()
    this.#snapshots.take(this.position, this.#extra())
    if (!this.#isLive) return
    this.#inputs.dropBefore(this.#snapshots.first.extra.inputs)
  }

  #extra(): Extra {
    return { haltedNs: this.#haltedNs, inputs: this.#inputs.mark() }
  }

  #restore(snapshot: Snapshot<Extra>): void {
    this.#options.flush()
    if (this.#isLive) this.#present = { position: this.position, haltedNs: this.#haltedNs }
    this.#isLive = false
    this.#ended = null
    const { haltedNs, inputs } = snapshot.extra
    this.#snapshots.restore(snapshot)
    this.#inputs.goto(inputs)
    this.#settled = [snapshot.position.instruction, haltedNs]
    this.#noticePresent()
  }

  /** In a replay: whether it has caught up with the machine. */
  #noticePresent(): void {
    if (this.#isLive || !this.#inputs.isAtEnd) return
    const { position, haltedNs } = this.#present
    if (compare(this.position, position) < 0 || this.#haltedNs < haltedNs) return
    this.#options.flush()
    this.#isLive = true
  }

  /** Takes what has arrived, and fires the timers that are due: once for each moment. True when this was the first time. */
  #settle(): boolean {
    const { retired } = this.#computer.cpu
    const [instructions, haltedNs] = this.#settled
    const isFresh = instructions !== retired || haltedNs !== this.#haltedNs
    if (isFresh && this.#ended === null) {
      this.#settled = [retired, this.#haltedNs]
      this.#look()
      const { board, clock } = this.#computer
      clock.runDue()
      if (board.stopped !== null) this.#ended = board.stopped
      else if (board.wakePending) this.#computer.resume()
    }
    this.#noticePresent()
    return isFresh && this.#ended === null
  }

  /** What has arrived, or had arrived, is there for the machine now. */
  #look(): void {
    let powerButton: boolean
    if (this.#isLive) {
      powerButton = this.#options.control.takePowerButton()
      this.#inputs.takeOver(this.#moment, powerButton)
    } else {
      const look = this.#inputs.replayLook(this.#moment)
      if (look === null) return
      powerButton = look.powerButton
    }
    this.#options.poll()
    if (powerButton) this.#computer.board.pm.pressPowerButton()
  }

  /** Whether it goes no further. Also where it ends, something may have been done by hand. */
  #hasEnded(): boolean {
    if (this.#ended !== null) this.#applyEdits()
    return this.#ended !== null
  }

  /** Does what was done by hand here; gives the place at which something is to be done next. */
  #applyEdits(): Position {
    for (;;) {
      const apply = this.#inputs.replayEdit(this.#moment)
      if (apply === null) break
      apply()
      this.#noticePresent()
    }
    const next = this.#inputs.nextPlace
    return next !== undefined && isBefore(this.position, next) ? next : NOWHERE
  }

  #halted(): void {
    const { board, cpu } = this.#computer
    if (!cpu.interruptsEnabled) {
      this.#ended = stopFor('halted', 'the guest halted with interrupts disabled: nothing can wake it')
      return
    }
    // Settled first, and looked at again, before it sleeps.
    if (this.#settled[0] !== cpu.retired || this.#settled[1] !== this.#haltedNs) return
    if (!board.lapic.hasInterrupt) this.#rest()
  }

  /** Time passes until something happens. */
  #rest(): void {
    const { clock } = this.#computer
    if (!this.#isLive) {
      const ns = this.#inputs.replayWoken(this.#moment)
      return ns === null ? clock.skipToDeadline() : clock.addHalted(ns)
    }
    this.#sleep()
  }

  #sleep(): void {
    // What came before the count was read lies in the rings.
    const { hostMs, wokenNs } = sleep(this.#options, this.#wakeCount, () => this.#inputs.hasNews)
    this.#idleMs += hostMs
    if (wokenNs === null) return
    const ns = Math.max(1, Math.floor(wokenNs))
    this.#inputs.noteWoken(this.#moment, ns)
    this.#options.clock.addHalted(ns)
  }

  #listenForRings(): ProbeListener {
    let before = 0n
    return (event, _x, y) => {
      if (event === EVENT_BEGIN) before = y
      if (event !== EVENT_END || y === before) return
      this.#ringChanged = true
      this.#computer.cpu.interruptRun()
    }
  }
}
