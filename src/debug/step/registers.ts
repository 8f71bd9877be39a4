/** The registers that the stepper shows. */
import type { Cpu } from '../../cpu/cpu.ts'
import * as L from '../../cpu/layout.ts'
import { registers } from '../gdb/registers.ts'

const NAMES =
  'rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip eflags cs ss cr2 cr3 fs_base gs_base'.split(
    ' ',
  )
const shown = NAMES.map((name) => registers.find((register) => register.name === name)!)

export interface Value {
  readonly name: string
  readonly value: bigint
}

export function readRegisters(cpu: Cpu): Value[] {
  return shown.map((register) => ({ name: register.name, value: register.read(cpu) }))
}

const FLAGS: readonly (readonly [bit: number, letter: string])[] = [
  [11, 'O'],
  [10, 'D'],
  [9, 'I'],
  [8, 'T'],
  [7, 'S'],
  [6, 'Z'],
  [4, 'A'],
  [2, 'P'],
  [0, 'C'],
]

/** The flags that are set, by their letters. */
export function flagLetters(rflags: bigint): string {
  return FLAGS.map(([bit, letter]) => ((rflags >> BigInt(bit)) & 1n ? letter : '-')).join('')
}

export function ringOf(cpu: Cpu): number {
  return cpu.getState32(L.CPL)
}
