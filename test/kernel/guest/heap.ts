/** The heap and its collector: garbage goes, what is reachable stays, from objects, variables and the stacks of all threads. */
import { join, memoryStatistics, spawn, yieldNow } from 'onering'
import { begin, equal, finish, ok } from './tap'

class Node {
  constructor(
    public next: Node | null,
    public value: i32,
  ) {}
}

let kept: Node | null = null
const map = new Map<i32, string>()
const sums = new StaticArray<i64>(4)

/** Makes far more garbage than there is memory; its list lives on this thread's stack only. */
function churn(index: u32): void {
  let list: Node | null = null
  for (let i = 0; i < 40_000; i++) {
    list = new Node(i % 1000 == 0 ? null : list, i)
    if (i % 10_000 == 0) yieldNow()
  }
  let sum: i64 = 0
  while (list !== null) {
    sum += list.value
    list = list.next
  }
  sums[index] = sum
}

function fill(): void {
  for (let i = 0; i < 1000; i++) {
    kept = new Node(kept, i)
    map.set(i, `value ${i}`)
  }
}

function check(): void {
  let sum = 0
  let node = kept
  while (node !== null) {
    sum += node.value
    node = node.next
  }
  equal(sum, 499_500, 'a list in a variable is whole')
  let bad = 0
  for (let i = 0; i < 1000; i++) if (map.get(i) != `value ${i}`) bad++
  equal(bad, 0, 'a map is whole')
}

export function main(): i32 {
  begin()
  fill()
  const free = memoryStatistics().free
  for (let round = 0; round < 6; round++) {
    const a = spawn(churn, 0)
    const b = spawn(churn, 1)
    for (let i = 0; i < 2000; i++) map.set(i % 1000, `value ${i % 1000}`)
    join(a)
    join(b)
    equal(sums[0], 39_499_500, 'a list on a stack is whole')
    equal(sums[1], 39_499_500, 'and on another stack')
    // All rounds together make half as much again.
    ok(free - memoryStatistics().free < 10 << 20, 'garbage is used again')
  }
  check()
  const block = heap.alloc(100)
  equal(block & 15, 0, 'blocks are aligned to 16 bytes')
  heap.free(block)
  equal(heap.alloc(100), block, 'a freed block is used again')
  return finish()
}
