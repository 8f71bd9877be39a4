/** The number by which a handler is found again stands for one shape only. */
import { expect, test } from 'vitest'
import { shapeCode, shapeKey, shapeOf } from '../../src/cpu/interpreter/shape.ts'
import { decode, DecodeStatus, Instruction } from '../../src/isa/index.ts'

const COUNT = 60_000
const seed = Number(process.env.ONERING_SEED ?? 7)

function* random(state: number): Generator<number> {
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state >>> 24
  }
}

test(`${COUNT} random byte strings (ONERING_SEED=${seed})`, () => {
  const bytes = random(seed)
  const next = (): number => bytes.next().value as number
  const names = new Map<number, string>()
  const code = new Uint8Array(16)
  const instruction = new Instruction()
  let decoded = 0
  for (let i = 0; i < COUNT; i++) {
    code.fill(0)
    for (let at = 0; at < 8; at++) code[at] = next()
    const bits = ([16, 32, 64] as const)[next() % 3]!
    if (decode(code, 0, 16, bits, instruction) !== DecodeStatus.ok) continue
    decoded++
    const long = bits === 64
    const flags = [long, !long && (next() & 1) === 1, (next() & 1) === 1, (next() & 7) === 0] as const
    const shape = shapeOf(instruction, ...flags)
    const name = shape ? shapeKey(shape) : ''
    const number = shapeCode(instruction, ...flags)
    const known = names.get(number)
    if (known === undefined) names.set(number, name)
    else if (name !== known)
      throw new Error(`${instruction.row.id} in ${bits}-bit code: ${name} and ${known} have one number`)
  }
  expect(decoded).toBeGreaterThan(COUNT / 3)
  expect(names.size).toBeGreaterThan(1000)
})
