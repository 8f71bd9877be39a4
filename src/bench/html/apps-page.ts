/** The report of `onering bench --apps` as a page: a request of each application in every link mode. */
import type { AppResults } from '../apps/results.ts'
import { WORK_MODE } from '../figures.ts'
import { figure, grouped } from '../format.ts'
import { htmlDocument } from './document.ts'
import { stackedBars } from './stack.ts'
import { element } from './svg.ts'
import { htmlTable } from './table.ts'
import { heading, paragraph, partKey, picture } from './text.ts'

const micro = (ns: number): string => (ns / 1000).toFixed(1)

function section(app: string, { figures }: AppResults): string {
  const own = figures.filter((each) => each.app === app)
  const plain = own.find(({ link }) => link === WORK_MODE)
  const bars = own.map(({ link, cycles }) => ({ name: link, split: cycles, total: cycles.total }))
  const header = ['', 'requests/s', 'p50 µs', 'p99 µs', 'instructions', 'cycles', `× ${WORK_MODE}`]
  const rows = own.map(({ link, requestsPerSecond, p50Ns, p99Ns, instructions, cycles }) => [
    link,
    grouped(Math.round(requestsPerSecond)),
    micro(p50Ns),
    micro(p99Ns),
    figure(instructions.total),
    figure(cycles.total),
    plain ? (cycles.total / plain.cycles.total).toFixed(2) : '–',
  ])
  return [
    heading(app),
    paragraph(own[0]!.operation),
    picture(stackedBars(`Modelled cycles of a request to ${app}`, bars)),
    htmlTable(header, rows),
  ].join('\n')
}

/** `made`: with what, for the last line. */
export function formatAppsPage(results: AppResults, made: string): string {
  const { figures, load, profile } = results
  const apps = [...new Set(figures.map(({ app }) => app))]
  const main = [
    element('h1', {}, 'Whole applications, call against trap'),
    paragraph(
      `${load.clients} clients on the other end of a wire of ${load.wireNs / 1000} µs, each with one request under way; ${load.requests} requests after ${load.warmUp}. Cycles of one request under the model of ${profile.title}.`,
      'lead',
    ),
    paragraph(
      'Seconds are the guest’s: an instruction is a nanosecond, waiting is waiting. Instructions, requests a second and latencies are exact and the same in each run; cycles are modelled from the counts and are no measurements.',
      'note',
    ),
    partKey,
    ...apps.map((app) => section(app, results)),
    paragraph(made, 'note'),
  ]
  return htmlDocument('onering: applications', main.join('\n'))
}
