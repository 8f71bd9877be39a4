/** The program as a whole. */
import { exit, getppid, mark, memoryStatistics as readStatistics, random as fillRandom } from '../gen/kernel'

export { exit, getppid, mark }

/** Fills `data` with random bytes. */
export function random(data: Uint8Array): void {
  fillRandom(data.dataStart, <u32>data.length)
}

/** Memory and descriptors in use, in bytes. */
@unmanaged
export class MemoryStatistics {
  total: u32
  free: u32
  kernelHeap: u32
  applicationHeap: u32
  descriptors: u32
  reserved0: u32
  reserved1: u32
  reserved2: u32
}

const statistics: usize = memory.data(32, 8)

/** A snapshot, overwritten by the next call. */
export function memoryStatistics(): MemoryStatistics {
  readStatistics(statistics)
  return changetype<MemoryStatistics>(statistics)
}
