import type { CAC } from 'cac'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { formatCsv } from '../bench/csv.ts'
import { WORK_MODE } from '../bench/figures.ts'
import { formatAppsPage } from '../bench/html/apps-page.ts'
import { formatPage } from '../bench/html/page.ts'
import { resultsOf } from '../bench/results.ts'
import { measure, type ModeMeasurements } from '../bench/run.ts'
import { formatResults } from '../bench/table.ts'
import { buildApp, findLinkMode, linkModes, sequenceInstructions, ways } from '../toolchain/index.ts'
import { benchApps, defaultAppModes } from './bench-apps.ts'
import { UsageError } from './errors.ts'
import { COST_HELP, DEFAULT_PROFILE, parseProfile, PROFILE_HELP } from './model.ts'
import { parseChoice, parseCount } from './options.ts'
import { createProgress } from './progress.ts'

interface BenchFlags {
  link?: string
  apps?: boolean
  profile: string
  cost?: string | string[]
  engine: string
  samples: string | number
  json?: string
  csv?: string
  html?: string
  quiet?: boolean
}

const MAX_SAMPLES = 1000

/** Every instruction, SYSCALL with what may be added to it, those whose isolation is unlike its, and the ways to take page faults in the kernel's ring. */
const defaultModes = [
  ...ways,
  'direct+pf-ist',
  'direct+pf-ret',
  'trap+mitigations',
  'trap+kpti',
  'trap+kpti-nopcid',
  'trap+kpti+mitigations',
  'trap:gate+kpti',
  'trap:fred+kpti',
]

/** `onering bench`: the same calls through every link mode, counted, and priced by a cycle model. */
export function defineBench(cli: CAC): void {
  cli
    .command('bench', 'Measure what calling the kernel costs, in every link mode')
    .option('--link <modes>', `Which link modes, separated by commas; by default ${defaultModes.join(', ')}`)
    .option('--apps', `Measure whole applications with clients; by default in ${defaultAppModes.join(', ')}`)
    .option('--profile <name>', PROFILE_HELP, { default: DEFAULT_PROFILE })
    .option('--cost <name=cycles>', COST_HELP)
    .option('--engine <engine>', 'auto, interpreter or jit: counts and cycles are the same', {
      default: 'auto',
    })
    .option('--samples <n>', "Runs of each image, for the host's time, which varies", { default: 3 })
    .option('--json <file>', 'Write all figures, with the model and the sources of its numbers')
    .option('--csv <file>', 'Write the figures as comma-separated values')
    .option('--html <file>', 'Write the report as one page with charts')
    .option('--quiet', 'Print nothing but the tables')
    .example('onering bench --profile zen3 --json figures.json --html report.html')
    .action(bench)
}

/** Opened before the work begins, so that a path that cannot be written costs nobody the figures. */
function output(path: string | undefined, option: string): (text: string) => void {
  if (path === undefined) return () => {}
  try {
    const file = openSync(path, 'w')
    return (text) => {
      writeFileSync(file, text)
      closeSync(file)
    }
  } catch (error) {
    throw new UsageError(
      `${option} ${path}: cannot be written (${(error as NodeJS.ErrnoException).code ?? error})`,
    )
  }
}

/** The last line of the page. */
function madeWith(): string {
  const command = ['onering', ...process.argv.slice(2)].join(' ')
  return `Made by ${command} on Node ${process.version}, ${cpus()[0]?.model ?? 'an unknown processor'}.`
}

async function bench(flags: BenchFlags): Promise<void> {
  const profile = parseProfile(flags)
  const engine = parseChoice(flags.engine, '--engine', ['auto', 'interpreter', 'jit'] as const)
  const samples = parseCount(String(flags.samples), '--samples', 1, MAX_SAMPLES)
  const isApps = flags.apps === true
  const chosen = (flags.link?.split(',') ?? (isApps ? defaultAppModes : defaultModes)).map((each) =>
    parseChoice(each.trim(), '--link', linkModes),
  )
  if (isApps && flags.csv !== undefined) throw new UsageError('--apps writes no --csv; use --json or --html')
  const writeJson = output(flags.json, '--json')
  const writeCsv = output(flags.csv, '--csv')
  const writeHtml = output(flags.html, '--html')
  const progress = createProgress(process.stderr, flags.quiet === true)
  if (isApps) {
    const { text, results } = await benchApps({ links: chosen, profile, engine, progress })
    console.log(text)
    writeJson(`${JSON.stringify(results, null, 1)}\n`)
    return writeHtml(formatAppsPage(results, madeWith()))
  }
  const app = fileURLToPath(new URL('../../src/app/bench/calls.ts', import.meta.url))
  const measured: ModeMeasurements[] = []
  // Without it there would be nothing to compare with.
  for (const link of new Set([...linkModes.filter((each) => chosen.includes(each)), WORK_MODE])) {
    progress.step(`measuring (${link})`)
    const { image } = await buildApp(app, { link, onProgress: (text) => progress.step(text) })
    const onEntry = findLinkMode(link)!.hasMitigations ? sequenceInstructions : {}
    measured.push({ link, onEntry, measurements: await measure(image, { engine, samples }) })
  }
  progress.clear()
  const results = resultsOf(measured, { profile, engine, samples })
  console.log(formatResults(results))
  writeJson(`${JSON.stringify(results, null, 1)}\n`)
  writeCsv(formatCsv(results.modes))
  writeHtml(formatPage(results, madeWith()))
}
