/** The keys, each with a value of one kind, and perhaps a time at which it ends. */
import { date, monotonicTime } from 'onering'
import { Blob, dropBlob } from './blob'
import { dropList, List, newList } from './list'
import { Reply } from './reply'
import { Slice } from './slice'
import { dropSortedSet, newSortedSet, SortedSet } from './sorted-set'
import { dropTable, find, insert, newTable, Node, nodeAt, remove, Table } from './table'

export const STRING: u32 = 1
export const LIST: u32 = 2
export const SET: u32 = 3
export const HASH: u32 = 4
export const SORTED_SET: u32 = 5
export const kindNames: StaticArray<string> = ['none', 'string', 'list', 'set', 'hash', 'zset']

/** Of a key's node, `tag` is the kind, `value` the value, and `number` the time at which it ends, 0 for never. */
let keys: Table = newTable()
/** Keys that end. */
let mortals: u32 = 0

/** Milliseconds since 1970, as of the last `readClock`. */
export let now: i64 = 0
let bootMs: i64 = 0

/** Time stands still while what has arrived is answered. */
export function readClock(): void {
  const sinceBoot = <i64>(monotonicTime() / 1_000_000)
  if (bootMs == 0) bootMs = date() - sinceBoot
  now = bootMs + sinceBoot
}

export function keyCount(): u32 {
  return keys.count
}

export function mortalCount(): u32 {
  return mortals
}

export function allKeys(): Table {
  return keys
}

function dropHash(table: Table): void {
  for (let i: u32 = 0; i < table.count; i++) dropBlob(changetype<Blob>(nodeAt(table, i).value))
  dropTable(table)
}

function dropValue(kind: u32, value: usize): void {
  if (kind == STRING) dropBlob(changetype<Blob>(value))
  else if (kind == LIST) dropList(changetype<List>(value))
  else if (kind == SET) dropTable(changetype<Table>(value))
  else if (kind == HASH) dropHash(changetype<Table>(value))
  else dropSortedSet(changetype<SortedSet>(value))
}

export function removeKey(node: Node): void {
  dropValue(node.tag, node.value)
  if (node.number != 0) mortals--
  remove(keys, node)
}

export function isOver(node: Node): bool {
  return node.number != 0 && node.number <= <f64>now
}

/** When the key ends, 0 for never. */
export function setEnd(node: Node, atMs: i64): void {
  if (node.number != 0) mortals--
  if (atMs != 0) mortals++
  node.number = <f64>atMs
}

/** The key's node, or null; a key whose time is over is gone. */
export function findKey(key: Slice): Node | null {
  const node = find(keys, key)
  if (node === null || !isOver(node)) return node
  removeKey(node)
  return null
}

/** Sets the value, which becomes the store's, and lets the key live for ever. */
export function setKey(key: Slice, kind: u32, value: usize): Node {
  let node = find(keys, key)
  if (node === null) node = insert(keys, key)
  else {
    dropValue(node.tag, node.value)
    setEnd(node, 0)
  }
  node.tag = kind
  node.value = value
  return node
}

/** What `valueOf` gives when it has sent an error. */
export const WRONG_KIND: usize = 1

function isKind(node: Node, kind: u32, reply: Reply): bool {
  if (node.tag == kind) return true
  reply.error('WRONGTYPE Operation against a key holding the wrong kind of value')
  return false
}

/** The value of a key of that kind, 0 if there is no such key. */
export function valueOf(key: Slice, kind: u32, reply: Reply): usize {
  const node = findKey(key)
  if (node === null) return 0
  return isKind(node, kind, reply) ? node.value : WRONG_KIND
}

/** The same, but what is not there yet begins empty; not for strings. */
export function madeValueOf(key: Slice, kind: u32, reply: Reply): usize {
  const value = valueOf(key, kind, reply)
  if (value != 0) return value
  const made =
    kind == LIST
      ? changetype<usize>(newList())
      : kind == SORTED_SET
        ? changetype<usize>(newSortedSet())
        : changetype<usize>(newTable())
  return setKey(key, kind, made).value
}

/** Collections do not outlive their last element. */
export function removeIfEmpty(key: Slice, count: u32): void {
  if (count == 0) removeKey(find(keys, key)!)
}

export function removeAllKeys(): void {
  for (let i: u32 = 0; i < keys.count; i++) dropValue(nodeAt(keys, i).tag, nodeAt(keys, i).value)
  dropTable(keys)
  keys = newTable()
  mortals = 0
}

/** Where the search for keys whose time is over goes on. */
let cursor: u32 = 0

/** Looks at `count` keys, and takes away those that nobody will ask for any more. */
export function removeOver(count: u32): void {
  for (let i = min(count, keys.count); i > 0 && keys.count > 0; i--) {
    cursor = cursor == 0 || cursor > keys.count ? keys.count - 1 : cursor - 1
    const node = nodeAt(keys, cursor)
    if (isOver(node)) removeKey(node)
  }
}
