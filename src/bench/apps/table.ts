/** The applications' figures as tables, at most 100 columns wide. */
import { WORK_MODE } from '../figures.ts'
import { figure } from '../format.ts'
import type { Profile } from '../profiles/profile.ts'
import { formatColumns, wrap } from '../table.ts'
import type { AppFigures } from './results.ts'
import type { Load } from './run.ts'

const header = [
  'req/s',
  'p50 µs',
  'p99 µs',
  'ring 3',
  'ring 0',
  'cycles',
  'trans.',
  'mitig.',
  'entry',
  'work',
]
const micro = (ns: number): string => (ns / 1000).toFixed(1)

function formatApp(app: string, figures: readonly AppFigures[]): string {
  const plain = figures.find(({ link }) => link === WORK_MODE)
  const rows = figures.map(({ link, requestsPerSecond, p50Ns, p99Ns, instructions, cycles }) => [
    link,
    String(Math.round(requestsPerSecond)),
    micro(p50Ns),
    micro(p99Ns),
    figure(instructions.ring3),
    figure(instructions.ring0),
    figure(cycles.total),
    figure(cycles.transition),
    figure(cycles.mitigation),
    figure(cycles.entry),
    figure(cycles.work),
    plain ? (cycles.total / plain.cycles.total).toFixed(2) : '–',
  ])
  return formatColumns([[app, ...header, '×'], ...rows])
}

export function formatApps(figures: readonly AppFigures[], load: Load, profile: Profile): string {
  const apps = [...new Set(figures.map(({ app }) => app))]
  const operations = apps.map((app) => `${app}: ${figures.find((each) => each.app === app)!.operation}.`)
  return [
    wrap(
      `${load.clients} clients on the other end of a wire of ${load.wireNs / 1000} µs, each with one request under way; ${load.requests} requests after ` +
        `${load.warmUp}. Seconds are the guest’s: an instruction is a nanosecond, waiting is waiting. Instructions, requests/s and latencies are exact and the ` +
        `same in each run; cycles are modelled (${profile.title}) and per request; × compares them with ${WORK_MODE}.`,
    ),
    wrap(operations.join(' ')),
    ...apps.map((app) =>
      formatApp(
        app,
        figures.filter((each) => each.app === app),
      ),
    ),
  ].join('\n\n')
}
