/** Commands in the documentation, and what it says that they print. */
import { spawnSync } from 'node:child_process'

export interface Example {
  /** Without the prompt. */
  readonly command: string
  /** Line of the command in its file, from 1. */
  readonly line: number
  /** What follows up to the next prompt. `…` alone stands for any lines, within a line for any characters. */
  readonly expected: readonly string[]
}

const FENCE = /^```/
const PROMPT = '$ '

/** Every command behind a prompt in the `console` blocks of a page of Markdown; `console varies` marks those whose output differs from run to run. */
export function examplesOf(page: string): Example[] {
  const examples: { command: string; line: number; expected: string[] }[] = []
  let isInside = false
  page.split('\n').forEach((text, index) => {
    if (FENCE.test(text)) isInside = text === '```console'
    else if (isInside && text.startsWith(PROMPT))
      examples.push({ command: text.slice(PROMPT.length), line: index + 1, expected: [] })
    else if (isInside) examples.at(-1)?.expected.push(text)
  })
  return examples
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

function matches(expected: string, line: string): boolean {
  return new RegExp(`^${expected.trimEnd().split('…').map(escape).join('.*')}$`).test(line.trimEnd())
}

/** The first expected line that `output` does not have in its place, or null: shown output is the whole of it but for the lines left out by `…`. */
export function missingLine(expected: readonly string[], output: string): string | null {
  const lines = output.trimEnd().split('\n')
  let at = 0
  let maySkip = false
  for (const text of expected) {
    if (text.trim() === '…') {
      maySkip = true
      continue
    }
    const found = maySkip ? lines.findIndex((line, index) => index >= at && matches(text, line)) : at
    if (found < 0 || found >= lines.length || !matches(text, lines[found]!)) return text
    at = found + 1
    maySkip = false
  }
  return maySkip || at >= lines.length || expected.length === 0
    ? null
    : `(the end, but there is: ${lines[at]})`
}

/** What a command prints on standard output, with this work tree's `onering`. */
export function outputOf(command: string): string {
  const line = command.replaceAll('npx onering', `"${process.execPath}" dist/cli/main.js`)
  return spawnSync('sh', ['-c', line], { encoding: 'utf8', timeout: 170_000 }).stdout
}

/** The page with what its commands print now. An example that leaves lines out is for people to write. */
export function renew(page: string): string {
  const lines = page.split('\n')
  for (const { command, line, expected } of examplesOf(page).toReversed())
    if (!expected.some((text) => text.trim() === '…'))
      lines.splice(
        line,
        expected.length,
        ...outputOf(command)
          .trimEnd()
          .split('\n')
          .map((text) => text.trimEnd()),
      )
  return lines.join('\n')
}
