/** A token bucket: so many events per second, with a burst. */
@unmanaged
export class RateLimit {
  refused: u64 = 0
  private tokens: u32
  private burst: u32
  private intervalNs: u64
  private lastNs: u64 = 0

  constructor(perSecond: u32, burst: u32) {
    this.tokens = burst
    this.burst = burst
    this.intervalNs = 1_000_000_000 / (perSecond as u64)
  }

  /** Takes a token if there is one. */
  take(nowNs: u64): bool {
    const earned = (nowNs - this.lastNs) / this.intervalNs
    if (earned > 0) {
      this.tokens = min((this.tokens as u64) + earned, this.burst as u64) as u32
      this.lastNs = this.tokens == this.burst ? nowNs : this.lastNs + earned * this.intervalNs
    }
    if (this.tokens == 0) {
      this.refused++
      return false
    }
    this.tokens--
    return true
  }
}
