/** `npx tsx test/kvm-unit-tests/main.ts [--qemu] [--log] [--all] [--keep FILE] [--markdown FILE] [NAME…]`: the table, test by test. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { PATIENCE, runHere, runOnQemu, type Outcome } from './run.ts'
import { exclusion } from './selection.ts'
import { folders, readSuite, type UnitTest } from './suite.ts'
import { describe, markdownTable, type Result } from './table.ts'

const HELP = `usage: npx tsx test/kvm-unit-tests/main.ts [--qemu] [--log] [--all] [--keep FILE] [--markdown FILE] [NAME…]
  --qemu           runs each test on QEMU's TCG too
  --log            prints what the tests print
  --all            also those that are for another kind of machine
  --keep FILE      remembers outcomes there, so that the table can be made in several runs
  --markdown FILE  writes the table there, of all that is remembered
ONERING_KVM_UNIT_TESTS names built checkouts, ONERING_KVM_UNIT_TESTS_PATIENCE how many times its own limit a test may take (${PATIENCE})
`

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const { values: flags, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    qemu: { type: 'boolean', default: false },
    log: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    keep: { type: 'string' },
    markdown: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

async function run(unit: UnitTest): Promise<Result> {
  const why = exclusion(unit)
  if (why !== null && names.length === 0 && !flags.all) return { unit, why }
  const [here, qemu] = await Promise.all([runHere(unit), flags.qemu ? runOnQemu(unit) : undefined])
  return { unit, here, ...(qemu ? { qemu } : {}) }
}

const keyOf = ({ arch, name }: UnitTest): string => `${arch} ${name}`
const isKept = (path: string | undefined): path is string => path !== undefined && existsSync(path)

/** Outcomes by test, without what the tests have printed. */
function keep(kept: Map<string, Result>, { unit, here, qemu, why }: Result): void {
  const brief = (outcome: Outcome): Outcome => ({ ...outcome, output: '' })
  kept.set(keyOf(unit), {
    unit,
    ...(why === undefined ? {} : { why }),
    ...(here ? { here: brief(here) } : {}),
    ...(qemu ? { qemu: brief(qemu) } : {}),
  })
}

if (flags.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
if (folders.length === 0) {
  process.stderr.write(
    'set ONERING_KVM_UNIT_TESTS to the folder of a built kvm-unit-tests; see test/kvm-unit-tests/README.md\n',
  )
  process.exit(2)
}
const kept = new Map<string, Result>(
  isKept(flags.keep) ? (JSON.parse(readFileSync(flags.keep, 'utf8')) as [string, Result][]) : [],
)
const results: Result[] = []
const suite = readSuite()
for (const unit of suite) {
  if (names.length > 0 && !names.includes(unit.name)) continue
  const result = await run(unit)
  results.push(result)
  keep(kept, result)
  if (flags.keep !== undefined) writeFileSync(flags.keep, JSON.stringify([...kept]))
  print(describe(result))
  if (flags.log && result.here) print(result.here.output)
}
if (flags.markdown !== undefined) {
  const inOrder = suite
    .map((unit) => kept.get(keyOf(unit)) ?? { unit, why: exclusion(unit) ?? 'not part of this run' })
    .filter(({ unit, why }) => why === undefined || exclusion(unit) === null || unit.arch === 'x86_64')
  writeFileSync(flags.markdown, markdownTable(inOrder, PATIENCE))
}
const verdicts = results.map(({ here }) => here?.verdict).filter((verdict) => verdict !== undefined)
const totals = countBy(verdicts)
print([...totals].map(([verdict, count]) => `${count} ${verdict}`).join(', '))

function countBy(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}
