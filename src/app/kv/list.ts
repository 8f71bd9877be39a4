/** A list: blobs in a ring, so that both ends and every place are reached at once. */
import { Blob, dropBlob } from './blob'
import { give, take } from './memory'

@unmanaged
export class List {
  /** u32 addresses; `mask` + 1 of them, a power of two. */
  ring: usize
  mask: u32
  first: u32
  count: u32
}

const LEAST: u32 = 4

export function newList(): List {
  const list = changetype<List>(take(offsetof<List>()))
  list.ring = take(LEAST << 2)
  list.mask = LEAST - 1
  list.first = 0
  list.count = 0
  return list
}

function slot(list: List, index: u32): usize {
  return list.ring + ((<usize>((list.first + index) & list.mask)) << 2)
}

export function itemAt(list: List, index: u32): Blob {
  return changetype<Blob>(load<u32>(slot(list, index)))
}

function grow(list: List): void {
  const room = (list.mask + 1) * 2
  const ring = take((<usize>room) << 2)
  for (let i: u32 = 0; i < list.count; i++) store<u32>(ring + ((<usize>i) << 2), load<u32>(slot(list, i)))
  give(list.ring)
  list.ring = ring
  list.mask = room - 1
  list.first = 0
}

export function push(list: List, blob: Blob, isFront: bool): void {
  if (list.count > list.mask) grow(list)
  if (isFront) list.first = (list.first - 1) & list.mask
  store<u32>(slot(list, isFront ? 0 : list.count), <u32>changetype<usize>(blob))
  list.count++
}

/** The first or the last blob of a list that is not empty; it is the caller's now. */
export function pop(list: List, isFront: bool): Blob {
  const blob = itemAt(list, isFront ? 0 : list.count - 1)
  if (isFront) list.first = (list.first + 1) & list.mask
  list.count--
  return blob
}

export function dropList(list: List): void {
  for (let i: u32 = 0; i < list.count; i++) dropBlob(itemAt(list, i))
  give(list.ring)
  give(changetype<usize>(list))
}
