import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { buildApp } from '../toolchain/build/build-app.ts'
import { linkModes, ways } from '../toolchain/entry/link-mode.ts'
import { UsageError } from './errors.ts'
import { parseChoice } from './options.ts'
import type { Progress } from './progress.ts'

/** Of the option `--link`. */
export const linkHelp = `How the application reaches the kernel: ${ways.join(', ')}; behind a trap also with +kpti, +kpti-nopcid, +mitigations`

/** The link mode named on the command line. */
export function parseLinkMode(text: string): string {
  return parseChoice(text, '--link', linkModes)
}

/** The file that a path on the command line means: an application may be given as the folder of its `main.ts`. */
function fileOf(path: string): string {
  if (!existsSync(path))
    throw new UsageError(`${path}: no such file; give an application (.ts) or an ELF image`)
  if (!statSync(path).isDirectory()) return path
  const main = join(path, 'main.ts')
  if (existsSync(main)) return main
  throw new UsageError(`${path}: is a folder without a main.ts; name the application's main file`)
}

/** Whether a path means TypeScript and not an image. */
export function isApplication(path: string): boolean {
  return extname(fileOf(path)) === '.ts'
}

/** Compiles and links an application; an error in it is reported as `file:line:column: message`. */
export async function buildImage(given: string, link: string, progress: Progress): Promise<Uint8Array> {
  const path = fileOf(given)
  if (extname(path) !== '.ts')
    throw new UsageError(`${path}: not a TypeScript file; an application's name ends in .ts`)
  const start = performance.now()
  try {
    const { image, cached } = await buildApp(path, { link, onProgress: (text) => progress.step(text) })
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    progress.done(
      `${basename(path)} ${cached ? 'is built' : `built in ${seconds} s`} (${link}, ${image.length >> 10} KiB)`,
    )
    return image
  } finally {
    progress.clear()
  }
}

/** What `onering run` is to boot: an application is built first, an image is read as it is. */
export async function loadImage(given: string, link: string, progress: Progress): Promise<Uint8Array> {
  const path = fileOf(given)
  return extname(path) === '.ts' ? await buildImage(path, link, progress) : readFileSync(path)
}
