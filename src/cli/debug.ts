/** What commands that debug have in common. */
import type { RunOptions } from '../index.ts'
import type { DebugFront } from '../machine/debug-channel.ts'
import { UsageError } from './errors.ts'
import { parseSize } from './options.ts'

export const HISTORY_HELP = 'Memory for the recorded run, when it is debugged'
export const DEFAULT_HISTORY = '1G'

export interface DebugFlags {
  engine: string
  history: string | number
  maxInstructions?: string | number
}

export function debugOptions(front: DebugFront, flags: DebugFlags): RunOptions {
  if (flags.maxInstructions !== undefined)
    throw new UsageError('--max-instructions: a run that is debugged has no limit of its own; leave it out')
  return {
    debug: { front, historyBytes: parseSize(String(flags.history), '--history') },
    // Each step back forgets what was translated.
    ...(flags.engine === 'auto' ? { engine: 'interpreter' } : {}),
  }
}
