/** The exceptions that ended in a shutdown (SDM Vol. 3A, 6.15, interrupt 8): each was raised while the one before it was being delivered, at the same instruction. */

export interface TripleFault {
  /** Oldest first. */
  readonly chain: readonly { readonly name: string; readonly error: number | null }[]
  /** Hexadecimal, with 0x. */
  readonly rip: string
  readonly cr2: string
}

const NAMES = '#DE #DB NMI #BP #OF #BR #UD #NM #DF - #TS #NP #SS #GP #PF - #MF #AC #MC #XM #VE #CP'.split(' ')

export function exceptionName(vector: number): string {
  return NAMES[vector] ?? `vector ${vector}`
}

/** One line: `#PF(0x2), then #DF(0x0), then #GP(0x42) at RIP 0x100020 (main+0x4, hello.ts:3), CR2 0x0`. `place` says what is known of an address. */
export function describeTripleFault(
  { chain, rip, cr2 }: TripleFault,
  place: (address: bigint) => string | null = () => null,
): string {
  const names = chain.map(({ name, error }) => (error === null ? name : `${name}(0x${error.toString(16)})`))
  const where = place(BigInt(rip))
  return `${names.join(', then ') || 'unknown'} at RIP ${rip}${where === null ? '' : ` (${where})`}, CR2 ${cr2}`
}
