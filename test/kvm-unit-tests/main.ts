/** `npx tsx test/kvm-unit-tests/main.ts [--qemu] [--log] [--all] [NAME…]`: the table, test by test. */
import { runHere, runOnQemu, type Outcome } from './run.ts'
import { exclusion } from './selection.ts'
import { folders, readSuite } from './suite.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const flags = new Set(process.argv.slice(2).filter((word) => word.startsWith('--')))
const names = new Set(process.argv.slice(2).filter((word) => !word.startsWith('--')))

function describe({ verdict, checks, failed, skipped, seconds }: Outcome): string {
  const counts = [`${checks} checks`, failed && `${failed} failed`, skipped && `${skipped} skipped`]
  return `${verdict.padEnd(8)}${counts.filter(Boolean).join(', ').padEnd(38)}${seconds.toFixed(1).padStart(6)} s`
}

if (folders.length === 0) {
  process.stderr.write(
    'set ONERING_KVM_UNIT_TESTS to the folder of a built kvm-unit-tests; see test/kvm-unit-tests/README.md\n',
  )
  process.exit(2)
}
const totals = new Map<string, number>()
for (const test of readSuite()) {
  if (names.size > 0 && !names.has(test.name)) continue
  const title = `${test.arch === 'i386' ? '32' : '64'} ${test.name.padEnd(28)}`
  const why = exclusion(test)
  if (why !== null && names.size === 0 && !flags.has('--all')) {
    if (test.arch === 'x86_64') print(`${title}-       ${why}`)
    continue
  }
  const here = await runHere(test)
  totals.set(here.verdict, (totals.get(here.verdict) ?? 0) + 1)
  const qemu = flags.has('--qemu') ? `   QEMU: ${describe(await runOnQemu(test))}` : ''
  print(`${title}${describe(here)}${qemu}${test.smp > 1 ? '   (one processor here)' : ''}`)
  if (flags.has('--log')) print(here.output)
}
print([...totals].map(([verdict, count]) => `${count} ${verdict}`).join(', '))
