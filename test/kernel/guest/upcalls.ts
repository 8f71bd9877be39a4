/** Upcalls: raised by the thread itself, by another one, within a handler; what they must leave alone. */
import { currentThread, getppid, join, onUpcall, raise, sleep, spawn, yieldNow } from 'onering'
import { read32, write32 } from './attacks/cpu'
import { begin, equal, finish } from './tap'

const AGAIN: u32 = 1000
const SLEEP: u32 = 1001

/** Changed by handlers; read where the optimiser must not think it knows. */
const words = new StaticArray<u32>(4)
const COUNT = 0
const SUM = 1
const THREAD = 2
const NESTED = 3

function read(index: i32): u32 {
  return read32(changetype<usize>(words) + ((<usize>index) << 2))
}

function write(index: i32, value: u32): void {
  write32(changetype<usize>(words) + ((<usize>index) << 2), value)
}

function deep(depth: u32): u32 {
  return depth == 0 ? getppid() : deep(depth - 1) + 1
}

function handle(argument: u32): void {
  const count = read(COUNT)
  if (argument == AGAIN) {
    // Waits until this one has ended.
    write(NESTED, <u32>raise(currentThread(), 7))
    getppid()
    if (read(COUNT) != count) write(NESTED, 99)
  }
  if (argument == SLEEP) sleep(1)
  write(COUNT, count + 1)
  write(SUM, read(SUM) + argument + deep(3) - 3)
  write(THREAD, currentThread())
}

/** With as many values alive as there are registers, and then some. */
function busy(rounds: u32): f64 {
  let a: u64 = 1
  let b: u64 = 2
  let c: u64 = 3
  let d: u64 = 4
  let e: u64 = 5
  let f: u64 = 6
  let g: u64 = 7
  let x = 1.5
  let y = 2.5
  let z = 3.5
  for (let i: u32 = 0; i < rounds; i++) {
    a = a * 6364136223846793005 + b
    b = rotl(b ^ a, 7) + c
    c = c + (d >> 3) * 5
    d = d ^ (e << 1) ^ i
    e = e + f
    f = rotl(f, 3) + g
    g = g * 31 + a
    x = x * 0.999 + y
    y = y * 0.5 + z
    z = <f64>(g & 0xff) + x * 0.001
  }
  return x + y + z + <f64>((a ^ b ^ c ^ d ^ e ^ f ^ g) & 0xffff_ffff)
}

const ROUNDS: u32 = 10_000

let target: u32 = 0

/** Goes on raising while the target computes, whenever it gets a slice. */
function raiseOften(times: u32): void {
  for (let i: u32 = 0; i < times; i++) {
    while (raise(target, 1) == -11) yieldNow()
    yieldNow()
  }
}

function raiseOnce(argument: u32): void {
  raise(target, argument)
}

function compute(_argument: u32): void {
  target = currentThread()
  const expected = busy(ROUNDS)
  write(COUNT, 0)
  const other = spawn(raiseOften, 4)
  let wrong = 0
  for (let i = 0; i < 1000 && read(COUNT) < 4; i++) if (busy(ROUNDS) != expected) wrong++
  join(other)
  equal(wrong, 0, 'a computation that upcalls interrupt has the same result')
  equal(read(COUNT), 4, 'each of them came')
  equal(read(THREAD), target, 'in the thread that it was raised for')
}

function waitForOther(argument: u32): void {
  target = currentThread()
  write(COUNT, 0)
  const other = spawn(raiseOnce, argument)
  join(other)
  equal(read(COUNT), 1, 'an upcall comes when a call that waits ends')
}

function endInHandler(argument: u32): void {
  target = currentThread()
  raise(target, argument)
}

function nothing(_argument: u32): void {}

export function main(): i32 {
  begin()
  const me = currentThread()
  equal(raise(me, 1), -22, 'without a handler there is no upcall')
  onUpcall(handle)
  equal(raise(me, 1), 0, 'raising gives 0')
  equal(read(COUNT), 1, 'the handler has run when the call is over')
  for (let i: u32 = 0; i < 100; i++) raise(me, i)
  equal(read(COUNT), 101, 'it runs each time')
  equal(read(SUM), 1 + 4950, 'and gets its argument')
  equal(read(THREAD), me, 'in the thread that raised it')

  equal(raise(me, AGAIN), 0, 'a handler may raise')
  equal(<i32>read(NESTED), 0, 'and what it raises')
  equal(read(COUNT), 103, 'runs when it has ended')
  raise(me, SLEEP)
  equal(read(COUNT), 104, 'a handler may wait')

  equal(raise(12345, 1), -3, 'raising for nobody is ESRCH')
  const ended = spawn(nothing, 0)
  join(ended)
  equal(raise(ended, 1), -3, 'and for a thread that has ended')

  const fresh = spawn(endInHandler, 5)
  equal(raise(fresh, 6), 0, 'one may be raised for a thread that has not begun')
  equal(raise(fresh, 6), -11, 'a second one has to wait')
  join(fresh)
  equal(read(COUNT), 106, 'both have run')

  join(spawn(waitForOther, 3))
  join(spawn(compute, 0))
  return finish()
}
