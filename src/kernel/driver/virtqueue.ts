/** A split virtqueue (virtio 1.2 §2.7) with event index. Each chain has one or two descriptors. */
import { mfence, read16, read32, write16, write32, write64 } from '../lib/cpu'
import { allocateFrames, PAGE_SIZE } from '../mm/frames'
import { FEATURE_EVENT_INDEX, VirtioDevice } from './virtio-device'

const DESCRIPTOR_WRITE: u32 = 2
const NO_INTERRUPT: u32 = 1

const LARGEST: u32 = 256

@unmanaged
export class Virtqueue {
  size: u32
  index: u32
  notifyAddress: usize
  descriptors: usize
  /** Available ring: u16 flags, index, ring, used_event. */
  driver: usize
  /** Used ring: u16 flags, index, then u32 id and length for each entry, avail_event. */
  device: usize
  hasEventIndex: bool
  /** Descriptors that hold no buffer, as a stack of indices behind the rings. */
  freeStack: usize
  freeCount: u32
  /** Free-running indices, modulo 2^16. */
  offered: u32
  notified: u32
  seen: u32
  /** Length of the buffer that `take` has returned. */
  takenLength: u32

  /** Allocates the rings and enables the queue. False when there is no such queue or no memory. */
  open(device: VirtioDevice, index: u32, vector: u32): bool {
    const size = min(device.queueSize(index), LARGEST)
    if (size == 0) return false
    const bytes = size * 16 + (6 + size * 2 + 8) + (6 + size * 8 + 8) + size * 2 + 16
    const pages = (<usize>bytes + PAGE_SIZE - 1) / PAGE_SIZE
    const base = allocateFrames(pages)
    if (base == 0) return false
    memory.fill(base, 0, pages * PAGE_SIZE)
    this.size = size
    this.index = index
    this.descriptors = base
    this.driver = base + size * 16
    this.device = (this.driver + 6 + size * 2 + 3) & ~3
    this.freeStack = (this.device + 6 + size * 8 + 7) & ~7
    this.hasEventIndex = device.has(FEATURE_EVENT_INDEX)
    this.offered = 0
    this.notified = 0
    this.seen = 0
    this.freeCount = size
    for (let i: u32 = 0; i < size; i++) store<u16>(this.freeStack + i * 2, <u16>(size - 1 - i))
    this.notifyAddress = device.enableQueue(index, size, this.descriptors, this.driver, this.device, vector)
    return true
  }

  /** The descriptor that the next `offer` will use; there must be a free one. */
  nextDescriptor(): u32 {
    return load<u16>(this.freeStack + (this.freeCount - 1) * 2)
  }

  /** Offers one buffer; `isWritable` means that the device fills it. Its descriptor, or −1 when the queue is full. */
  offer(address: usize, length: u32, isWritable: bool): i32 {
    if (this.freeCount == 0) return -1
    const id = load<u16>(this.freeStack + --this.freeCount * 2)
    const descriptor = this.descriptors + <usize>id * 16
    write64(descriptor, address)
    write32(descriptor + 8, length)
    write32(descriptor + 12, isWritable ? DESCRIPTOR_WRITE : 0)
    write16(this.driver + 4 + (this.offered & (this.size - 1)) * 2, id)
    this.offered = (this.offered + 1) & 0xffff
    // The ring's entry must be visible before its index.
    write16(this.driver + 2, this.offered)
    return <i32>id
  }

  /** Tells the device about new buffers, unless it has said that it looks by itself (§2.7.10). */
  notify(): void {
    if (this.offered == this.notified) return
    mfence()
    const event = read16(this.device + 4 + this.size * 8)
    const fresh = (this.offered - this.notified) & 0xffff
    const wanted = this.hasEventIndex
      ? ((this.offered - event - 1) & 0xffff) < fresh
      : !(read16(this.device) & NO_INTERRUPT)
    this.notified = this.offered
    if (wanted) write16(this.notifyAddress, this.index)
  }

  /** Takes one used buffer back: its descriptor, with `takenLength` bytes written; −1 if there is none. */
  take(): i32 {
    if (read16(this.device + 2) == this.seen) return -1
    const entry = this.device + 4 + (this.seen & (this.size - 1)) * 8
    const id = read32(entry)
    this.takenLength = read32(entry + 4)
    this.seen = (this.seen + 1) & 0xffff
    store<u16>(this.freeStack + this.freeCount++ * 2, <u16>id)
    return <i32>id
  }

  hasUsed(): bool {
    return read16(this.device + 2) != this.seen
  }

  /** Address of the buffer of descriptor `id`, valid until the next `offer`. */
  bufferOf(id: i32): usize {
    return <usize>load<u64>(this.descriptors + <usize>id * 16)
  }

  /** Asks for no interrupts while the driver polls. */
  disableInterrupts(): void {
    if (this.hasEventIndex) write16(this.driver + 4 + this.size * 2, (this.seen - 1) & 0xffff)
    else write16(this.driver, NO_INTERRUPT)
  }

  /**
   * Asks for an interrupt once `after` more buffers are used (with the event index; else for each). True if some are
   * there already, so that the caller must look again.
   */
  enableInterrupts(after: u32): bool {
    if (this.hasEventIndex) write16(this.driver + 4 + this.size * 2, (this.seen + after - 1) & 0xffff)
    else write16(this.driver, 0)
    mfence()
    return this.hasUsed()
  }
}
