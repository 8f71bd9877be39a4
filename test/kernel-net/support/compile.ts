import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { main as asc } from 'assemblyscript/asc'
import { strictRuntime } from './strict-runtime.ts'

const root: string = resolve(import.meta.dirname, '../../..')
const entry = 'test/kernel-net/guest/entry.ts'
const cache = join(root, '.cache/kernel-net')

/** `strict`: every allocation is counted, and a block freed twice or written past its end is noticed. */
export type GuestRuntime = 'strict' | 'minimal' | 'stub'

/** Compiles the guest for the tests; the result is cached by the content of its sources. */
export async function compileGuest(runtime: GuestRuntime): Promise<Uint8Array<ArrayBuffer>> {
  const file = join(cache, `${runtime}-${digestOfSources()}.wasm`)
  try {
    return new Uint8Array(readFileSync(file))
  } catch {
    // not compiled yet
  }
  const runtimeName = runtime === 'strict' ? 'strict-runtime' : runtime
  let wasm: Uint8Array | null = null
  const { error, stderr } = await asc(
    [entry, '--outFile', 'out.wasm', '-O3', '--debug', '--runtime', runtimeName, '--disableWarning', '235'],
    {
      readFile: (name, baseDir) => {
        if (name === 'strict-runtime.ts') return strictRuntime
        try {
          return readFileSync(resolve(root, baseDir, name), 'utf8')
        } catch {
          return null
        }
      },
      writeFile: (_name, contents) => {
        if (typeof contents !== 'string') wasm = contents
      },
      listFiles: () => null,
    },
  )
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`)
  if (!wasm) throw new Error('asc wrote nothing')
  mkdirSync(cache, { recursive: true })
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, wasm)
  renameSync(temporary, file)
  return new Uint8Array(wasm)
}

function digestOfSources(): string {
  const hash = createHash('sha256').update(strictRuntime)
  for (const folder of ['src/kernel/net', 'test/kernel-net/guest']) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).toSorted()) {
      if (name.endsWith('.ts')) hash.update(name).update(readFileSync(join(root, folder, name)))
    }
  }
  return hash.digest('hex').slice(0, 16)
}
