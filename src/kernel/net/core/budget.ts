/** Bytes of buffer that all sockets of a stack share. */
@unmanaged
export class Budget {
  limit: u32
  used: u32 = 0
  /** Something has come back since this was last cleared. */
  hasReturns: bool = false
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

  /** Half is taken: who holds memory without need gives it back. */
  get isTight(): bool {
    return this.used > this.limit >> 1
  }

  /** Nearly everything is taken. */
  get isExhausted(): bool {
    return this.used > this.limit - (this.limit >> 3)
  }

  give(bytes: u32): void {
    this.hasReturns = true
    this.used -= bytes
  }
}
