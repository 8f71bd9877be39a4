/** Canonical form of a linear address with 48 significant bits. SDM Vol. 1, 3.3.7.1. */
export function isCanonical(va: u64): bool {
  return <u64>(((<i64>va) << 16) >> 16) == va
}
