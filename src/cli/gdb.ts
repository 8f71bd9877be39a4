/** `--gdb [HOST:]PORT` of `onering run`. */
import { listenForGdb, type GdbListener } from '../debug/gdb/node/listen.ts'
import type { Machine } from '../machine/machine.ts'
import { UsageError } from './errors.ts'
import { parseCount } from './options.ts'
import type { Progress } from './progress.ts'

export interface GdbPlace {
  readonly host: string
  readonly port: number
}

export function parseGdb(text: string): GdbPlace {
  const colon = text.lastIndexOf(':')
  const host = colon < 0 ? '' : text.slice(0, colon)
  return {
    host: host === '' ? '127.0.0.1' : host.replace(/^\[(.*)\]$/, '$1'),
    port: parseCount(text.slice(colon + 1), '--gdb', 0, 65_535),
  }
}

/** `symbols`: the file that gdb reads, when the image is one. */
export async function openGdb(
  machine: Machine,
  { host, port }: GdbPlace,
  symbols: string | null,
  progress: Progress,
): Promise<GdbListener> {
  try {
    const listener = await listenForGdb(machine, { host, port })
    const file = symbols === null ? '' : `${symbols} `
    progress.done(`waits for gdb: gdb ${file}-ex 'target remote ${host}:${listener.port}'`)
    return listener
  } catch (error) {
    throw new UsageError(
      `--gdb ${port}: cannot listen on ${host} (${(error as NodeJS.ErrnoException).code ?? error}); choose another port`,
    )
  }
}
