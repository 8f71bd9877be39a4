/** `onering trace APP.ts --side-by-side MODE,MODE`: one call of the kernel through two link modes, step by step. */
import type { Pricing } from '../debug/trace/pricing.ts'
import { sideBySide } from '../debug/trace/side-by-side/columns.ts'
import { type Walk, walkCall, WalkError } from '../debug/trace/side-by-side/walk.ts'
import { loadCpuModules } from '../machine/node/assets.ts'
import { UsageError } from './errors.ts'
import { buildImage, parseLinkMode } from './image.ts'
import type { Progress } from './progress.ts'

export async function showSideBySide(
  path: string | undefined,
  modes: string,
  call: string,
  pricing: Pricing,
  progress: Progress,
): Promise<void> {
  const names = modes.split(',').map((mode) => parseLinkMode(mode.trim()))
  if (names.length !== 2)
    throw new UsageError(`--side-by-side ${modes}: name two link modes, as in --side-by-side trap,direct`)
  if (path === undefined) throw new UsageError('--side-by-side: name an application (.ts)')
  const modules = loadCpuModules()
  const walks: Walk[] = []
  for (const name of names) {
    const image = await buildImage(path, name, progress)
    try {
      walks.push(walkCall(image, call, modules))
    } catch (error) {
      throw error instanceof WalkError
        ? new UsageError(`--call ${call}, linked ${name}: ${error.message}`)
        : error
    }
  }
  const [left, right] = walks as [Walk, Walk]
  for (const line of sideBySide([left, right], [names[0]!, names[1]!], pricing)) console.log(line)
}
