/** Results as lines for a terminal and as a page of the documentation. */
import type { Outcome } from './run.ts'
import type { UnitTest } from './suite.ts'

export interface Result {
  readonly unit: UnitTest
  /** Why it was not run. */
  readonly why?: string
  readonly here?: Outcome
  readonly qemu?: Outcome
}

const bitsOf = (unit: UnitTest): string => (unit.arch === 'i386' ? '32' : '64')

/** One line. */
export function describe({ unit, why, here, qemu }: Result): string {
  const title = `${bitsOf(unit)} ${unit.name.padEnd(28)}`
  if (here === undefined) return `${title}-       ${why}`
  const beside = qemu ? `   QEMU: ${describeOutcome(qemu)}` : ''
  return `${title}${describeOutcome(here)}${beside}${unit.smp > 1 ? '   (one processor here)' : ''}`
}

function describeOutcome(outcome: Outcome): string {
  const { verdict, seconds } = outcome
  return `${verdict.padEnd(8)}${countsOf(outcome).padEnd(38)}${seconds.toFixed(1).padStart(6)} s`
}

function countsOf({ checks, failed, skipped }: Outcome): string {
  return [`${checks} checks`, failed && `${failed} failed`, skipped && `${skipped} skipped`]
    .filter(Boolean)
    .join(', ')
}

/** The page: what was run and how it ended; then what was not run, by reason. */
export function markdownTable(results: readonly Result[], patience: number): string {
  const ran = results.filter(({ here }) => here !== undefined)
  const passed = ran.filter(({ here }) => here!.verdict === 'pass' || here!.verdict === 'skip')
  const lines = [
    '# kvm-unit-tests',
    '',
    `The tests that need no virtual machine extensions, performance counters, Hyper-V or KVM paravirtual device: ${passed.length} of the ${ran.length} below pass (or find nothing to try, "skip"). Made by`,
    `\`ONERING_KVM_UNIT_TESTS_PATIENCE=${patience} npx tsx test/kvm-unit-tests/main.ts --qemu --markdown docs/kvm-unit-tests.md\` ([how to get the tests](../test/kvm-unit-tests/README.md)). QEMU is Debian's 7.2, without KVM.`,
    `A test may take ${patience} times the suite's own limit here, and once that limit on QEMU; both run side by side, on a machine that does other things too, so a time is an upper bound.`,
    '',
    '| test | bits | onering | checks | s | QEMU TCG | checks | s |',
    '| --- | --- | --- | --- | --: | --- | --- | --: |',
    ...ran.map(row),
    '',
    'Not run:',
    '',
    ...reasonsOf(results),
  ]
  return `${lines.join('\n')}\n`
}

function row({ unit, here, qemu }: Result): string {
  const name = `${unit.name}${unit.smp > 1 ? ' (one processor here)' : ''}`
  const cells = (outcome: Outcome | undefined): string[] =>
    outcome === undefined ? ['', '', ''] : [outcome.verdict, countsOf(outcome), outcome.seconds.toFixed(1)]
  return `| ${[name, bitsOf(unit), ...cells(here), ...cells(qemu)].join(' | ')} |`
}

function reasonsOf(results: readonly Result[]): string[] {
  const byReason = new Map<string, Set<string>>()
  for (const { unit, why } of results)
    if (why !== undefined)
      byReason.set(
        why,
        (byReason.get(why) ?? new Set()).add(unit.arch === 'i386' ? `${unit.name} (32 bits)` : unit.name),
      )
  return [...byReason].map(([why, names]) => `- ${why}: ${[...names].join(', ')}`)
}
