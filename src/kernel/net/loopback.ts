/** Frames on their way from the host to itself: `poll` delivers them, so that no call ever re-enters the stack. */

const NEXT: usize = 0
const LENGTH: usize = 4
const DATA: usize = 32
const BYTES_MAXIMUM: u32 = 1 << 20

@unmanaged
export class LoopbackQueue {
  bytes: u32 = 0
  private head: usize = 0
  private tail: usize = 0

  get isEmpty(): bool {
    return this.head == 0
  }

  /** Appends a copy of a frame; false if a mebibyte is already waiting. */
  push(frame: usize, length: u32): bool {
    if (this.bytes + length > BYTES_MAXIMUM) return false
    const entry = heap.alloc(DATA + length)
    if (entry == 0) return false
    store<u32>(entry, 0, NEXT)
    store<u32>(entry, length, LENGTH)
    memory.copy(entry + DATA, frame, length)
    if (this.tail) store<u32>(this.tail, entry as u32, NEXT)
    else this.head = entry
    this.tail = entry
    this.bytes += length
    return true
  }

  /** Takes the first entry off; the caller frees it with `heap.free`. */
  pop(): usize {
    const entry = this.head
    if (entry == 0) return 0
    this.head = load<u32>(entry, NEXT)
    if (this.head == 0) this.tail = 0
    this.bytes -= load<u32>(entry, LENGTH)
    return entry
  }

  static frame(entry: usize): usize {
    return entry + DATA
  }

  static frameLength(entry: usize): u32 {
    return load<u32>(entry, LENGTH)
  }

  free(): void {
    for (let entry = this.pop(); entry != 0; entry = this.pop()) heap.free(entry)
    heap.free(changetype<usize>(this))
  }
}
