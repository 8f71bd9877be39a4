/** Times what a process prints: from the line `begin NAME` to the line `end NAME CHECKSUM`, by the host's clock and by the processor time of all its threads. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

export interface Timing {
  readonly wallSeconds: number
  /** Of all threads; undefined where /proc does not say, or the process was gone before it could be asked. */
  readonly processorSeconds?: number
  /** What the program has found; equal work gives equal checksums. */
  readonly checksum: string
}

export interface Command {
  readonly program: string
  readonly args: readonly string[]
}

export interface TimeOptions {
  /** A section that begins with the process itself. */
  readonly fromStart?: string
}

/** Processor time of a process with all its threads, in seconds. */
function processorSeconds(pid: number): number | undefined {
  try {
    let ns = 0
    for (const task of readdirSync(`/proc/${pid}/task`))
      ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
    return ns / 1e9
  } catch {
    return undefined
  }
}

interface Moment {
  readonly ms: number
  readonly processor: number | undefined
}

function between(from: Moment, to: Moment, checksum: string): Timing {
  const wallSeconds = (to.ms - from.ms) / 1000
  if (from.processor === undefined || to.processor === undefined || to.processor <= from.processor)
    return { wallSeconds, checksum }
  return { wallSeconds, processorSeconds: to.processor - from.processor, checksum }
}

/** Runs the command to its end; every section by name. Throws when one that has a name has begun and not ended. */
export async function time(
  { program, args }: Command,
  { fromStart }: TimeOptions = {},
): Promise<Map<string, Timing>> {
  const started = new Map<string, Moment>()
  if (fromStart !== undefined) started.set(fromStart, { ms: performance.now(), processor: 0 })
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close') as Promise<[number | null, string | null]>
  const timings = new Map<string, Timing>()
  for await (const line of createInterface(child.stdout)) {
    const [word, name = '', checksum = ''] = line.trim().split(' ')
    if (word !== 'begin' && word !== 'end') continue
    const now = { ms: performance.now(), processor: processorSeconds(child.pid!) }
    if (word === 'begin') started.set(name, now)
    else if (started.has(name)) timings.set(name, between(started.get(name)!, now, checksum))
  }
  const [status, signal] = await closed
  for (const name of started.keys())
    if (name !== '' && !timings.has(name)) {
      const end = signal ?? `status ${status}`
      throw new Error(`${[program, ...args].join(' ')}: "${name}" has begun and not ended (${end})`)
    }
  return timings
}
