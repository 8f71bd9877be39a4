import { expect, test } from 'vitest'
import { Assembler, decode, DecodeStatus, format, Instruction, rows } from '../../src/isa/index.ts'
import type { Row } from '../../src/isa/index.ts'
import { compareWithIced } from './iced.ts'
import type { Mode } from './iced.ts'
import { randomOperands } from './random-operands.ts'
import { Random } from './random.ts'

const seed = Number(process.env.SEED ?? 20260101)
const modeBits = { 16: 1, 32: 2, 64: 4 } as const
const rounds = 8

function encode(row: Row, mode: Mode, random: Random): Uint8Array {
  const assembler = new Assembler(mode)
  assembler.emitRow(row, randomOperands(random, row, mode))
  return assembler.finish().bytes
}

test.each([64, 32, 16] as const)(
  `every row, encoded and decoded again in %d-bit mode (seed ${seed})`,
  (mode) => {
    const random = new Random(seed + mode)
    const instruction = new Instruction()
    const failures: string[] = []
    for (const row of rows) {
      if ((row.modes & modeBits[mode]) === 0) continue
      if (row.mnemonic === 'xchg' && row.opcodeRegister) continue
      for (let round = 0; round < rounds; round++) {
        const bytes = encode(row, mode, random)
        const hex = Buffer.from(bytes).toString('hex')
        const status = decode(bytes, 0, bytes.length, mode, instruction)
        if (status !== DecodeStatus.ok) failures.push(`${row.id}: ${hex} gives status ${status}`)
        else if (instruction.row !== row && !row.alias)
          failures.push(`${row.id}: ${hex} decodes as ${instruction.row.id}`)
        else if (instruction.length !== bytes.length)
          failures.push(`${row.id}: ${hex} has length ${instruction.length}`)
        const difference = compareWithIced(bytes, mode)
        if (difference !== null) failures.push(`${row.id}: ${difference}`)
      }
    }
    expect([...new Set(failures)].slice(0, 40)).toEqual([])
  },
)

test(`the chosen row says what was asked for (seed ${seed})`, () => {
  const random = new Random(seed)
  const instruction = new Instruction()
  const failures: string[] = []
  for (const row of rows) {
    // The assembler picks the operand size of the mode where operands do not show it.
    if ((row.modes & 4) === 0 || row.alias || /\.o\d\d$|^push\.imm16$/.test(row.id)) continue
    if (row.mnemonic === 'xchg' && row.opcodeRegister) continue
    for (let round = 0; round < rounds; round++) {
      const operands = randomOperands(random, row, 64)
      const exact = new Assembler()
      exact.emitRow(row, operands)
      const chosen = new Assembler()
      try {
        chosen.emit(row.mnemonic, ...operands)
      } catch (error) {
        // A memory operand that has no size of its own.
        if (!/needs a size/.test((error as Error).message))
          failures.push(`${row.id}: ${(error as Error).message}`)
        continue
      }
      const first = exact.finish().bytes
      const second = chosen.finish().bytes
      // A source above XMM7 costs a byte of VEX that the row with the operands exchanged would save.
      if (second.length > first.length + Number(row.vex))
        failures.push(`${row.id}: ${second.length} bytes instead of ${first.length}`)
      const texts = [first, second].map((bytes) => {
        decode(bytes, 0, bytes.length, 64, instruction)
        return format(instruction, 0n)
      })
      // A branch of another length has another end; XCHG and TEST may name their operands the other way round.
      if (row.operands[0]?.kind === 'relative' || texts[0] === texts[1]) continue
      if (texts[0]!.split(/,? /).toSorted().join() !== texts[1]!.split(/,? /).toSorted().join()) {
        failures.push(`${row.id}: ${texts[1]} instead of ${texts[0]}`)
      }
    }
  }
  expect([...new Set(failures)].slice(0, 40)).toEqual([])
})
