/** Every test of kvm-unit-tests that is for this machine passes; see README.md for how to get them. */
import { describe, expect, test } from 'vitest'
import { PATIENCE, runHere } from './run.ts'
import { exclusion } from './selection.ts'
import { folders, readSuite } from './suite.ts'

describe.skipIf(folders.length === 0)('kvm-unit-tests (ONERING_KVM_UNIT_TESTS)', () => {
  const selected = folders.length === 0 ? [] : readSuite().filter((unit) => exclusion(unit) === null)
  for (const unit of selected) {
    test(
      `${unit.arch} ${unit.name}`,
      async () => {
        const { verdict, output } = await runHere(unit)
        const lines = output.split('\n')
        const complaints = lines.filter((line) => /^(FAIL|onering|Unhandled)/.test(line))
        expect.soft(complaints).toEqual([])
        // A test that finds nothing to try says so by its status.
        expect(verdict, lines.slice(-20).join('\n')).toMatch(/^(pass|skip)$/)
      },
      (PATIENCE * unit.timeout + 20) * 1000,
    )
  }
  // A suite without tests is an error to vitest, and a skipped one still needs one.
  test('is there', () => expect(selected.length).toBeGreaterThan(0))
})
