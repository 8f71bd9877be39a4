import { expect, test } from 'vitest'
import { counterNames } from '../../src/cpu/counter-names.ts'
import { cyclesOf, difference } from '../../src/bench/model.ts'
import { findProfile, profiles } from '../../src/bench/profiles/index.ts'

const skylake = findProfile('skylake')!

test('a trap is its instructions and what the processor needs for the transitions', () => {
  const counts = { rings: [60, 0, 0, 10], events: { syscall: 1, sysret: 1 } }
  expect(cyclesOf(counts, skylake)).toEqual({ transition: 84, mitigation: 0, software: 34, total: 118 })
})

test('an exception is no instruction, so that none is taken away', () => {
  const { software } = cyclesOf({ rings: [10, 0, 0, 0], events: { exception: 1 } }, skylake)
  expect(software).toBe(5)
})

test('counts are subtracted and divided; what did not happen is left out', () => {
  const earlier = { rings: [10, 0, 0, 2], events: { syscall: 1, swapgs: 2 } }
  const later = { rings: [30, 0, 0, 12], events: { syscall: 11, swapgs: 2 } }
  expect(difference(later, earlier, 10)).toEqual({ rings: [2, 0, 0, 1], events: { syscall: 1 } })
})

test('every cost belongs to something that is counted, and says where it comes from', () => {
  const names = new Set(counterNames.values())
  for (const { events, ordinary } of profiles) {
    for (const [name, { source, cycles }] of Object.entries({ ...events })) {
      expect(names, name).toContain(name)
      expect(source).not.toBe('')
      expect(cycles).toBeGreaterThanOrEqual(0)
    }
    expect(ordinary.source).not.toBe('')
  }
})
