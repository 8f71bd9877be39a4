import { execFileSync } from 'node:child_process'

/** Static data of the helpers begins here in the processor's memory, so that address 0 stays free. */
const MEMORY_BASE = 1024

/** `src/cpu/guest` → `build/cpu-helpers.wasm`, by the AssemblyScript compiler. Throws after it has printed what is wrong. */
export async function compileCpuHelpers(): Promise<void> {
  const options = ['--runtime', 'stub', '-O3', '--noAssert', '--importMemory', '--noExportMemory']
  const output = ['--memoryBase', String(MEMORY_BASE), '--outFile', 'build/cpu-helpers.wasm']
  const asc = ['node_modules/assemblyscript/bin/asc.js', 'src/cpu/guest/index.ts']
  execFileSync(process.execPath, [...asc, ...options, ...output], { stdio: 'inherit' })
}
