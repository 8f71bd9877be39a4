/**
 * Builds everything an installed package needs: `dist/` (plain JavaScript of `src/`) and `build/` (WebAssembly
 * made from our guest-side and generated sources). A step whose inputs have not changed is skipped.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { steps, type Step } from './build/steps.ts'

const root = new URL('..', import.meta.url).pathname
const stampDir = join(root, 'build', '.stamps')

function* filesBelow(path: string): Generator<string> {
  if (!existsSync(path)) return
  if (statSync(path).isFile()) return yield path
  for (const name of readdirSync(path).sort()) yield* filesBelow(join(path, name))
}

function hashInputs(step: Step): string {
  const hash = createHash('sha256').update(process.version)
  for (const input of step.inputs)
    for (const file of filesBelow(join(root, input))) hash.update(file).update(readFileSync(file))
  return hash.digest('hex')
}

function isFresh(step: Step, digest: string): boolean {
  const stamp = join(stampDir, step.name)
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) return false
  return step.outputs.every((output) => existsSync(join(root, output)))
}

mkdirSync(stampDir, { recursive: true })
process.chdir(root)
for (const step of steps) {
  const digest = hashInputs(step)
  if (isFresh(step, digest)) continue
  const start = performance.now()
  await step.run()
  writeFileSync(join(stampDir, step.name), digest)
  process.stderr.write(`built ${step.name} in ${((performance.now() - start) / 1000).toFixed(1)} s\n`)
}
