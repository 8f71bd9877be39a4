/** Walks the chain of frame pointers. Every function that is not a leaf keeps RBP. */
import { clac, stac } from '../lib/cpu'
import { print } from '../lib/text'
import { isSmapOn } from '../mm/address-space'
import { pageFlags, PRESENT } from '../mm/page-table'
import { isCode, printPlace } from './symbols'

const MOST_FRAMES = 32

/** The 64-bit word at `address`; 0 where nothing is mapped. A broken stack must not break the message about it. */
export function peek(address: u64): u64 {
  if (address >= 0xffff_fff8 || (address & 7) != 0 || !(pageFlags(<usize>address) & PRESENT)) return 0
  if (isSmapOn()) stac()
  const value = load<u64>(<usize>address)
  if (isSmapOn()) clac()
  return value
}

function printLine(address: u64): void {
  print('    at ')
  printPlace(address)
  print('\n')
}

/** Prints the place of `rip`, then of every caller found from `rbp` on. */
export function printBacktrace(rip: u64, rbp: u64): void {
  printLine(rip)
  let frame = rbp
  for (let count = 0; count < MOST_FRAMES; count++) {
    const caller = peek(frame + 8)
    if (caller == 0 || !isCode(caller)) return
    // The return address may be the first byte of the next line.
    printLine(caller - 1)
    const next = peek(frame)
    if (next <= frame) return
    frame = next
  }
}
