import { BASE_RIP, OperandKind } from './instruction.ts'
import type { Instruction, Operand } from './instruction.ts'
import { registerOf } from './registers.ts'
import { RegisterClass as C } from './row.ts'

/** Name of an address, `name+0x10` and the like, or undefined. */
export type Symbolize = (address: bigint) => string | undefined

const sizeNames: Record<number, string> = {
  8: 'byte ptr ',
  16: 'word ptr ',
  32: 'dword ptr ',
  48: 'fword ptr ',
  64: 'qword ptr ',
  80: 'tbyte ptr ',
  128: 'xmmword ptr ',
  256: 'ymmword ptr ',
}
const segmentNames = ['es', 'cs', 'ss', 'ds', 'fs', 'gs']
const addressClass = { 16: C.gpr16, 32: C.gpr32, 64: C.gpr64 } as const

function hex(value: number | bigint): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`
}

function formatAddress(address: bigint, symbolize: Symbolize | undefined): string {
  return symbolize?.(address) ?? hex(address)
}

function formatMemory(
  operand: Operand,
  instruction: Instruction,
  next: bigint,
  symbolize: Symbolize | undefined,
): string {
  const size = sizeNames[operand.size] ?? ''
  const segment = instruction.segment < 0 ? '' : `${segmentNames[operand.segment]}:`
  if (operand.base === BASE_RIP) {
    return `${size}${segment}[${formatAddress(BigInt.asUintN(64, next + BigInt(operand.displacement)), symbolize)}]`
  }
  const parts: string[] = []
  const registers = addressClass[instruction.addressSize]
  if (operand.base >= 0) parts.push(registerOf(registers, operand.base)!.name)
  if (operand.index >= 0) {
    const indexes = operand.registerClass === C.none ? registers : operand.registerClass
    const name = registerOf(indexes, operand.index)!.name
    parts.push(operand.scale === 1 ? name : `${name}*${operand.scale}`)
  }
  if (parts.length === 0) {
    const address = (BigInt(operand.high) << 32n) | BigInt(operand.low >>> 0)
    return `${size}${segment}[${formatAddress(BigInt.asUintN(instruction.addressSize, address), symbolize)}]`
  }
  const text = parts.join('+')
  const disp = operand.displacement
  if (disp === 0) return `${size}${segment}[${text}]`
  return `${size}${segment}[${text}${disp < 0 ? '-' : '+'}${hex(Math.abs(disp))}]`
}

function formatImmediate(operand: Operand, instruction: Instruction): string {
  if (operand.size === 64)
    return hex(BigInt.asUintN(64, (BigInt(operand.high) << 32n) | BigInt(operand.low >>> 0)))
  if (operand.value >= 0) return hex(operand.value)
  return hex(BigInt.asUintN(instruction.operandSize, BigInt(operand.value)))
}

function formatOperand(
  operand: Operand,
  instruction: Instruction,
  next: bigint,
  symbolize: Symbolize | undefined,
): string {
  switch (operand.kind) {
    case OperandKind.register:
      return registerOf(operand.registerClass, operand.register)?.name ?? `?${operand.register}`
    case OperandKind.memory:
      return formatMemory(operand, instruction, next, symbolize)
    case OperandKind.relative:
      return formatAddress(branchTarget(instruction, operand, next), symbolize)
    case OperandKind.far:
      return `${hex(operand.selector)}:${hex(operand.value)}`
    default:
      return formatImmediate(operand, instruction)
  }
}

/** Where a relative branch goes, given the address of the next instruction. */
export function branchTarget(instruction: Instruction, operand: Operand, next: bigint): bigint {
  return BigInt.asUintN(instruction.operandSize, next + BigInt(operand.value))
}

/**
 * Intel syntax, lower case: `lock add dword ptr [rbx+rcx*4+0x10], eax`. `address` is that of the instruction; targets of branches and
 * RIP-relative operands are shown as addresses, by name where `symbolize` knows one.
 */
export function format(instruction: Instruction, address: bigint, symbolize?: Symbolize): string {
  const { row } = instruction
  const next = address + BigInt(instruction.length)
  let text = instruction.lock ? 'lock ' : ''
  const { repeat } = instruction
  if (repeat === 0xf3) text += row.repeat === 'repz' ? 'repe ' : 'rep '
  else if (repeat === 0xf2) text += 'repne '
  text += row.mnemonic
  for (let i = 0; i < instruction.operandCount; i++) {
    text += i === 0 ? ' ' : ', '
    text += formatOperand(instruction.operands[i]!, instruction, next, symbolize)
  }
  return text
}
