/**
 * Prints how fast the compiler's code is beside the same wasm through wasm2c and gcc -O2 (run with tsx; needs gcc and
 * wasm2c). Seconds are of one run in processes of their own; the ratio is ours to gcc's.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compile } from '../../../../src/toolchain/compiler/index.ts'
import { readModule } from '../../../../src/toolchain/compiler/reader/sections.ts'
import { NativeRun, whyNotNative } from '../native/native.ts'
import { place } from '../native/place.ts'
import { compilePrograms, programs } from './programs.ts'

const scalar = programs.filter(({ name }) => name !== 'vectors')
const folder = fileURLToPath(new URL('../../../../build/quality/', import.meta.url))
const runtime = '/usr/share/wabt/wasm2c'
const prefix = 'Z_programs'

function main(): string {
  const cases = scalar.map(
    ({ name, long }, index) =>
      `    case ${index}: printf("%d", (int)${prefix}Z_${name}(&instance${long.map((each) => `, ${each}`).join('')})); break;`,
  )
  return `#include <stdio.h>
#include <stdlib.h>
#include "programs.h"
int main(int count, char **args) {
  static ${prefix}_instance_t instance;
  wasm_rt_init();
  ${prefix}_init_module();
  ${prefix}_instantiate(&instance);
  switch (count > 1 ? atoi(args[1]) : -1) {
${cases.join('\n')}
  }
  return 0;
}
`
}

function run(command: string, args: string[], input?: Uint8Array): number {
  const start = performance.now()
  const { status, stderr } = spawnSync(command, args, { input, maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(`${command}: ${stderr}`)
  return (performance.now() - start) / 1000
}

async function compareAll(): Promise<void> {
  const reason = whyNotNative()
  if (reason) throw new Error(reason)
  const wasm = await compilePrograms(false)
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}programs.wasm`, wasm)
  run('/usr/bin/wasm2c', [`${folder}programs.wasm`, '-o', `${folder}programs.c`])
  writeFileSync(`${folder}main.c`, main())
  const sources = readdirSync(runtime)
    .filter((name) => name.endsWith('.c'))
    .map((name) => `${runtime}/${name}`)
  run('gcc', [
    '-O2',
    '-w',
    '-msse4.2',
    '-mpopcnt',
    `-I${runtime}`,
    `-I${folder}`,
    '-o',
    `${folder}gcc`,
    `${folder}main.c`,
    `${folder}programs.c`,
    ...sources,
    '-lm',
  ])
  const module = readModule(wasm)
  const object = compile(wasm)
  const image = place(object, 0x7000_0000)
  for (const [index, { name, long }] of scalar.entries()) {
    const native = new NativeRun()
    const size = 128 * 65_536
    native.map(0, size, new Uint8Array(0))
    native.load(image, (address) => address < size)
    native.growWith(image.symbols.get('wasm.memory.pages')!)
    const first = image.symbols.get('wasm.start')
    if (first !== undefined) native.call(first, { params: [], results: [] }, [])
    const exported = module.exports.find((each) => each.name === name)!
    native.call(image.symbols.get(name)!, module.functions[exported.index]!.type, long)
    const start = performance.now()
    const outcome = native.run().at(-1)
    const ours = (performance.now() - start) / 1000
    const gcc = run(`${folder}gcc`, [String(index)])
    const { size: bytes } = object.functions.find((each) => each.symbol.endsWith(name)) ?? { size: 0 }
    const result = outcome?.kind === 'results' ? '' : ` (${JSON.stringify(outcome)})`
    console.log(
      `${name.padEnd(8)} ours ${ours.toFixed(2)} s, gcc ${gcc.toFixed(2)} s, ratio ${(ours / gcc).toFixed(2)}, ${bytes} bytes${result}`,
    )
  }
}

void compareAll()
