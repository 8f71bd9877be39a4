/** Managed objects of an application, under the collector's care. */
import { collectGarbage, isCollectionDue } from './collector'
import { lockHeap, outOfMemory, unlockHeap } from './memory'
import { allocateBlock, capacityOf, setObject } from './tlsf'

@unmanaged
class ObjectHeader {
  id: u32
  size: u32
}

/** A managed object of `size` zero bytes. */
export function newObject(size: usize, id: u32): usize {
  lockHeap()
  if (isCollectionDue(size)) collectGarbage()
  let address = allocateBlock(size)
  if (address == 0) {
    collectGarbage()
    address = allocateBlock(size)
  }
  unlockHeap()
  if (address == 0) outOfMemory()
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

/** Collects now. */
export function collect(): void {
  lockHeap()
  collectGarbage()
  unlockHeap()
}
