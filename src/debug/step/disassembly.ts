/** Instructions at an address, as the processor would decode them now, with their lines of source. */
import type { Cpu } from '../../cpu/cpu.ts'
import { MODE, MODE_CODE, MODE_CODE32, MODE_CODE64 } from '../../cpu/layout.ts'
import { decode, DecodeStatus, format, Instruction, MAX_LENGTH } from '../../isa/index.ts'
import { readMemory } from '../memory.ts'
import { describePlace, type SourceLine, type Symbols } from '../symbols/symbols.ts'

export interface CodeLine {
  readonly address: bigint
  readonly text: string
  /** `main+0x15`, when it is known. */
  readonly place: string | null
  readonly source: SourceLine | null
}

const BITS: Readonly<Record<number, 16 | 32 | 64>> = { [MODE_CODE64]: 64, [MODE_CODE32]: 32 }
const instruction = new Instruction()

/** `count` instructions from `address` on; fewer where memory ends. */
export function disassemble(cpu: Cpu, symbols: Symbols, address: bigint, count: number): CodeLine[] {
  const bits = BITS[cpu.getState32(MODE) & MODE_CODE] ?? 16
  const bytes = readMemory(cpu, address, count * MAX_LENGTH)
  const lines: CodeLine[] = []
  for (let at = 0; at < bytes.length && lines.length < count;) {
    const here = BigInt.asUintN(64, address + BigInt(at))
    const isGood =
      decode(bytes, at, Math.min(bytes.length, at + MAX_LENGTH), bits, instruction) === DecodeStatus.ok
    const name = (target: bigint): string | undefined => describePlace(symbols.at(target)) ?? undefined
    lines.push({
      address: here,
      text: isGood ? format(instruction, here, name) : `(bad) ${bytes[at]!.toString(16).padStart(2, '0')}`,
      place: describePlace(symbols.at(here)),
      source: symbols.lineAt(here),
    })
    at += isGood ? instruction.length : 1
  }
  return lines
}
