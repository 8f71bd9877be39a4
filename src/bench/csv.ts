/** Results as comma-separated values, one row for each case and link mode (RFC 4180). */
import type { ModeResults } from './figures.ts'

const header =
  'link,case,instructions_ring3,instructions_ring0,cycles,cycles_transition,cycles_mitigation,cycles_entry,cycles_work,host_ns_mean,host_ns_margin'

export function formatCsv(results: readonly ModeResults[]): string {
  const rows = results.flatMap(({ link, figures }) =>
    figures.map(({ case: name, instructions, cycles, hostNs }) =>
      [
        link,
        name,
        instructions.ring3,
        instructions.ring0,
        cycles.total,
        cycles.transition,
        cycles.mitigation,
        cycles.entry,
        cycles.work,
        hostNs.mean.toFixed(1),
        hostNs.margin?.toFixed(1) ?? '',
      ].join(','),
    ),
  )
  return [header, ...rows].join('\r\n') + '\r\n'
}
