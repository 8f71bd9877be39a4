/** The counts of instructions that the model takes away for a sequence are those that the entry code executes. */
import { expect, test } from 'vitest'
import { Assembler, decode, DecodeStatus, Instruction, mem, rbx } from '../../src/isa/index.ts'
import { fillReturnStack, retpoline, sequenceInstructions } from '../../src/toolchain/entry/mitigations.ts'

function mnemonics(emit: (asm: Assembler) => void): string[] {
  const asm = new Assembler()
  emit(asm)
  const { bytes } = asm.finish()
  const instruction = new Instruction()
  const found: string[] = []
  for (let at = 0; at < bytes.length; at += instruction.length) {
    expect(decode(bytes, at, bytes.length, 64, instruction)).toBe(DecodeStatus.ok)
    found.push(instruction.row.mnemonic)
  }
  return found
}

test('a fill executes all but the traps behind its calls', () => {
  const executed = mnemonics(fillReturnStack).filter((mnemonic) => mnemonic !== 'int3')
  expect(executed).toHaveLength(sequenceInstructions['return-stack-fill'])
})

test('a retpoline executes all but the loop that speculation is caught in', () => {
  const all = mnemonics((asm) => retpoline(asm, mem({ base: rbx, size: 64 })))
  const loop = ['pause', 'lfence', 'jmp']
  const at = all.indexOf('pause')
  expect(all.slice(at, at + 3)).toEqual(loop)
  expect(all).toHaveLength(sequenceInstructions.retpoline + loop.length)
})
