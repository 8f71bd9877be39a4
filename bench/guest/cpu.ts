// Programs that touch nothing but the processor and memory, for `npm run bench:cpu`. Each prints when it begins and ends, so that the host can
// time it; the checksum shows that every machine did the same work.
import { console, exit } from 'onering'

function integerLoop(rounds: i32): u32 {
  let state: u32 = 1
  let sum: u32 = 0
  for (let i = 0; i < rounds; i++) {
    state ^= state << 13
    state ^= state >> 17
    state ^= state << 5
    sum += state & 0xff
  }
  return sum
}

function sieve(limit: i32): u32 {
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

function rotr(x: u32, n: u32): u32 {
  return (x >> n) | (x << (32 - n))
}

const K = StaticArray.fromArray<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
])

/** The compression function of SHA-256 over a block that follows from the round. */
function sha256(rounds: i32): u32 {
  const w = new StaticArray<u32>(64)
  const h = new StaticArray<u32>(8)
  for (let i = 0; i < 8; i++) h[i] = 0x6a09e667 + <u32>i
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < 16; i++) w[i] = <u32>(round * 16 + i)
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15]
      const y = w[i - 2]
      const s0 = rotr(x, 7) ^ rotr(x, 18) ^ (x >> 3)
      const s1 = rotr(y, 17) ^ rotr(y, 19) ^ (y >> 10)
      w[i] = w[i - 16] + s0 + w[i - 7] + s1
    }
    let a = h[0]
    let b = h[1]
    let c = h[2]
    let d = h[3]
    let e = h[4]
    let f = h[5]
    let g = h[6]
    let last = h[7]
    for (let i = 0; i < 64; i++) {
      const s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)
      const t1 = last + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]
      const s0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)
      const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c))
      last = g
      g = f
      f = e
      e = d + t1
      d = c
      c = b
      b = a
      a = t1 + t2
    }
    h[0] += a
    h[1] += b
    h[2] += c
    h[3] += d
    h[4] += e
    h[5] += f
    h[6] += g
    h[7] += last
  }
  return h[0]
}

function mandelbrot(size: i32): u32 {
  let inside: u32 = 0
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const cr = (2.0 * <f64>column) / <f64>size - 1.5
      const ci = (2.0 * <f64>row) / <f64>size - 1.0
      let zr: f64 = 0
      let zi: f64 = 0
      let steps = 0
      for (; steps < 50 && zr * zr + zi * zi < 4.0; steps++) {
        const next = zr * zr - zi * zi + cr
        zi = 2.0 * zr * zi + ci
        zr = next
      }
      if (steps == 50) inside++
    }
  return inside
}

/** Five bodies with masses in a box of their own; positions, velocities and masses in one array of seven numbers each. */
function bodies(steps: i32): u32 {
  const COUNT = 5
  const state = new StaticArray<f64>(7 * COUNT)
  for (let i = 0; i < 7 * COUNT; i++) state[i] = <f64>((i * 7919) % 101) / 50.0 - 1.0
  for (let i = 0; i < COUNT; i++) state[7 * i + 6] = 0.1 + <f64>i / 10.0
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < 7 * COUNT; i += 7)
      for (let j = i + 7; j < 7 * COUNT; j += 7) {
        const dx = state[i] - state[j]
        const dy = state[i + 1] - state[j + 1]
        const dz = state[i + 2] - state[j + 2]
        const square = dx * dx + dy * dy + dz * dz + 0.01
        const force = 0.001 / (square * sqrt<f64>(square))
        const mi = state[i + 6] * force
        const mj = state[j + 6] * force
        state[i + 3] -= dx * mj
        state[i + 4] -= dy * mj
        state[i + 5] -= dz * mj
        state[j + 3] += dx * mi
        state[j + 4] += dy * mi
        state[j + 5] += dz * mi
      }
    for (let i = 0; i < 7 * COUNT; i += 7) {
      state[i] += 0.001 * state[i + 3]
      state[i + 1] += 0.001 * state[i + 4]
      state[i + 2] += 0.001 * state[i + 5]
    }
  }
  return <u32>reinterpret<u64>(state[0])
}

function matrix(rounds: i32): u32 {
  const SIZE = 48
  const a = new StaticArray<i32>(SIZE * SIZE)
  const b = new StaticArray<i32>(SIZE * SIZE)
  const c = new StaticArray<i32>(SIZE * SIZE)
  for (let i = 0; i < SIZE * SIZE; i++) {
    a[i] = i % 17
    b[i] = i % 23
  }
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < SIZE; i++)
      for (let j = 0; j < SIZE; j++) {
        let sum = 0
        for (let k = 0; k < SIZE; k++) sum += a[i * SIZE + k] * b[k * SIZE + j]
        c[i * SIZE + j] = sum
      }
    a[round % (SIZE * SIZE)] += c[(round * 31) % (SIZE * SIZE)] & 0xff
  }
  return <u32>c[SIZE + 1]
}

/** A state machine over text, as in CoreMark: numbers in several notations. */
function scan(rounds: i32): u32 {
  const text = '5012,1234.500,-110.700,+0.64400,0x10F,-8e+12,T0.3e-1F,1.2.3,,77,'
  const bytes = new StaticArray<u8>(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = <u8>text.charCodeAt(i)
  let counts: u32 = 0
  for (let round = 0; round < rounds; round++) {
    let state = 0
    for (let i = 0; i < bytes.length; i++) {
      const c = bytes[i]
      const digit = c >= 48 && c <= 57
      switch (state) {
        case 0:
          state = digit ? 1 : c == 43 || c == 45 ? 2 : c == 46 ? 3 : c == 44 ? 0 : 5
          break
        case 1:
        case 2:
          state = digit ? 1 : c == 46 ? 3 : c == 44 ? 0 : c == 101 ? 4 : 5
          break
        case 3:
          state = digit ? 3 : c == 101 ? 4 : c == 44 ? 0 : 5
          break
        case 4:
          state = digit || c == 43 || c == 45 ? 4 : c == 44 ? 0 : 5
          break
        default:
          state = c == 44 ? 0 : 5
      }
      counts = counts * 3 + <u32>state
    }
  }
  return counts
}

function crc16(value: u32, crc: u32): u32 {
  for (let bit = 0; bit < 16; bit++) {
    const carry = (value ^ crc) & 1
    crc >>= 1
    value >>= 1
    if (carry) crc ^= 0xa001
  }
  return crc
}

/** A list as CoreMark has one: nodes lie in an array, a link is an index, -1 the end. */
class List {
  readonly next: StaticArray<i32>
  readonly value: StaticArray<u16>
  head: i32 = 0

  constructor(size: i32) {
    this.next = new StaticArray<i32>(size)
    this.value = new StaticArray<u16>(size)
    for (let i = 0; i < size; i++) {
      this.next[i] = i + 1 < size ? i + 1 : -1
      this.value[i] = <u16>(i * 7919)
    }
  }

  reverse(): void {
    let done = -1
    for (let node = this.head; node >= 0;) {
      const rest = this.next[node]
      this.next[node] = done
      done = node
      node = rest
    }
    this.head = done
  }

  find(value: u16): i32 {
    let node = this.head
    while (node >= 0 && this.value[node] != value) node = this.next[node]
    return node
  }

  private takes(a: i32, b: i32, left: i32, right: i32): bool {
    if (left == 0) return false
    return right == 0 || b < 0 || this.value[a] <= this.value[b]
  }

  /** Merges runs of 1, 2, 4 … nodes until there is one. */
  sort(): void {
    for (let run = 1; ; run <<= 1) {
      let rest = this.head
      let tail = -1
      let merges = 0
      this.head = -1
      while (rest >= 0) {
        merges++
        let a = rest
        let left = 0
        while (left < run && rest >= 0) {
          left++
          rest = this.next[rest]
        }
        let b = rest
        let right = run
        while (left > 0 || (right > 0 && b >= 0)) {
          const fromA = this.takes(a, b, left, right)
          const node = fromA ? a : b
          if (fromA) {
            a = this.next[a]
            left--
          } else {
            b = this.next[b]
            right--
          }
          if (tail < 0) this.head = node
          else this.next[tail] = node
          tail = node
        }
        rest = b
      }
      this.next[tail] = -1
      if (merges <= 1) return
    }
  }
}

/** What CoreMark is made of, in its proportions: a list, a matrix, a state machine, and a CRC over what they find. */
function coreMarkLike(rounds: i32): u32 {
  const list = new List(64)
  let crc: u32 = 0
  for (let round = 0; round < rounds; round++) {
    const wanted = list.find(<u16>((round % 64) * 7919))
    list.value[wanted] ^= <u16>crc
    list.reverse()
    list.sort()
    crc = crc16(list.value[list.head], crc)
    list.value[wanted] = <u16>((round % 64) * 7919)
    if (round % 100 == 0) crc = crc16(matrix(1), crc)
    crc = crc16(scan(1), crc)
  }
  return crc
}

type Operation = (x: u32) => u32
const operations = StaticArray.fromArray<Operation>([
  (x: u32): u32 => x + 3,
  (x: u32): u32 => x ^ 0x55,
  (x: u32): u32 => x * 5,
  (x: u32): u32 => (x >> 1) | 1,
])

function indirect(rounds: i32): u32 {
  let x: u32 = 1
  for (let i = 0; i < rounds; i++) x = operations[(x ^ <u32>i) & 3](x)
  return x
}

function copy(rounds: i32): u32 {
  const SIZE = 1 << 20
  const from = new StaticArray<u8>(SIZE)
  const to = new StaticArray<u8>(SIZE)
  for (let i = 0; i < SIZE; i++) from[i] = <u8>i
  for (let round = 0; round < rounds; round++) {
    memory.copy(changetype<usize>(to) + 1, changetype<usize>(from), SIZE - 1)
    from[round] ^= to[SIZE - 1 - round]
  }
  return from[5]
}

function section(name: string, program: (n: i32) => u32, n: i32): void {
  console.log('begin ' + name)
  const checksum = program(n)
  console.log('end ' + name + ' ' + checksum.toString())
}

export function main(): void {
  section('integer', integerLoop, 300_000_000)
  section('sieve', sieve, 12_000_000)
  section('fibonacci', fibonacci, 37)
  section('indirect', indirect, 50_000_000)
  section('sha256', sha256, 150_000)
  section('matrix', matrix, 600)
  section('scan', scan, 900_000)
  section('coremark-like', coreMarkLike, 12_000)
  section('mandelbrot', mandelbrot, 900)
  section('n-body', bodies, 300_000)
  section('memcpy', copy, 600)
  exit(0)
}
