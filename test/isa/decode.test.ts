import { expect, test } from 'vitest'
import { decode, DecodeStatus, Instruction, rowById, rows } from '../../src/isa/index.ts'
import { compareWithIced } from './iced.ts'
import { Random, randomInstruction } from './random.ts'

const seed = Number(process.env.SEED ?? Date.now() % 0x100000000)
const count = 100_000

test(`${count} random instructions decode as iced-x86 decodes them (seed ${seed})`, () => {
  const random = new Random(seed)
  const counter = { decoded: 0 }
  const differences: string[] = []
  for (let i = 0; i < count && differences.length < 20; i++) {
    const mode = random.pick([64, 64, 32, 16] as const)
    const found = compareWithIced(randomInstruction(random), mode, counter)
    if (found !== null) differences.push(found)
  }
  expect(differences).toEqual([])
  expect(counter.decoded).toBeGreaterThan(count / 3)
})

test('ids are unique', () => {
  expect(rowById.size).toBe(rows.length)
})

const instruction = new Instruction()
function statusOf(...bytes: number[]): DecodeStatus {
  return decode(Uint8Array.from(bytes), 0, bytes.length, 64, instruction)
}

test('an instruction that is cut off asks for more bytes, wherever it is cut', () => {
  const whole = [0x66, 0x4a, 0x0f, 0x3a, 0x16, 0x84, 0xcb, 1, 2, 3, 4, 5]
  for (let length = 0; length < whole.length; length++) {
    expect(statusOf(...whole.slice(0, length))).toBe(DecodeStatus.needMoreBytes)
  }
  expect(statusOf(...whole)).toBe(DecodeStatus.ok)
  expect(instruction.row.id).toBe('pextrq.rm64.xmm.imm8')
})

test('sixteen bytes are too long, fifteen are not', () => {
  const prefixed = (count: number): number[] => [...Array<number>(count).fill(0x2e), 0x90]
  expect(statusOf(...prefixed(14))).toBe(DecodeStatus.ok)
  expect(instruction.length).toBe(15)
  expect(statusOf(...prefixed(15))).toBe(DecodeStatus.tooLong)
})

test('LOCK is refused without a memory destination and where the instruction has none', () => {
  expect(statusOf(0xf0, 0x01, 0x00)).toBe(DecodeStatus.ok)
  expect(statusOf(0xf0, 0x01, 0xc0)).toBe(DecodeStatus.undefined)
  expect(statusOf(0xf0, 0x03, 0x00)).toBe(DecodeStatus.undefined)
  expect(statusOf(0xf0, 0x89, 0x00)).toBe(DecodeStatus.undefined)
})
