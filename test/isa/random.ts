/** A small seeded generator (mulberry32), so that a failing run can be repeated. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  /** 0 … n - 1. */
  below(n: number): number {
    return Math.floor((this.u32() / 0x100000000) * n)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  chance(n: number): boolean {
    return this.below(n) === 0
  }
}

const prefixes = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x66, 0x67, 0xf0, 0xf2, 0xf2, 0xf3, 0xf3]
const maps = [[], [], [0x0f], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]]

/** Fifteen bytes: wholly random, or prefixes × opcode map × opcode × ModRM. */
export function randomInstruction(random: Random): Uint8Array {
  const bytes = Uint8Array.from({ length: 15 }, () => random.below(256))
  if (random.chance(4)) return bytes
  const head: number[] = []
  for (let count = random.pick([0, 0, 0, 1, 1, 2, 3]); count > 0; count--) head.push(random.pick(prefixes))
  if (random.chance(3)) head.push(0x40 + random.below(16))
  if (random.chance(8)) {
    if (random.chance(2)) head.push(0xc5, random.below(256))
    else head.push(0xc4, (random.below(8) << 5) | random.pick([1, 2, 2, 3]), random.below(256))
  } else head.push(...random.pick(maps))
  bytes.set(head)
  return bytes
}
