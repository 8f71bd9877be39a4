import { expect, test } from 'vitest'
import { counterNames } from '../../src/cpu/counter-names.ts'
import { cyclesOf, difference } from '../../src/bench/model.ts'
import { findProfile, profiles } from '../../src/bench/profiles/index.ts'
import { CostError, withCost } from '../../src/bench/profiles/parameters.ts'

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
  for (const { events, ordinary, sequences } of profiles) {
    for (const name of Object.keys(events)) expect(names, name).toContain(name)
    for (const { source, cycles } of [...Object.values(events), ...Object.values(sequences)]) {
      expect(source).not.toBe('')
      expect(cycles).toBeGreaterThanOrEqual(0)
    }
    expect(ordinary.source).not.toBe('')
  }
})

test('a sequence on entry costs what was measured for it, in place of its instructions', () => {
  const counts = { rings: [60, 0, 0, 0], events: { syscall: 1 } }
  const cycles = cyclesOf(counts, skylake, { 'return-stack-fill': 33 })
  expect(cycles).toEqual({ transition: 42, mitigation: 130, software: 13, total: 185 })
})

test('a cost of the user takes the place of the profile’s, and is marked as an assumption', () => {
  const fred = findProfile('fred')!
  const counts = { rings: [10, 0, 0, 0], events: { 'fred-event': 1, eretu: 1 } }
  const changed = withCost(withCost(fred, 'fred.delivery=60.5'), 'fred.eretu=0')
  expect(cyclesOf(counts, fred).transition).toBe(100)
  expect(cyclesOf(counts, changed).transition).toBe(60.5)
  expect(changed.events['fred-event']!.isAssumed).toBe(true)
  for (const text of ['', 'x', 'x=1', 'syscall=', 'syscall=1e9', 'syscall=NaN', 'syscall=9999999'])
    expect(() => withCost(fred, text), text).toThrow(CostError)
})
