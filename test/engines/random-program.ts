/** Random programs: legal instructions of every kind, with many short branches, now and then one that overlaps the one before. */
import { MAX_LENGTH, MODE32, MODE64, rows, type Row } from '../../src/isa/index.ts'
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
/** CS, FS and GS. */
const segmentPrefixes = [0x2e, 0x64, 0x65]
/** Branches with a 32-bit distance stay within so many bytes. */
const REACH = 600

function randomInstruction(random: Random, bits: 32 | 64): number[] {
  const kind = random.below(20)
  const list: readonly Row[] = kind < 4 ? branches : kind < 17 ? common : rows
  const row = random.pick(list)
  if (!(row.modes & (bits === 64 ? MODE64 : MODE32))) return randomInstruction(random, bits)
  const bytes = encode(row, random, bits === 64)
  if (random.below(24) === 0) bytes.unshift(random.pick(segmentPrefixes))
  if (row.operands[0]?.kind === 'relative' && row.immediateBytes === 4) {
    const distance = random.below(REACH) - REACH / 2
    for (let i = 0; i < 4; i++) bytes[bytes.length - 4 + i] = (distance >> (8 * i)) & 0xff
  }
  return bytes
}

/** `size` bytes of 64-bit or 32-bit code. */
export function randomProgram(random: Random, size: number, bits: 32 | 64): Uint8Array {
  const code = new Uint8Array(size)
  let at = 0
  while (at <= size - MAX_LENGTH - 1) {
    const bytes = randomInstruction(random, bits)
    code.set(bytes.slice(0, size - at), at)
    at += random.below(30) === 0 ? 1 : bytes.length
  }
  return code
}
