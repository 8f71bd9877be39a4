/** Conversions between packed integers in MM and packed floats in XMM registers. SDM Vol. 1, 10.4.4 and 11.4.1.5. */
import { op, type I64, type V128 } from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import { plain, type Definition, type Emit } from '../definition.ts'
import { doublesToIntegers, integersToSingles, singlesToIntegers } from '../sse/convert.ts'
import { readAligned } from '../sse/lanes.ts'
import { lowHalf, mmxPlain, readPacked, writePacked } from './operand.ts'

const singlesOf = (c: Context): V128 => c.let(op('i64x2.splat', c.read(1, 64) as I64))

/** From memory these do not touch the x87 unit. */
const fromIntegers = (convert: Emit): Definition => {
  const onMmx = mmxPlain(convert)
  return plain((c) => (c.operand(1).kind === 'memory' ? convert(c) : onMmx.emit(c)))
}

const toSingles = fromIntegers((c) => {
  c.write(0, c.let(lowHalf(integersToSingles(c, [readPacked(c, 1)], 2)[0]!)), 64)
})

const toDoubles = fromIntegers((c) => {
  c.writeVector(0, op('f64x2.convert_low_i32x4_s', readPacked(c, 1)))
})

const integers = (convert: (c: Context) => V128): Definition => mmxPlain((c) => writePacked(c, convert(c)))

export const mmxConvert: Readonly<Record<string, Definition>> = {
  cvtpi2ps: toSingles,
  cvtpi2pd: toDoubles,
  cvtps2pi: integers((c) => singlesToIntegers(c, [singlesOf(c)], false, 2)[0]!),
  cvttps2pi: integers((c) => singlesToIntegers(c, [singlesOf(c)], true, 2)[0]!),
  cvtpd2pi: integers((c) => doublesToIntegers(c, [readAligned(c, 1)], false)),
  cvttpd2pi: integers((c) => doublesToIntegers(c, [readAligned(c, 1)], true)),
}
