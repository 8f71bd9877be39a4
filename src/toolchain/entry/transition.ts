/** What every way from the application into the kernel consists of. */
import type { Crossing } from './crossing.ts'
import type { NumberedCall } from './dispatch.ts'
import type { Piece } from './piece.ts'

export interface Transition {
  /** The kernel's side: where the call arrives, and how it goes back. */
  readonly kernel: (calls: readonly NumberedCall[], crossing: Crossing) => readonly Piece[]
  /** The application's side: its stubs. */
  readonly application: (calls: readonly NumberedCall[]) => readonly Piece[]
  /**
   * Where the entry keeps the caller's RBP, in bytes below the top of the thread's kernel stack; RSP is always the first word there, or the second
   * below a stack selector that the processor pushed. Absent when the caller's stack goes on being used.
   */
  readonly savedRbp?: number
}
