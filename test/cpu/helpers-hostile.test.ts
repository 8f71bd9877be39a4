/** Nonsense in every table and register: each helper answers with a status, none traps, none touches what lies outside the guest. */
import { expect, test } from 'vitest'
import { helpers, type HelperName } from '../../src/cpu/helpers.ts'
import * as L from '../../src/cpu/layout.ts'
import { Helpers, RAM_SIZE } from './helpers-harness.ts'

/** xorshift32. */
function randomFrom(seed: number): () => number {
  let x = seed
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x >>> 0
  }
}

const isComputation = (name: HelperName): boolean =>
  (helpers[name] as readonly string[]).some((parameter) => parameter === 'code:i32')

const SEED = Number(process.env['SEED'] ?? 0x5eed)
const ROUNDS = 150
const CALLS = 120

/** What the contract lets the interpreter pass; the rest is chosen by the guest. */
const operands: Record<string, readonly number[]> = {
  size: [1, 2, 4, 8],
  rep: [0, 1, 2],
  address: [2, 4, 8],
  seg: [0, 1, 2, 3, 4, 5],
  gpr: [0, 5, 15],
  cr: [0, 1, 2, 3, 4, 5, 8, 15],
  dr: [0, 3, 4, 5, 6, 7, 8, 15],
  kind: [0, 1, 2, 3, 4],
  to: [0, 3, 7],
  vectorMask: [0, 7, 15],
  index: [0, 7, 15],
}

test('no state and no table of the guest breaks a helper', () => {
  const random = randomFrom(SEED)
  const pick = <T>(list: readonly T[]): T => list[random() % list.length]!
  const word = (): bigint => {
    const value = (BigInt(random()) << 32n) | BigInt(random())
    return pick([
      value,
      value & 0xffffn,
      value & 0x3f_ffffn,
      value & 0xffff_ffffn,
      (1n << 64n) - 1n,
      0n,
      (1n << 47n) - 1n,
    ])
  }
  const flags = (mask: bigint): bigint => word() & mask
  // Not the ones that reach into the memory of the host by design: a linear address, or the number of an operation, is the interpreter's own.
  const names = (Object.keys(helpers) as HelperName[]).filter(
    (name) => name !== 'load128' && name !== 'store128' && !isComputation(name),
  )
  const statuses = new Set<number>()
  for (let round = 0; round < ROUNDS; round++) {
    const h = new Helpers()
    for (let i = 0; i < RAM_SIZE / 4; i += 1 + (random() % 64))
      h.ram.setUint32(4 * i, random() & pick([0xffff_ffff, 0x3f_f0e7, 0xff]), true)
    for (let call = 0; call < CALLS; call++) {
      for (let n = 0; n < 16; n++) h.setGpr(n, word())
      h.set(L.CR0, flags(0xe005_003fn) | 0x10n)
      h.set(L.CR3, word() & 0x3f_f018n)
      h.set(L.CR4, flags(0x37_06ffn))
      h.set(L.EFER, flags(0xd01n))
      h.set32(L.CPL, random() & 3)
      for (let seg = 0; seg < 8; seg++)
        h.setSegment(seg, random() & 0xffff, random() & 0xffff, word(), random())
      for (const table of [L.GDTR, L.IDTR]) {
        h.set(table, word())
        h.set32(table + 8, random() & 0xffff)
      }
      h.call('setRflags', flags(0x3f_7fd7n))
      h.set(L.RIP, word())
      h.set(L.NEXT_RIP, word())
      for (const field of [L.EXC_PENDING, L.SHUTDOWN, L.HALTED]) h.set32(field, 0)
      h.set32(L.EXC_VECTOR, random() & 31)
      h.set32(L.INTR, random() & 1)
      h.call('updateMode')
      if (random() & 1) h.call('flushTlb')

      const name = pick(names)
      const [result, ...parameters] = helpers[name] as readonly string[]
      const args = parameters.map((parameter) => {
        const [label, type] = parameter.split(':') as [string, string]
        if (type === 'i64') return word()
        const choice = operands[label]
        return choice ? pick(choice) : random() & pick([0xff, 0xffff, 0xffff_ffff])
      })
      let value: number
      try {
        value = h.call(name, ...args)
      } catch (error) {
        throw new Error(`${name}(${args.join(', ')}) traps; SEED=${SEED}`, { cause: error })
      }
      if (result === 'status') {
        statuses.add(value)
        if (value < 0 || value > 4)
          throw new Error(`${name}(${args.join(', ')}) answers ${value}; SEED=${SEED}`)
        if (value === 1) expect(h.exception(), name).not.toBeNull()
      }
      h.log.length = 0
      expect(h.get32(L.RAM_SIZE)).toBe(RAM_SIZE)
    }
  }
  expect([...statuses].sort()).toEqual([0, 1, 2, 3, 4])
  console.log(`${ROUNDS * CALLS} calls; SEED=${SEED}`)
})
