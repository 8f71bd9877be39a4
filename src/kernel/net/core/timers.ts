/**
 * Deadlines in a binary heap. A timer that is only ever pushed later should be left where it is and checked when it fires:
 * that costs nothing per packet.
 */

export type TimerCallback = (owner: usize) => void

@unmanaged
export class Timer {
  deadlineNs: u64 = 0
  /** Position in the heap; -1 when not set. */
  index: i32 = -1
  callback: TimerCallback
  owner: usize

  constructor(callback: TimerCallback, owner: usize) {
    this.callback = callback
    this.owner = owner
  }

  get isSet(): bool {
    return this.index >= 0
  }
}

@unmanaged
export class TimerHeap {
  count: i32 = 0
  private capacity: i32 = 0
  private slots: usize = 0

  /** Sets or moves a timer. */
  set(timer: Timer, deadlineNs: u64): void {
    const before = timer.deadlineNs
    timer.deadlineNs = deadlineNs
    if (timer.index < 0) {
      if (this.count == this.capacity) this.grow()
      this.siftUp(timer, this.count++)
    } else if (deadlineNs < before) {
      this.siftUp(timer, timer.index)
    } else {
      this.siftDown(timer, timer.index)
    }
  }

  /** Sets a timer unless it will already fire by then. The callback must look for itself whether its time has come. */
  setNoLater(timer: Timer, deadlineNs: u64): void {
    if (timer.index < 0 || timer.deadlineNs > deadlineNs) this.set(timer, deadlineNs)
  }

  cancel(timer: Timer): void {
    const index = timer.index
    if (index < 0) return
    timer.index = -1
    const last = this.at(--this.count)
    if (index == this.count) return
    this.siftUp(last, index)
    this.siftDown(last, last.index)
  }

  /** The earliest deadline, or u64.MAX_VALUE. */
  next(): u64 {
    return this.count == 0 ? u64.MAX_VALUE : this.at(0).deadlineNs
  }

  /** Calls every timer that is due. A callback may set and cancel timers, its own included. */
  run(nowNs: u64): void {
    while (this.count > 0) {
      const timer = this.at(0)
      if (timer.deadlineNs > nowNs) return
      this.cancel(timer)
      timer.callback(timer.owner)
    }
  }

  free(): void {
    if (this.slots) heap.free(this.slots)
    heap.free(changetype<usize>(this))
  }

  private at(index: i32): Timer {
    return changetype<Timer>(load<usize>(this.slots + ((index as usize) << alignof<usize>())))
  }

  private put(timer: Timer, index: i32): void {
    store<usize>(this.slots + ((index as usize) << alignof<usize>()), changetype<usize>(timer))
    timer.index = index
  }

  private siftUp(timer: Timer, start: i32): void {
    let index = start
    while (index > 0) {
      const up = (index - 1) >> 1
      const parent = this.at(up)
      if (parent.deadlineNs <= timer.deadlineNs) break
      this.put(parent, index)
      index = up
    }
    this.put(timer, index)
  }

  private siftDown(timer: Timer, start: i32): void {
    let index = start
    for (;;) {
      let child = index * 2 + 1
      if (child >= this.count) break
      if (child + 1 < this.count && this.at(child + 1).deadlineNs < this.at(child).deadlineNs) child++
      const least = this.at(child)
      if (timer.deadlineNs <= least.deadlineNs) break
      this.put(least, index)
      index = child
    }
    this.put(timer, index)
  }

  private grow(): void {
    const capacity = this.capacity == 0 ? 16 : this.capacity * 2
    const slots = heap.alloc((capacity as usize) << alignof<usize>())
    if (this.slots) {
      memory.copy(slots, this.slots, (this.count as usize) << alignof<usize>())
      heap.free(this.slots)
    }
    this.slots = slots
    this.capacity = capacity
  }
}
