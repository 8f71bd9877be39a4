/** Reallocation and managed objects, the same for kernel and application. */
import { allocate, release } from './memory'
import { capacityOf, setObject } from './tlsf'

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
