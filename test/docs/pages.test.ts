/**
 * What the pages of documentation show is what their commands print. The machine counts its own time, so all of it repeats to the last digit.
 * `npx tsx scripts/renew-docs.ts` writes anew what has changed.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { examplesOf, missingLine, outputOf } from '../../scripts/console-blocks.ts'
import { documentationPages } from '../../scripts/pages.ts'

const pages = documentationPages()
  .map((path) => ({ path, examples: examplesOf(readFileSync(path, 'utf8')) }))
  .filter(({ examples }) => examples.length > 0)

describe.each(pages)('$path', ({ examples }) => {
  test.each(examples)(
    'line $line: $command',
    ({ command, expected }) => {
      const output = outputOf(command)
      expect(missingLine(expected, output), output).toBeNull()
    },
    180_000,
  )
})
