import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { whyNotNative } from './native/native.ts'
import { runScript } from './spec/run.ts'
import { readScript } from './spec/script.ts'

/**
 * The official specification scripts (WebAssembly/testsuite, a revision that the installed wast2json understands),
 * from the folder that ONERING_WASM_TESTSUITE names.
 */
const folder = process.env.ONERING_WASM_TESTSUITE ?? ''

const reason = !existsSync(folder)
  ? 'ONERING_WASM_TESTSUITE names no folder'
  : spawnSync('wast2json', ['--version']).status !== 0
    ? 'needs wast2json'
    : whyNotNative()

/** Linear memory is the address space: there are no bounds that a bulk instruction could check before it writes. */
const noBounds = 'bulk instructions do not check bounds first'
const oneInstance = 'one instance at a time'
const exceptions: Record<string, string> = {
  'bulk.wast': noBounds,
  'memory_copy.wast': noBounds,
  'memory_fill.wast': noBounds,
  'memory_init.wast': noBounds,
  'imports.wast': oneInstance,
  'linking.wast': oneInstance,
}

describe.skipIf(reason)(`specification scripts${reason ? ` (${reason})` : ''}`, () => {
  test('pass on this processor', () => {
    const failed: string[] = []
    const skipped = new Map<string, number>()
    let passed = 0
    let scripts = 0
    for (const name of readdirSync(folder).filter((each) => each.endsWith('.wast'))) {
      const commands = readScript(join(folder, name))
      if (!commands) continue
      const tally = runScript(name, commands)
      scripts++
      passed += tally.passed
      const exception = exceptions[name]
      if (exception) skipped.set(exception, (skipped.get(exception) ?? 0) + tally.failed.length)
      else failed.push(...tally.failed)
      for (const [why, count] of tally.skipped) skipped.set(why, (skipped.get(why) ?? 0) + count)
    }
    console.log(
      `${scripts} scripts, ${passed} assertions passed, ${failed.length} failed; not applicable:`,
      skipped,
    )
    expect(failed).toEqual([])
    expect(passed).toBeGreaterThan(20_000)
  }, 300_000)
})
