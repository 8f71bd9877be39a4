/** Small AssemblyScript programs: compared with V8 in the tests, with wasm2c and gcc in the benchmark. */

export function fib(n: i32): i32 {
  return n < 2 ? n : fib(n - 1) + fib(n - 2)
}

const FLAGS: usize = 0x10000

/** Number of primes below `n` (at most a million), `rounds` times. */
export function sieve(n: i32, rounds: i32): i32 {
  let count = 0
  for (let round = 0; round < rounds; round++) {
    count = 0
    memory.fill(FLAGS, 0, n)
    for (let i = 2; i < n; i++) {
      if (load<u8>(FLAGS + i)) continue
      count++
      for (let j = i + i; j < n; j += i) store<u8>(FLAGS + j, 1)
    }
  }
  return count
}

const A: usize = 0x10000
const B: usize = 0x90000
const C: usize = 0x110000

/** Multiplies two n × n matrices of doubles; returns the trace. */
export function matmul(n: i32, rounds: i32): f64 {
  for (let i = 0; i < n * n; i++) {
    store<f64>(A + ((<usize>i) << 3), <f64>(i % 7))
    store<f64>(B + ((<usize>i) << 3), <f64>(i % 5))
  }
  let trace: f64 = 0
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let sum: f64 = 0
        for (let k = 0; k < n; k++)
          sum += load<f64>(A + ((<usize>(i * n + k)) << 3)) * load<f64>(B + ((<usize>(k * n + j)) << 3))
        store<f64>(C + ((<usize>(i * n + j)) << 3), sum)
      }
    }
    for (let i = 0; i < n; i++) trace += load<f64>(C + ((<usize>(i * n + i)) << 3))
  }
  return trace
}

const W: usize = 0x8000

/** The compression function of SHA-256 (with made-up round constants) over `blocks` blocks; returns the first word. */
export function hash(blocks: i32): i32 {
  let h0: u32 = 0x6a09e667
  let h1: u32 = 0xbb67ae85
  let h2: u32 = 0x3c6ef372
  let h3: u32 = 0xa54ff53a
  let h4: u32 = 0x510e527f
  let h5: u32 = 0x9b05688c
  let h6: u32 = 0x1f83d9ab
  let h7: u32 = 0x5be0cd19
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < 16; i++) store<u32>(W + ((<usize>i) << 2), (block * 16 + i) * 0x9e3779b1)
    for (let i = 16; i < 64; i++) {
      const at = W + ((<usize>i) << 2)
      const x = load<u32>(at - 60)
      const y = load<u32>(at - 8)
      const s0 = rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ (x >> 3)
      const s1 = rotr<u32>(y, 17) ^ rotr<u32>(y, 19) ^ (y >> 10)
      store<u32>(at, load<u32>(at - 64) + s0 + load<u32>(at - 28) + s1)
    }
    let a = h0
    let b = h1
    let c = h2
    let d = h3
    let e = h4
    let f = h5
    let g = h6
    let h = h7
    for (let i = 0; i < 64; i++) {
      const s1 = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)
      const t1 = h + s1 + ((e & f) ^ (~e & g)) + <u32>i * 0x428a2f98 + load<u32>(W + ((<usize>i) << 2))
      const s0 = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)
      const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c))
      h = g
      g = f
      f = e
      e = d + t1
      d = c
      c = b
      b = a
      a = t1 + t2
    }
    h0 += a
    h1 += b
    h2 += c
    h3 += d
    h4 += e
    h5 += f
    h6 += g
    h7 += h
  }
  return h0 ^ h7
}

class Node {
  next: Node | null = null
  constructor(public value: i32) {}
}

/** Objects, arrays, closures by index, division and strings of the standard library. */
export function objects(n: i32): i32 {
  let head: Node | null = null
  for (let i = 0; i < n; i++) {
    const node = new Node((i * 7919) % 1009)
    node.next = head
    head = node
  }
  const values = new Array<i32>()
  let node = head
  while (node) {
    values.push(node.value)
    node = node.next
  }
  values.sort((a, b) => a - b)
  const text = values.slice(0, 40).join(',') + (n / 3).toString() + (<f64>n / 7).toString()
  let sum = 0
  for (let i = 0; i < text.length; i++) sum = sum * 31 + text.charCodeAt(i)
  const map = new Map<i32, i64>()
  for (let i = 0; i < n; i++) map.set(i % 97, <i64>i * i)
  return sum ^ <i32>map.get(13) ^ values[values.length / 2]
}

/** Dot products of bytes with vectors. */
export function vectors(n: i32): i32 {
  for (let i = 0; i < 4096; i++) store<u8>(A + i, i * 37)
  let sum = i32x4.splat(0)
  for (let round = 0; round < n; round++) {
    for (let at: usize = A; at < A + 4096; at += 16) {
      const x = v128.load(at)
      sum = i32x4.add(sum, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(x), i16x8.extend_high_i8x16_s(x)))
    }
  }
  return (
    i32x4.extract_lane(sum, 0) ^
    i32x4.extract_lane(sum, 1) ^
    i32x4.extract_lane(sum, 2) ^
    i32x4.extract_lane(sum, 3)
  )
}
