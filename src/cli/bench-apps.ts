/** `onering bench --apps`: whole applications, with clients in guest time. */
import { fileURLToPath } from 'node:url'
import { type AppResults, type AppRun, figuresOfApps } from '../bench/apps/results.ts'
import { type Load, runApp } from '../bench/apps/run.ts'
import { scripts } from '../bench/apps/scripts.ts'
import { formatApps } from '../bench/apps/table.ts'
import { WORK_MODE } from '../bench/figures.ts'
import type { Profile } from '../bench/profiles/profile.ts'
import type { Engine } from '../bench/run.ts'
import { buildApp, findLinkMode, sequenceInstructions } from '../toolchain/index.ts'
import type { Progress } from './progress.ts'

export const defaultAppModes: readonly string[] = [
  'direct',
  'bypass',
  'base',
  'trap',
  'trap+kpti',
  'trap+kpti+mitigations',
  'trap:fred',
]

const load: Load = { clients: 16, requests: 2000, warmUp: 200, wireNs: 10_000 }

export interface AppBench {
  readonly links: readonly string[]
  readonly profile: Profile
  readonly engine: Engine
  readonly progress: Progress
}

/** The table, and the figures for JSON and the page. */
export async function benchApps({
  links,
  profile,
  engine,
  progress,
}: AppBench): Promise<{ text: string; results: AppResults }> {
  const runs: AppRun[] = []
  for (const script of scripts)
    for (const link of new Set([...links, WORK_MODE])) {
      progress.step(`measuring ${script.name} (${link})`)
      const path = fileURLToPath(new URL(`../../src/app/${script.source}`, import.meta.url))
      const { image } = await buildApp(path, { link, onProgress: (text) => progress.step(text) })
      const onEntry = findLinkMode(link)!.hasMitigations ? sequenceInstructions : {}
      const measurement = runApp(image, script, load, engine)
      runs.push({ app: script.name, operation: script.operation, link, onEntry, measurement })
    }
  progress.clear()
  const figures = figuresOfApps(runs, profile)
  return { text: formatApps(figures, load, profile), results: { profile, load, figures } }
}
