/** Reallocation, and managed objects without a collector: the kernel makes none but constants. */
import { allocate } from './memory'
import { capacityOf, setObject } from './tlsf'

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
