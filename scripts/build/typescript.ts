import { execFileSync } from 'node:child_process'
import { writeIsaData } from './isa-data.ts'
import { bundleWorkers } from './workers.ts'

/** `src/` → `dist/`, by the TypeScript compiler; then what is read at every start is made quick to read. Throws when a type is wrong; the compiler has printed where. */
export async function compileTypeScript(): Promise<void> {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
  writeIsaData()
  await bundleWorkers()
}
