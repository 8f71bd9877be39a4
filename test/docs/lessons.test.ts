/** What the pages of documentation show is what their commands print. The machine counts its own time, so all of it repeats to the last digit. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { examplesOf, missingLine } from './console-blocks.ts'

const folder = 'docs/lessons'
const pages = readdirSync(folder)
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, examples: examplesOf(readFileSync(`${folder}/${name}`, 'utf8')) }))
  .filter(({ examples }) => examples.length > 0)

/** `npx onering …` of this work tree; a pipe behind it is the shell's. */
function run(command: string): string {
  const line = command.replaceAll('npx onering', `"${process.execPath}" dist/cli/main.js`)
  const { stdout, stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8', timeout: 120_000 })
  return stdout + stderr
}

describe.each(pages)(`${folder}/$name`, ({ examples }) => {
  test.each(examples)(
    'line $line: $command',
    ({ command, expected }) => {
      const output = run(command)
      expect(missingLine(expected, output), output).toBeNull()
    },
    180_000,
  )
})
