import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { buildApp, ProgramError } from '../../src/toolchain/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'onering-errors-'))

/** Builds `text` as an application and returns the error's lines, without the folder. */
async function complaints(name: string, text: string): Promise<string[]> {
  const path = join(folder, `${name}.ts`)
  writeFileSync(path, text)
  const error = await buildApp(path, { cache: false }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ProgramError)
  return (error as ProgramError).message.replaceAll(`${folder}/`, '').split('\n')
}

const main = (body: string): string => `export function main(): i32 { ${body} }`

describe('a mistake in the application is told with its place', () => {
  test('a wrong type', async () => {
    expect(await complaints('type', main("return 'x'"))).toEqual([
      "type.ts:1:38: Type 'String' is not assignable to type 'i32'.",
    ])
  })

  test('a syntax error', async () => {
    expect((await complaints('syntax', '\nexport function main(): i32 { return 1 +'))[0]).toMatch(
      /^syntax\.ts:2:\d+: /,
    )
  })

  test('a file that is not there', async () => {
    expect(await complaints('file', `import { x } from './nothing'\n${main('return x')}`)).toEqual([
      "file.ts:1:19: File 'nothing.ts' not found.",
    ])
  })

  test('a name that the kernel does not offer', async () => {
    const text = `import { fork } from 'onering'\n${main('return fork()')}`
    expect((await complaints('name', text))[0]).toBe(
      "name.ts:1:10: Module 'onering' has no exported member 'fork'.",
    )
  })

  // The first build of a kernel takes seconds, on a busy machine many.
  vi.setConfig({ testTimeout: 180_000 })

  test('something of the browser or of Node', async () => {
    expect((await complaints('browser', main('return <i32>Date.now()')))[0]).toMatch(
      /^browser\.ts(?::1:\d+)?: Date\.now does not exist here; what an application can use is exported by 'onering'/,
    )
  })

  test('no main', async () => {
    expect((await complaints('start', 'export function start(): void {}'))[0]).toMatch(
      /^start\.ts: exports no main/,
    )
  })
})
