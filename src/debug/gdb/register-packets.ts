/** Packets g, G, p and P: registers, all or one. What gdb changes is an edit of the history. */
import type { Target } from '../target.ts'
import { INVALID, OK } from './answers.ts'
import { fromHex, toHex } from './packet.ts'
import { type Register, registerBytes, registers, registerValue } from './registers.ts'

/** `g` */
export function readRegisters(target: Target): string {
  return registers.map((register) => read(target, register)).join('')
}

/** `p index` */
export function readRegister(target: Target, rest: string): string {
  const register = registers[parseIndex(rest)]
  return register === undefined ? INVALID : read(target, register)
}

/** `P index=digits` */
export function writeRegister(target: Target, rest: string): string {
  const [index = '', digits = ''] = rest.split('=')
  const register = registers[parseIndex(index)]
  const bytes = fromHex(digits)
  if (register === undefined || bytes === null || bytes.length * 8 !== register.bits) return INVALID
  return write(target, register, bytes) ? OK : INVALID
}

/** `G digits`: those that differ are written. */
export function writeRegisters(target: Target, digits: string): string {
  const bytes = fromHex(digits)
  const length = registers.reduce((sum, { bits }) => sum + bits / 8, 0)
  if (bytes === null || bytes.length !== length) return INVALID
  let at = 0
  let isWhole = true
  for (const register of registers) {
    const piece = bytes.subarray(at, (at += register.bits / 8))
    if (toHex(piece) !== read(target, register)) isWhole = write(target, register, piece) && isWhole
  }
  return isWhole ? OK : INVALID
}

function read(target: Target, register: Register): string {
  return toHex(registerBytes(register, target.computer.cpu))
}

/** False when it cannot be written. */
function write({ computer, history }: Target, register: Register, bytes: Uint8Array): boolean {
  if (register.write === undefined) return false
  const value = registerValue(bytes)
  history.edit(() => register.write!(computer.cpu, value))
  return true
}

/** -1 when it is no number. */
function parseIndex(text: string): number {
  return /^[0-9a-f]{1,4}$/i.test(text) ? Number.parseInt(text, 16) : -1
}
