/** How a place in code is written in a trace: function, offset, line of TypeScript. */
import { decode, DecodeStatus, format, Instruction } from '../../isa/index.ts'
import { describeLine, describePlace, type Symbols } from '../symbols/symbols.ts'
import type { Transition } from './transition.ts'

const instruction = new Instruction()

export function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`
}

/** `send+0x12 echo-tcp.ts:9`, in at most `width` characters; the address where nothing is known. */
export function placeText(symbols: Symbols, address: bigint, width = Infinity): string {
  const place = symbols.at(address)
  const name = describePlace(place)
  if (name === null) return hex(address)
  const line = describeLine(place!.source)
  const whole = line === null ? name : `${name} ${line}`
  if (whole.length <= width) return whole
  const offset = name.lastIndexOf('+')
  const short = offset < 0 ? name : name.slice(0, offset)
  const withLine = line === null ? short : `${short} ${line}`
  if (withLine.length <= width) return withLine
  return short.length <= width ? short : `${short.slice(0, width - 1)}…`
}

/** The instruction of a transition in Intel's syntax, or null when its bytes are not known. */
export function instructionText({ code, codeBits, before }: Transition, symbols: Symbols): string | null {
  if (decode(code, 0, code.length, codeBits, instruction) !== DecodeStatus.ok) return null
  return format(instruction, before.rip, (address) => describePlace(symbols.at(address)) ?? undefined)
}
