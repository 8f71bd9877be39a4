/**
 * A hash table from bytes to a word, a number and a tag: the keys of the store, a hash, the members of a set. Its nodes also stand in an array without holes,
 * so that a random one is found at once, and a scan from the last to the first meets everything that is there from its beginning to its end.
 */
import { give, retake, take } from './memory'
import { hashOf } from './hash'
import { equals, Slice } from './slice'

/** The bytes of the key follow. */
@unmanaged
export class Node {
  nextInBucket: Node | null
  hash: u32
  /** Place in the table's array. */
  index: u32
  length: u32
  number: f64
  value: usize
  tag: u32
}

const NODE: usize = 32

@unmanaged
export class Table {
  /** u32 addresses; their number is a power of two, `mask` + 1, and at least that of the nodes. */
  buckets: usize
  mask: u32
  nodes: usize
  count: u32
}

const LEAST: u32 = 4
const WORD: usize = 4

export function newTable(): Table {
  const table = changetype<Table>(take(offsetof<Table>()))
  table.buckets = take(LEAST * WORD)
  memory.fill(table.buckets, 0, LEAST * WORD)
  table.nodes = take(LEAST * WORD)
  table.mask = LEAST - 1
  table.count = 0
  return table
}

export function keyOf(node: Node): usize {
  return changetype<usize>(node) + NODE
}

export function nodeAt(table: Table, index: u32): Node {
  return changetype<Node>(load<u32>(table.nodes + <usize>index * WORD))
}

function bucketOf(table: Table, hash: u32): usize {
  return table.buckets + <usize>(hash & table.mask) * WORD
}

function place(table: Table, node: Node): void {
  const bucket = bucketOf(table, node.hash)
  node.nextInBucket = changetype<Node | null>(load<u32>(bucket))
  store<u32>(bucket, <u32>changetype<usize>(node))
}

export function find(table: Table, key: Slice): Node | null {
  const hash = hashOf(key.start, key.length)
  let node = changetype<Node | null>(load<u32>(bucketOf(table, hash)))
  while (node !== null && !(node.hash == hash && equals(key, keyOf(node), node.length)))
    node = node.nextInBucket
  return node
}

function grow(table: Table): void {
  const room = (table.mask + 1) * 2
  give(table.buckets)
  table.buckets = take(<usize>room * WORD)
  memory.fill(table.buckets, 0, <usize>room * WORD)
  table.mask = room - 1
  table.nodes = retake(table.nodes, <usize>table.count * WORD, <usize>room * WORD)
  for (let i: u32 = 0; i < table.count; i++) place(table, nodeAt(table, i))
}

/** A new node for a key that is not there. */
export function insert(table: Table, key: Slice): Node {
  if (table.count > table.mask) grow(table)
  const node = changetype<Node>(take(NODE + key.length))
  node.hash = hashOf(key.start, key.length)
  node.index = table.count
  node.length = key.length
  node.value = 0
  node.tag = 0
  node.number = 0
  memory.copy(keyOf(node), key.start, key.length)
  store<u32>(table.nodes + <usize>node.index * WORD, <u32>changetype<usize>(node))
  table.count++
  place(table, node)
  return node
}

/** Takes a node out and frees it; the last one moves to its place. */
export function remove(table: Table, node: Node): void {
  let link = bucketOf(table, node.hash)
  while (load<u32>(link) != <u32>changetype<usize>(node)) link = <usize>load<u32>(link)
  store<u32>(link, <u32>changetype<usize>(node.nextInBucket))
  table.count--
  const last = nodeAt(table, table.count)
  last.index = node.index
  store<u32>(table.nodes + <usize>node.index * WORD, <u32>changetype<usize>(last))
  give(changetype<usize>(node))
}

/** Frees the table and its nodes, but not what their values refer to. */
export function dropTable(table: Table): void {
  for (let i: u32 = 0; i < table.count; i++) give(changetype<usize>(nodeAt(table, i)))
  give(table.nodes)
  give(table.buckets)
  give(changetype<usize>(table))
}
