/** Packets m, M and X: memory by linear address. What gdb changes is an edit of the history. */
import { readMemory, writeMemory } from '../memory.ts'
import type { Target } from '../target.ts'
import { INVALID, NO_MEMORY, OK, parseRange, type Range } from './answers.ts'
import { fromHex, MAX_PACKET_BYTES, toHex } from './packet.ts'

/** `m address,length`: as much as is there, and fits into an answer. */
export function readBytes({ computer }: Target, rest: string): string {
  const range = parseRange(rest)
  if (range === null) return INVALID
  const bytes = readMemory(computer.cpu, range.address, Math.min(range.length, MAX_PACKET_BYTES >> 2))
  return bytes.length === 0 && range.length > 0 ? NO_MEMORY : toHex(bytes)
}

/** `M address,length:digits` */
export function writeHex(target: Target, rest: string): string {
  const [place = '', digits = ''] = rest.split(':')
  return write(target, parseRange(place), fromHex(digits))
}

/** `X address,length:bytes`; `text` is `data` in Latin-1. */
export function writeBinary(target: Target, text: string, data: Uint8Array): string {
  const colon = text.indexOf(':')
  if (colon < 0) return INVALID
  return write(target, parseRange(text.slice(1, colon)), data.slice(colon + 1))
}

function write({ computer, history }: Target, range: Range | null, bytes: Uint8Array | null): string {
  if (range === null || bytes === null || bytes.length !== range.length) return INVALID
  if (bytes.length === 0) return OK
  if (readMemory(computer.cpu, range.address, bytes.length).length < bytes.length) return NO_MEMORY
  history.edit(() => writeMemory(computer.cpu, range.address, bytes))
  return OK
}
