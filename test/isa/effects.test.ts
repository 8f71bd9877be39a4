/** Flags, operand access and privilege of every row against iced-x86's instruction information. */
import { Decoder, DecoderOptions, InstructionInfoFactory, OpAccess, RflagsBits } from 'iced-x86'
import { expect, test } from 'vitest'
import { Assembler, Register, rows } from '../../src/isa/index.ts'
import type { AssemblerOperand, Row } from '../../src/isa/index.ts'
import { randomOperands } from './random-operands.ts'
import { Random } from './random.ts'

/** Ours by iced's names. */
const bits: readonly [theirs: number, ours: number][] = [
  [RflagsBits.CF, 1 << 0],
  [RflagsBits.PF, 1 << 2],
  [RflagsBits.AF, 1 << 4],
  [RflagsBits.ZF, 1 << 6],
  [RflagsBits.SF, 1 << 7],
  [RflagsBits.IF, 1 << 9],
  [RflagsBits.DF, 1 << 10],
  [RflagsBits.OF, 1 << 11],
  [RflagsBits.AC, 1 << 18],
]
const STATUS = 0x8d5

function translate(theirs: number): number {
  let result = 0
  for (const [from, to] of bits) if ((theirs & from) !== 0) result |= to
  return result
}

const reads: Record<number, string> = {
  [OpAccess.None]: 'none',
  [OpAccess.Read]: 'r',
  [OpAccess.CondRead]: 'r',
  [OpAccess.Write]: 'w',
  [OpAccess.CondWrite]: 'rw',
  [OpAccess.ReadWrite]: 'rw',
  [OpAccess.ReadCondWrite]: 'rw',
  [OpAccess.NoMemAccess]: 'none',
}

function compare(row: Row, bytes: Uint8Array, mode: number): string[] {
  const decoder = new Decoder(mode, bytes, DecoderOptions.None)
  const instruction = decoder.decode()
  decoder.free()
  const factory = new InstructionInfoFactory()
  const info = factory.info(instruction)
  const found: string[] = []
  const flags = (name: string, ours: number, theirs: number): void => {
    const expected = translate(theirs) & STATUS
    if ((ours & STATUS) !== expected)
      found.push(`${name} ${(ours & STATUS).toString(16)}, not ${expected.toString(16)}`)
  }
  flags('reads', row.flags.read, instruction.rflagsRead)
  flags('writes', row.flags.written, instruction.rflagsWritten)
  flags('clears', row.flags.cleared, instruction.rflagsCleared)
  flags('sets', row.flags.set, instruction.rflagsSet)
  flags('leaves undefined', row.flags.undefined, instruction.rflagsUndefined)
  row.operands.forEach((form, position) => {
    if (position >= instruction.opCount) return
    const access = reads[info.opAccess(position)]
    if (form.access !== access && form.kind !== 'constant')
      found.push(`operand ${position} is ${form.access}, not ${access}`)
  })
  if ((row.privileged || row.ioSensitive) !== instruction.isPrivileged)
    found.push(`privileged ${row.privileged}`)
  info.free()
  factory.free()
  instruction.free()
  return found
}

/**
 * Known differences: we list what an instruction that always faults would name, the cache line that CLFLUSH does not read, and the source
 * registers of MASKMOVDQU; MONITOR and MWAIT need CPL 0 unless an MSR says otherwise; VMCALL always faults here.
 */
const different = /^(ud[01]|v?maskmovdqu|maskmovq|clflush|clflushopt|clwb|monitor|mwait|vmcall)$/

/** Operands without a register twice: XOR of a register with itself reads nothing, says iced. */
function distinctOperands(random: Random, row: Row, mode: 32 | 64): AssemblerOperand[] {
  for (;;) {
    const operands = randomOperands(random, row, mode)
    const registers = operands.filter((operand) => operand instanceof Register)
    const numbers = new Set(registers.map((register) => register.number))
    if (numbers.size === registers.length) return operands
  }
}

test('rows agree with iced-x86 on flags, operand access and privilege', () => {
  const random = new Random(1)
  const failures: string[] = []
  for (const row of rows) {
    if (row.alias || different.test(row.mnemonic) || (row.mnemonic === 'xchg' && row.opcodeRegister)) continue
    const mode = (row.modes & 4) !== 0 ? 64 : 32
    const assembler = new Assembler(mode)
    // iced knows what an immediate count does; 5 is a count like most.
    const operands = distinctOperands(random, row, mode).map((operand, position) =>
      row.operands[position]!.kind === 'immediate' ? 5 : operand,
    )
    assembler.emitRow(row, operands)
    for (const text of compare(row, assembler.finish().bytes, mode)) failures.push(`${row.id}: ${text}`)
  }
  expect(failures).toEqual([])
})
