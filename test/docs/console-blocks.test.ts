import { expect, test } from 'vitest'
import { examplesOf, missingLine } from '../../scripts/console-blocks.ts'

const page = ['text', '```console', '$ one', 'a', '…', 'c', '$ two', '```', '```sh', '$ three', '```'].join(
  '\n',
)

test('commands are those behind prompts in console blocks', () => {
  expect(examplesOf(page)).toEqual([
    { command: 'one', line: 3, expected: ['a', '…', 'c'] },
    { command: 'two', line: 7, expected: [] },
  ])
})

test.each([
  ['a b c', ['a', '…', 'c'], null],
  ['a c', ['a', '…', 'c'], null],
  ['a b', ['a', '…', 'c'], 'c'],
  ['b a c', ['a', '…', 'c'], 'a'],
  ['a c d', ['a', '…', 'c'], '(the end, but there is: d)'],
  ['a c d', ['a', '…'], null],
  ['abcd', ['a…d'], null],
  ['abc', ['a…d'], 'a…d'],
  ['', [], null],
])('%s against %j: %j', (output, expected, missing) => {
  expect(missingLine(expected, output.replaceAll(' ', '\n'))).toBe(missing)
})
