// Three loops that touch nothing but the processor and a little memory. Each prints when it begins and ends, so that
// the host can time it; the checksum shows that both machines did the same work.
import { console, exit, memoryStatistics, monotonicTime } from 'onering'

function integerLoop(): u32 {
  let state: u32 = 1
  let sum: u32 = 0
  for (let i = 0; i < 100_000_000; i++) {
    state ^= state << 13
    state ^= state >> 17
    state ^= state << 5
    sum += state & 0xff
  }
  return sum
}

function sieve(): u32 {
  const limit = 4_000_000
  const composite = new Uint8Array(limit + 1)
  let count: u32 = 0
  for (let n = 2; n <= limit; n++) {
    if (composite[n]) continue
    count++
    for (let multiple = n * 2; multiple <= limit; multiple += n) composite[multiple] = 1
  }
  return count
}

function fibonacci(n: i32): u32 {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2)
}

function section(name: string, loop: () => u32): void {
  console.log('begin ' + name)
  const start = monotonicTime()
  const checksum = loop()
  console.log('end ' + name + ' ' + checksum.toString() + ' ' + (monotonicTime() - start).toString())
}

export function main(): void {
  // What the kernel and its tables take before anything is done.
  const memory = memoryStatistics()
  console.log('memory ' + (memory.total - memory.free).toString())
  section('integer', integerLoop)
  section('sieve', sieve)
  section('fibonacci', () => fibonacci(34))
  exit(0)
}
