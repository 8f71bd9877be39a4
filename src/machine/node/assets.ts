import { readFileSync } from 'node:fs'
import type { CpuModules } from '../computer.ts'

/** `build/` of the package: the same distance from the compiled file as from this one. */
const BUILD = new URL('../../../build/', import.meta.url)

/** Reads and compiles the processor's modules. */
export function loadCpuModules(): CpuModules {
  const load = (name: string): WebAssembly.Module =>
    new WebAssembly.Module(readFileSync(new URL(name, BUILD)))
  return { interpreter: load('interpreter.wasm'), helpers: load('cpu-helpers.wasm') }
}
