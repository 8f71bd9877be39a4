/** `tsx scripts/translate.ts 48 01 c8 …`: 64-bit code, as bytes, and what the region compiler makes of it, as WebAssembly text. */
import binaryen from 'binaryen'
import { Discovery } from '../src/cpu/jit/discover.ts'
import { emitRegion } from '../src/cpu/jit/emit.ts'
import { Runtime } from '../src/cpu/jit/runtime.ts'
import { SharedTable } from '../src/cpu/jit/table.ts'
import * as L from '../src/cpu/layout.ts'
import { ModuleBuilder } from '../src/cpu/wasm/index.ts'
import { decode, format, Instruction } from '../src/isa/index.ts'

const code = new Uint8Array(4096).fill(0xf4)
const bytes = process.argv.slice(2).map((byte) => Number.parseInt(byte, 16))
if (bytes.length === 0 || bytes.some((byte) => !(byte >= 0 && byte <= 255))) {
  process.stderr.write(
    'usage: tsx scripts/translate.ts BYTES in hexadecimal, such as 48 01 c8 48 ff c9 75 f8\n',
  )
  process.exit(2)
}
code.set(bytes)
const instruction = new Instruction()
for (let at = 0; at < bytes.length; at += instruction.length) {
  decode(code, at, code.length, 64, instruction)
  console.log(`;; ${at.toString(16).padStart(3, '0')}  ${format(instruction, BigInt(at))}`)
}
const source = {
  bytes: code,
  ram: 0,
  page: (relative: number) => (relative === 0 ? 0 : -1),
  wanted: (offset: number) => offset < bytes.length,
  refused: new Set<number>(),
  seenTargets: () => [],
}
const limits = { blocks: 100, instructions: 1000 }
const region = new Discovery(source, L.MODE_CODE64 | L.MODE_NO_AVX, limits).region(0)
if (!region) {
  process.stderr.write('the first instruction cannot be translated\n')
  process.exit(2)
}
const module = new ModuleBuilder()
module.importMemory('env', 'memory')
module.importTable('env', 'table', 0)
const runtime = new Runtime(module, new SharedTable(0))
const { entries } = emitRegion(module, region, {
  runtime,
  ram: 0,
  hasUsualTransitions: true,
  counting: { hotExit: 0, failures: 1 },
  takeSite: () => 0,
})
for (const [at, entry] of entries) module.exportFunction(`${at}`, entry)
console.log(binaryen.readBinary(module.build()).emitText())
