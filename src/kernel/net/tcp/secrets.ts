import { NetStack } from '../stack'

/** What must not be guessable, and must differ from connection to connection. */

/** Initial sequence number (RFC 6528): a 4 µs clock plus a keyed hash of the four-tuple. */
export function initialSequence(
  stack: NetStack,
  local: u32,
  localPort: u32,
  remote: u32,
  remotePort: u32,
): u32 {
  const hash = stack.key.hash(((local as u64) << 32) | remote, ((localPort << 16) | remotePort) as u64)
  return (hash as u32) + ((stack.now() / 4000) as u32)
}

/** Offset of the timestamp clock of a connection (RFC 7323 section 5.4): peers do not learn how long the host has run. */
export function timestampOffset(stack: NetStack, local: u32, remote: u32): u32 {
  return (stack.key.hash(((local as u64) << 32) | remote, (0x7473 as u64) << 32) >> 16) as u32
}

/** The millisecond clock of RFC 7323. */
export function timestampNow(stack: NetStack): u32 {
  return (stack.now() / 1_000_000) as u32
}
