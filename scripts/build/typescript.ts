import { execFileSync } from 'node:child_process'
import { writeIsaData } from './isa-data.ts'

/** `src/` → `dist/`, by the TypeScript compiler. Throws when a type is wrong; the compiler has printed where. */
export async function compileTypeScript(): Promise<void> {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
  writeIsaData()
}
