import { mkdirSync, writeFileSync } from 'node:fs'
import { generateInterpreter } from '../../src/cpu/interpreter/generate.ts'

/** The semantics of `src/cpu` → `build/interpreter.wasm`. Throws when V8 does not accept the module. */
export async function buildInterpreter(): Promise<void> {
  const bytes = generateInterpreter()
  // Compiled rather than validated: the error then says where.
  void new WebAssembly.Module(bytes)
  mkdirSync('build', { recursive: true })
  writeFileSync('build/interpreter.wasm', bytes)
}
