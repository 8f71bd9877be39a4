/** Random programs: legal instructions of every kind, with many short branches, now and then one that overlaps the one before. */
import { MAX_LENGTH, rows, type Row } from '../../src/isa/index.ts'
import { encode, type Random } from '../cpu/silicon/random.ts'

const branches = rows.filter(
  ({ branch, operandSize }) =>
    operandSize !== 16 && ['jmp', 'jcc', 'call', 'ret', 'jmp-indirect', 'call-indirect'].includes(branch),
)
/** What a program does most of the time, and everything there is. */
export const common = rows.filter(
  ({ feature, branch, privileged, operandSize }) =>
    feature === 'base' && branch === 'none' && !privileged && operandSize !== 16,
)
const legal = rows.filter(({ modes }) => modes & 4)
/** Branches with a 32-bit distance stay within so many bytes. */
const REACH = 600

function randomInstruction(random: Random): number[] {
  const kind = random.below(20)
  const list: readonly Row[] = kind < 4 ? branches : kind < 17 ? common : legal
  const row = random.pick(list)
  if (!(row.modes & 4)) return randomInstruction(random)
  const bytes = encode(row, random, true)
  if (row.operands[0]?.kind === 'relative' && row.immediateBytes === 4) {
    const distance = random.below(REACH) - REACH / 2
    for (let i = 0; i < 4; i++) bytes[bytes.length - 4 + i] = (distance >> (8 * i)) & 0xff
  }
  return bytes
}

/** `size` bytes of 64-bit code. */
export function randomProgram(random: Random, size: number): Uint8Array {
  const code = new Uint8Array(size)
  let at = 0
  while (at <= size - MAX_LENGTH - 1) {
    const bytes = randomInstruction(random)
    code.set(bytes.slice(0, size - at), at)
    at += random.below(30) === 0 ? 1 : bytes.length
  }
  return code
}
