/** Bytes of buffer that all sockets of a stack share. */
@unmanaged
export class Budget {
  limit: u32
  used: u32 = 0
  /** How often a request was refused. */
  refused: u32 = 0

  constructor(limit: u32) {
    this.limit = limit
  }

  /** Takes bytes, or refuses. */
  take(bytes: u32): bool {
    if (bytes > this.limit || this.used > this.limit - bytes) {
      this.refused++
      return false
    }
    this.used += bytes
    return true
  }

  give(bytes: u32): void {
    this.used -= bytes
  }
}
