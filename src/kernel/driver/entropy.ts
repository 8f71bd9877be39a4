/** virtio-rng (virtio 1.2 §5.4): one buffer of randomness at boot. */
import { pause, rdtsc } from '../lib/cpu'
import { addEntropy } from '../lib/random'
import { findFunction } from '../bus/pci'
import { ticksIn } from '../task/clock'
import { NO_VECTOR, VENDOR, VirtioDevice } from './virtio-device'
import { Virtqueue } from './virtqueue'

const DEVICE_MODERN: u32 = 0x1044
const DEVICE_TRANSITIONAL: u32 = 0x1005
const BYTES: u32 = 64
const PATIENCE_NS: u64 = 100_000_000

const buffer: usize = memory.data(64, 16)
const device: VirtioDevice = changetype<VirtioDevice>(memory.data(64, 16))
const queue: Virtqueue = changetype<Virtqueue>(memory.data(80, 16))

/** Seeds the generator: from the device if it answers in time, in any case from the time. */
export function initEntropy(): void {
  const pci = findFunction(VENDOR, DEVICE_MODERN, DEVICE_TRANSITIONAL)
  let length: u32 = 0
  if (pci != u32.MAX_VALUE && device.open(pci) && device.negotiate(0) && queue.open(device, 0, NO_VECTOR)) {
    device.start()
    queue.disableInterrupts()
    queue.offer(buffer, BYTES, true)
    queue.notify()
    const end = rdtsc() + ticksIn(PATIENCE_NS)
    while (!queue.hasUsed() && rdtsc() < end) pause()
    if (queue.take() >= 0) length = min(queue.takenLength, BYTES)
    device.open(pci)
  }
  addEntropy(buffer, length)
}
