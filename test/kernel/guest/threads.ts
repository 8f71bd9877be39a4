/** Threads: start, join, preemption, sleep, and that nothing of them stays. */
import { currentThread, join, memoryStatistics, monotonicTime, sleep, spawn, yieldNow } from 'onering'
import { begin, equal, finish, ok } from './tap'

let counter: u32 = 0
let turns: u32 = 0

function add(argument: u32): void {
  counter += argument
}

function spin(_argument: u32): void {
  // Never gives the processor away: only the timer ends its slice.
  while (load<bool>(changetype<usize>(flag))) turns++
}

const flag = new StaticArray<bool>(1)

function raise(_argument: u32): void {
  store<bool>(changetype<usize>(flag), true)
}

function sleeper(milliseconds: u32): void {
  sleep(milliseconds)
}

function recurse(depth: u32): u32 {
  return depth == 0 ? 0 : recurse(depth - 1) + 1
}

function deep(depth: u32): void {
  counter = recurse(depth)
}

export function main(): i32 {
  begin()
  // Nobody sleeps and nothing arrives: there is no interrupt but that of the slice.
  const raiser = spawn(raise, 0)
  let waited: u64 = 0
  while (!load<bool>(changetype<usize>(flag)) && waited < 200_000_000) waited++
  ok(waited < 200_000_000, 'two threads that never wait take turns')
  join(raiser)

  ok(currentThread() > 0, 'a thread has an id')
  equal(join(spawn(add, 5)), 0, 'join gives the status')
  equal(counter, 5, 'the argument arrives')
  equal(join(12345), -3, 'joining nobody is ESRCH')

  flag[0] = true
  const spinner = spawn(spin, 0)
  const start = monotonicTime()
  sleep(50)
  ok(turns > 0, 'a thread runs while another sleeps')
  ok(monotonicTime() - start >= 50_000_000, 'sleep lasts as long as it should')
  const again = monotonicTime()
  for (let i = 0; i < 3; i++) sleep(2)
  ok(monotonicTime() - again < 9_000_000, 'and the sleeper does not wait for the end of its slice')
  flag[0] = false
  equal(join(spinner), 0, 'a thread that never waits is preempted')

  const first = spawn(sleeper, 30)
  const second = spawn(sleeper, 10)
  const both = monotonicTime()
  join(second)
  join(first)
  ok(monotonicTime() - both < 200_000_000, 'sleeps overlap')

  join(spawn(deep, 500))
  equal(counter, 500, 'a stack holds a deep recursion')

  yieldNow()
  const before = memoryStatistics().free
  for (let i = 0; i < 200; i++) join(spawn(add, 1))
  equal(memoryStatistics().free, before, 'ended threads leave nothing behind')
  return finish()
}
