import asc from 'assemblyscript/asc'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('../guest/programs.ts', import.meta.url))

/** Compiles the guest programs with asc -O3; without `vectors` for tools that know no SIMD. */
export async function compilePrograms(withVectors = true): Promise<Uint8Array> {
  const text = readFileSync(source, 'utf8')
  const given = withVectors ? text : text.replace('export function vectors', 'function vectors')
  let wasm: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    [
      'programs.ts',
      '--outFile',
      'out.wasm',
      '-O3',
      '--runtime',
      'stub',
      '--initialMemory',
      '128',
      '--enable',
      'simd',
      '--memoryBase',
      '2097152',
      '--use',
      'abort=',
    ],
    {
      readFile: (name) => (name === 'programs.ts' ? given : null),
      writeFile: (name, contents) => {
        if (name === 'out.wasm') wasm = contents as Uint8Array
      },
      listFiles: () => [],
    },
  )
  if (error || !wasm) throw new Error(`asc: ${error?.message} ${stderr.toString()}`)
  return wasm
}

/** What is run: name, arguments for the test, arguments for the benchmark. */
export const programs: readonly { name: string; args: number[]; long: number[] }[] = [
  { name: 'fib', args: [20], long: [38] },
  { name: 'sieve', args: [10_000, 2], long: [300_000, 300] },
  { name: 'matmul', args: [20, 2], long: [200, 50] },
  { name: 'hash', args: [50], long: [800_000] },
  { name: 'objects', args: [500], long: [60_000] },
  { name: 'vectors', args: [10], long: [300_000] },
]
