/** A sorted set: members in a table, and a binary heap of its nodes whose top has the least score, of equal scores the least bytes. */
import { give, retake, take } from './memory'
import { Slice } from './slice'
import { dropTable, find, insert, keyOf, newTable, Node, remove, Table } from './table'

/** Of a node, `number` is the score and `tag` its place in the heap. */
@unmanaged
export class SortedSet {
  members: Table
  heap: usize
  room: u32
}

const LEAST: u32 = 4
const WORD: usize = 4

export function newSortedSet(): SortedSet {
  const set = changetype<SortedSet>(take(offsetof<SortedSet>()))
  set.members = newTable()
  set.room = LEAST
  set.heap = take(LEAST * WORD)
  return set
}

function at(set: SortedSet, place: u32): Node {
  return changetype<Node>(load<u32>(set.heap + <usize>place * WORD))
}

function put(set: SortedSet, place: u32, node: Node): void {
  store<u32>(set.heap + <usize>place * WORD, <u32>changetype<usize>(node))
  node.tag = place
}

function isLess(a: Node, b: Node): bool {
  if (a.number != b.number) return a.number < b.number
  const order = memory.compare(keyOf(a), keyOf(b), min(a.length, b.length))
  return order != 0 ? order < 0 : a.length < b.length
}

/** Moves a node to where it belongs. */
function settle(set: SortedSet, node: Node, count: u32): void {
  let place = node.tag
  while (place > 0 && isLess(node, at(set, (place - 1) >> 1))) {
    put(set, place, at(set, (place - 1) >> 1))
    place = (place - 1) >> 1
  }
  while (true) {
    let child = place * 2 + 1
    if (child >= count) break
    if (child + 1 < count && isLess(at(set, child + 1), at(set, child))) child++
    if (!isLess(at(set, child), node)) break
    put(set, place, at(set, child))
    place = child
  }
  put(set, place, node)
}

/** A new member, which is not there yet. */
export function addMember(set: SortedSet, member: Slice, score: f64): void {
  const place = set.members.count
  if (place == set.room) {
    set.heap = retake(set.heap, <usize>set.room * WORD, <usize>set.room * 2 * WORD)
    set.room *= 2
  }
  const node = insert(set.members, member)
  node.number = score
  put(set, place, node)
  settle(set, node, place + 1)
}

export function setScore(set: SortedSet, node: Node, score: f64): void {
  node.number = score
  settle(set, node, set.members.count)
}

export function findMember(set: SortedSet, member: Slice): Node | null {
  return find(set.members, member)
}

/** The member with the least score, of a set that is not empty. */
export function least(set: SortedSet): Node {
  return at(set, 0)
}

export function removeMember(set: SortedSet, node: Node): void {
  const count = set.members.count - 1
  const last = at(set, count)
  const place = node.tag
  if (last !== node) {
    put(set, place, last)
    settle(set, last, count)
  }
  remove(set.members, node)
}

export function dropSortedSet(set: SortedSet): void {
  dropTable(set.members)
  give(set.heap)
  give(changetype<usize>(set))
}
