/** One short word for everything that a guest can see, so that two machines can be compared. */
import type { Computer } from '../computer.ts'
import { sha256 } from './container.ts'
import { encodeValue } from './value-codec.ts'

/** RAM is hashed in pieces, so that no second copy of all of it is needed. */
const PIECE_BYTES = 16 << 20

/** SHA-256, in hexadecimal, of the processor, RAM and devices; not of what is on disks and on the wire. */
export async function hashState(computer: Computer): Promise<string> {
  const { cpu, board } = computer
  const { ram } = cpu
  const parts = [await sha256(cpu.canonicalState()), await sha256(encodeValue(board.save()))]
  for (let at = 0; at < ram.length; at += PIECE_BYTES)
    parts.push(await sha256(ram.subarray(at, Math.min(ram.length, at + PIECE_BYTES))))
  return toHex(await sha256(concatenate(parts)))
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
