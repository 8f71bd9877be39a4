/** What may stand between a machine and its host: it sees all that comes in, and runs the machine in its own way. */
import type { BlockBackend } from '../devices/storage/block-backend.ts'
import type { FileTree } from '../devices/virtio/ninep/file-tree.ts'
import type { Computer } from './computer.ts'
import type { Exit } from './exit.ts'
import type { RecordSink, RecordSource } from './ring.ts'
import type { RunnerOptions } from './runner.ts'

/** What the host hands in by itself. */
export type InputKind = 'frames' | 'serial' | 'keys'

/** Runs a machine to its end. */
export interface Loop {
  run(): Exit
  /** The guest marks a place where it is measured. */
  mark(id: number): void
}

export interface Interposer {
  /** Gives what the machine reads in place of `source`. */
  input(kind: InputKind, source: RecordSource): RecordSource
  /** Gives what the machine writes to in place of `sink`; `wait` sleeps until the host may have made room there. */
  output(sink: RecordSink, wait: () => void): RecordSink
  disk(disk: BlockBackend): BlockBackend
  tree(tree: FileTree): FileTree
  loop(options: RunnerOptions, computer: Computer): Loop
}
