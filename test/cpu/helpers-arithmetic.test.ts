/** Division and high products against BigInt. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { HelperName } from '../../src/cpu/helpers.ts'
import { Helpers } from './helpers-harness.ts'

const h = new Helpers()
const RAX = 0
const RDX = 2

/** Values near the borders, and any. */
const word = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.integer({ min: 0, max: 63 }).map((n) => 1n << BigInt(n)),
  fc.integer({ min: 1, max: 64 }).map((n) => (1n << BigInt(n)) - 1n),
  fc.integer({ min: -20, max: 20 }).map((n) => BigInt.asUintN(64, BigInt(n))),
)

test.each([8, 16, 32, 64])('DIV and IDIV of %i bits', (bits) => {
  const size = BigInt(bits)
  const mask = (1n << size) - 1n
  fc.assert(
    fc.property(word, word, word, fc.boolean(), (high, low, divisor, signed) => {
      h.setGpr(RAX, low)
      h.setGpr(RDX, high)
      const as = (value: bigint, width: bigint): bigint =>
        signed ? BigInt.asIntN(Number(width), value) : BigInt.asUintN(Number(width), value)
      const dividend = as(bits === 8 ? low & 0xffffn : ((high & mask) << size) | (low & mask), 2n * size)
      const d = as(divisor, size)
      const argument = bits === 64 ? divisor : Number(divisor & mask) | 0
      h.call(`${signed ? 'i' : ''}div${bits}` as HelperName, argument)
      const fault = h.exception()
      const quotient = d === 0n ? null : dividend / d
      if (quotient === null || as(quotient, size) !== quotient) {
        expect(fault).toEqual([0, null])
        expect([h.gpr(RAX), h.gpr(RDX)]).toEqual([low, high])
        return
      }
      expect(fault).toBeNull()
      const remainder = (dividend % d) & mask
      const results =
        bits === 8 ? [h.gpr(RAX) & 0xffn, (h.gpr(RAX) >> 8n) & 0xffn] : [h.gpr(RAX) & mask, h.gpr(RDX) & mask]
      expect(results).toEqual([quotient & mask, remainder])
      if (bits === 32) expect(h.gpr(RAX) >> 32n).toBe(0n)
      if (bits < 32) expect(h.gpr(RAX) >> 16n).toBe(low >> 16n)
    }),
    { numRuns: 3000 },
  )
})

test('high halves of products', () => {
  fc.assert(
    fc.property(word, word, (x, y) => {
      expect(h.value('mulHigh64', x, y)).toBe((x * y) >> 64n)
      const product = BigInt.asIntN(64, x) * BigInt.asIntN(64, y)
      expect(h.value('imulHigh64', x, y)).toBe(BigInt.asUintN(64, product >> 64n))
    }),
    { numRuns: 3000 },
  )
})
