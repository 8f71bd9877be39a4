import { readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { expect, test } from 'vitest'

const root = new URL('../..', import.meta.url).pathname

/** Which folders of `src/` a folder may import from, besides itself. */
const allowed: Record<string, string[]> = {
  isa: [],
  cpu: ['isa'],
  devices: [],
  machine: ['isa', 'cpu', 'devices', 'net'],
  net: ['kernel'],
  toolchain: ['isa', 'kernel'],
  kernel: [],
  app: ['kernel'],
  bench: ['app', 'devices', 'machine', 'net', 'index.ts'],
  debug: ['isa', 'cpu', 'devices', 'machine'],
  cli: ['isa', 'cpu', 'devices', 'machine', 'net', 'toolchain', 'debug', 'bench', 'index.ts'],
}
/** Folders whose code also runs in a browser worker; `node/` below them is the part for Node. */
const nodeFree = ['isa', 'cpu', 'devices', 'machine', 'debug']

function* sources(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) yield* sources(path)
    else if (name.endsWith('.ts')) yield path
  }
}

interface Import {
  file: string
  from: string
  specifier: string
}

function imports(): Import[] {
  const found: Import[] = []
  for (const path of sources(join(root, 'src'))) {
    const file = relative(root, path)
    const folder = file.split('/')[1]!
    if (folder.endsWith('.ts')) continue
    for (const [, specifier] of readFileSync(path, 'utf8').matchAll(
      /^(?:import|export)\b[^'"`]*?\bfrom\s+['"]([^'"]+)['"]|^import ['"]([^'"]+)['"]/gm,
    ))
      if (specifier) found.push({ file, from: folder, specifier })
  }
  return found
}

const all = imports()

test('every folder imports only from the folders below it', () => {
  const wrong = all.filter(({ file, from, specifier }) => {
    if (!specifier.startsWith('.')) return false
    const target = normalize(join(dirname(file), specifier)).split('/')
    if (target[0] !== 'src') return true
    return target[1] !== from && !(allowed[from] ?? []).includes(target[1]!)
  })
  expect(wrong.map((i) => `${i.file} imports ${i.specifier}`)).toEqual([])
})

test('an application knows only the public API of the kernel, and files of its own', () => {
  const own = (file: string, specifier: string): boolean => {
    const target = normalize(join(dirname(file), specifier)).split('/')
    const [, , folder] = file.split('/')
    return specifier.startsWith('.') && target[2] === folder && target.length > 3
  }
  const wrong = all.filter(
    ({ file, from, specifier }) =>
      from === 'app' && specifier !== 'onering' && !specifier.startsWith('./') && !own(file, specifier),
  )
  expect(wrong.map((i) => `${i.file} imports ${i.specifier}`)).toEqual([])
})

test('the processor, the devices and the board use no Node API', () => {
  const wrong = all.filter(
    ({ file, from, specifier }) =>
      nodeFree.includes(from) && !file.includes('/node/') && !specifier.startsWith('.'),
  )
  expect(wrong.map((i) => `${i.file} imports ${i.specifier}`)).toEqual([])
})
