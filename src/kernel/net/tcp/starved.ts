import { NetStack } from '../stack'
import { TcpSocket } from './socket'

/**
 * Sockets whose users could not send because all sockets together hold as much memory as they may. They are not ready for
 * output until memory has come back, or until their own buffer has drained.
 */
@unmanaged
export class StarvedList {
  private head: TcpSocket | null = null
  private stack: NetStack

  constructor(stack: NetStack) {
    this.stack = stack
  }

  add(s: TcpSocket): void {
    if (s.isStarved) return
    s.isStarved = true
    s.starvedNext = this.head
    this.head = s
  }

  remove(s: TcpSocket): void {
    if (!s.isStarved) return
    s.isStarved = false
    let before: TcpSocket | null = null
    for (let at: TcpSocket | null = this.head; at; at = at!.starvedNext) {
      if (at == s) {
        if (before) before.starvedNext = at.starvedNext
        else this.head = at.starvedNext
        return
      }
      before = at
    }
  }

  /** Lets everybody try again if memory has come back. */
  feed(): void {
    const budget = this.stack.budget
    if (!this.head || !budget.hasReturns || budget.isExhausted) return
    budget.hasReturns = false
    let s: TcpSocket | null = this.head
    this.head = null
    while (s) {
      const next: TcpSocket | null = s.starvedNext
      s.isStarved = false
      this.stack.touch(s)
      s = next
    }
  }

  free(): void {
    heap.free(changetype<usize>(this))
  }
}
