/** An image is kept until something that it was made from changes. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { buildApp } from '../../../src/toolchain/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'onering-kept-'))
afterAll(() => rmSync(folder, { recursive: true }))
const main = join(folder, 'main.ts')
const word = (text: string): void =>
  writeFileSync(join(folder, 'word.ts'), `export const word: string = '${text}'\n`)

test('a second build finds the image of the first, until a file that it read has changed', async () => {
  word('one')
  writeFileSync(
    main,
    "import { print } from 'onering'\nimport { word } from './word'\nexport function main(): void { print(word) }\n",
  )
  const first = await buildApp(main)
  expect(first.cached).toBe(false)
  const second = await buildApp(main)
  expect(second.cached).toBe(true)
  expect(Buffer.compare(second.image, first.image)).toBe(0)

  word('two')
  const third = await buildApp(main)
  expect(third.cached).toBe(false)
  expect(Buffer.compare(third.image, first.image)).not.toBe(0)
  word('one')
  expect(Buffer.compare((await buildApp(main)).image, first.image)).toBe(0)
})

test('each link mode has an image of its own', async () => {
  const direct = await buildApp(main)
  const trap = await buildApp(main, { link: 'trap' })
  expect(Buffer.compare(direct.image, trap.image)).not.toBe(0)
  expect((await buildApp(main, { link: 'trap' })).cached).toBe(true)
})

test('an entry that is damaged counts as none', async () => {
  const image = (await buildApp(main)).image
  const folderBefore = process.env['XDG_CACHE_HOME']
  const other = mkdtempSync(join(tmpdir(), 'onering-damaged-'))
  process.env['XDG_CACHE_HOME'] = other
  try {
    await buildApp(main)
    const entries = readdirSync(join(other, 'onering'))
    expect(entries.length).toBeGreaterThan(0)
    for (const name of entries) writeFileSync(join(other, 'onering', name), 'damaged')
    expect(Buffer.compare((await buildApp(main)).image, image)).toBe(0)
  } finally {
    if (folderBefore === undefined) delete process.env['XDG_CACHE_HOME']
    else process.env['XDG_CACHE_HOME'] = folderBefore
    rmSync(other, { recursive: true })
  }
})
