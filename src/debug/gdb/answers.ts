/** Answers and arguments that packets have in common. GDB manual, appendix E. */

/* Errors, by the numbers of errno. */
export const NO_MEMORY = 'E14'
export const INVALID = 'E22'
export const NO_ROOM = 'E28'
export const OK = 'OK'

export interface Range {
  readonly address: bigint
  readonly length: number
}

/** A 64-bit number in hexadecimal, or null. */
export function parseHex(text: string): bigint | null {
  return /^[0-9a-f]{1,16}$/i.test(text) ? BigInt(`0x${text}`) : null
}

/** `address,length`, in hexadecimal. */
export function parseRange(text: string): Range | null {
  const [addressText = '', lengthText = ''] = text.split(',')
  const address = parseHex(addressText)
  if (address === null || !/^[0-9a-f]{1,6}$/i.test(lengthText)) return null
  return { address, length: Number.parseInt(lengthText, 16) }
}
