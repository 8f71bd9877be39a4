/**
 * The runtime of AssemblyScript inside the kernel. The kernel itself uses only unmanaged classes and `heap`; managed
 * objects exist as constants, and, in the `lto` link mode, as the application's.
 */
import { allocateBlock, capacityOf, releaseBlock, setObject } from './tlsf'
import { panicText } from '../trap/panic'
import { enterKernel, leaveKernel } from '../task/critical'

/** As `heap.alloc`: never 0, because a kernel without memory cannot go on; `tryAllocate` is for what may fail. */
export function allocate(size: usize): usize {
  const address = tryAllocate(size)
  if (address == 0) panicText('out of memory')
  return address
}

/** At least `size` bytes aligned to 16, or 0. */
export function tryAllocate(size: usize): usize {
  enterKernel()
  const address = allocateBlock(size)
  leaveKernel()
  return address
}

/** As `heap.realloc`. */
export function reallocate(address: usize, size: usize): usize {
  if (address == 0) return allocate(size)
  const capacity = capacityOf(address)
  if (size <= capacity) return address
  const larger = allocate(max(size, capacity + (capacity >> 1)))
  memory.copy(larger, address, capacity)
  release(address)
  return larger
}

/** As `heap.free`; 0 is allowed. */
export function release(address: usize): void {
  if (address == 0) return
  enterKernel()
  releaseBlock(address)
  leaveKernel()
}

/** A managed object of `size` zero bytes. */
export function newObject(size: usize, id: u32): usize {
  const address = allocate(size)
  memory.fill(address, 0, size)
  setObject(address, id, size)
  return address
}

/** Makes room for `size` bytes in a managed object, moving it if it must. */
export function renewObject(address: usize, size: usize): usize {
  const header = changetype<ObjectHeader>(address - 8)
  if (size <= capacityOf(address)) {
    if (size > <usize>header.size) memory.fill(address + header.size, 0, size - header.size)
    header.size = <u32>size
    return address
  }
  const larger = newObject(max(size, capacityOf(address) << 1), header.id)
  memory.copy(larger, address, header.size)
  changetype<ObjectHeader>(larger - 8).size = <u32>size
  return larger
}

@unmanaged
class ObjectHeader {
  id: u32
  size: u32
}

export function visit(_address: usize, _cookie: u32): void {}

export function collect(): void {}

/** What `assert` and `throw` become. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  panicText(message === null ? 'abort' : message, file, line, column)
}

export function trace(_message: string, _count: i32, _a0: f64, _a1: f64, _a2: f64, _a3: f64, _a4: f64): void {}

export function seed(): f64 {
  return 0
}
