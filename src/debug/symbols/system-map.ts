/** System.map of Linux, or what `nm` prints: address, kind, name; `[module]` may follow. */
import type { FunctionSymbol } from './symbols.ts'

const LINE = /^([0-9a-f]{8,16}) ([A-Za-z]) (\S+)/

/** Text symbols only; lines that are no symbols are left out. */
export function readSystemMap(text: string): FunctionSymbol[] {
  const functions: FunctionSymbol[] = []
  for (const line of text.split('\n')) {
    const match = LINE.exec(line)
    if (match && 'tTwW'.includes(match[2]!))
      functions.push({ name: match[3]!, address: BigInt(`0x${match[1]}`), size: 0 })
  }
  return functions
}
