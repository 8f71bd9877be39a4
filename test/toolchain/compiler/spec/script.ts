import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

/** A specification script as `wast2json` writes it. */
export interface Constant {
  readonly type: string
  readonly value: string | readonly string[]
  readonly lane_type?: string
}

export interface Action {
  readonly type: 'invoke' | 'get'
  readonly module?: string
  readonly field: string
  readonly args?: readonly Constant[]
}

export interface Command {
  readonly type: string
  readonly line: number
  readonly name?: string
  readonly filename?: string
  readonly as?: string
  readonly action?: Action
  readonly expected?: readonly Constant[]
  readonly text?: string
  wasm?: Uint8Array
}

/** Converts a `.wast` file; undefined if this wast2json does not understand it. */
export function readScript(path: string): Command[] | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'wast-'))
  try {
    const json = join(folder, `${basename(path, '.wast')}.json`)
    const run = spawnSync('wast2json', ['--enable-threads', path, '-o', json], { encoding: 'utf8' })
    if (run.status !== 0) return undefined
    const { commands } = JSON.parse(readFileSync(json, 'utf8')) as { commands: Command[] }
    for (const command of commands) {
      if (command.type === 'module') command.wasm = readFileSync(join(folder, command.filename!))
    }
    return commands
  } finally {
    rmSync(folder, { recursive: true })
  }
}
