/**
 * What a parser says about bytes from a stranger: a value that can only be legal, or the reason why there is none.
 * Reasons are constants such as `ipv4: checksum`, so that they can be counted; nothing here throws.
 */
export type Parsed<T extends object> = T | Malformed
export type Malformed = string

/** Tells a reason from a value. */
export function isMalformed<T extends object>(parsed: Parsed<T>): parsed is Malformed {
  return typeof parsed === 'string'
}
