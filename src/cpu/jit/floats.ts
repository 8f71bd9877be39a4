/** Which lanes of vectors are known to hold plain floats, so that they are looked at once. */
import { floatOf, Expr } from '../wasm/index.ts'

/** A set of lanes of so many bits, as a mask. */
export interface PlainLanes {
  readonly bits: number
  readonly lanes: number
}

const SIMD = 0xfd
const CONST = 0x0c
const SHUFFLE = 0x0d
const XOR = 0x51
/** `extract_lane` and `replace_lane` of i32x4, i64x2, f32x4 and f64x2, by the bits of a lane. */
const extracting: Readonly<Record<number, number>> = { 0x1b: 32, 0x1d: 64, 0x1f: 32, 0x21: 64 }
const replacing: Readonly<Record<number, number>> = { 0x1c: 32, 0x1e: 64, 0x20: 32, 0x22: 64 }

const allLanes = (bits: number): number => (1 << (128 / bits)) - 1

/** Within one instruction. `registers`: what is known of the vector registers, by number, which outlives it. */
export class Floats {
  readonly #registers: Map<number, PlainLanes>
  readonly #vectors = new Map<Expr, PlainLanes>()
  readonly #scalars = new Set<Expr>()
  /** Vectors that were read from a register that has not been written since. */
  readonly #sources = new Map<Expr, number>()

  readonly #lowest = new Map<Expr, number>()

  constructor(registers: Map<number, PlainLanes>) {
    this.#registers = registers
  }

  isPlain(floats: Expr, bits: number): boolean {
    if (floats.type === 'v128') return this.#lanesOf(floats, bits) === allLanes(bits)
    return this.#scalars.has(scalarOf(floats)) || (this.#lowestOf(floats, bits)?.lanes ?? 0) % 2 === 1
  }

  notePlain(floats: Expr, bits: number): void {
    if (floats.type === 'v128') return this.#note(floats, bits, allLanes(bits))
    this.#scalars.add(scalarOf(floats))
    const lowest = this.#lowestOf(floats, bits)
    if (lowest) this.#note(lowest.vector, bits, lowest.lanes | 1)
    const register = this.#lowest.get(scalarOf(floats))
    if (register === undefined) return
    const known = this.#registers.get(register)
    this.#registers.set(register, { bits, lanes: known?.bits === bits ? known.lanes | 1 : 1 })
  }

  #note(vector: Expr, bits: number, lanes: number): void {
    this.#vectors.set(vector, { bits, lanes })
    const register = this.#sources.get(vector)
    if (register !== undefined) this.#registers.set(register, { bits, lanes })
  }

  /** `bound` has the value of `vector`. */
  copy(bound: Expr, vector: Expr): void {
    const lanes = this.#known(vector)
    if (lanes) this.#vectors.set(bound, lanes)
  }

  read(register: number, vector: Expr): void {
    const lanes = this.#registers.get(register)
    if (lanes) this.#vectors.set(vector, lanes)
    this.#sources.set(vector, register)
  }

  /** The lowest lane of a register that was read by itself. */
  readLowest(register: number, scalar: Expr, bits: number): void {
    const known = this.#registers.get(register)
    if (known?.bits === bits && known.lanes % 2 === 1) this.#scalars.add(scalarOf(scalar))
    this.#lowest.set(scalarOf(scalar), register)
  }

  /** The register that a vector was read from, if it has it still. */
  sourceOf(vector: Expr): number | undefined {
    return this.#sources.get(vector)
  }

  /** `vector`: what the register has got; null: that depends. */
  write(register: number, vector: Expr | null): void {
    const lanes = vector && this.#known(vector)
    for (const sources of [this.#sources, this.#lowest])
      for (const [source, number] of sources) if (number === register) sources.delete(source)
    if (lanes) this.#registers.set(register, lanes)
    else this.#registers.delete(register)
  }

  #known(vector: Expr): PlainLanes | undefined {
    for (const bits of [64, 32]) {
      const lanes = this.#lanesOf(vector, bits)
      if (lanes !== 0) return { bits, lanes }
    }
    return undefined
  }

  #lanesOf(vector: Expr, bits: number): number {
    const known = this.#vectors.get(vector)
    if (known) return known.bits === bits ? known.lanes : 0
    const { code, args } = vector
    const [prefix, opcode, ...immediate] = code
    if (prefix !== SIMD) return 0
    if (opcode === CONST) return immediate.every((byte) => byte === 0) ? allLanes(bits) : 0
    if (opcode === XOR) return this.#isSame(args[0]!, args[1]!) ? allLanes(bits) : 0
    if (opcode === SHUFFLE) return this.#shuffled(immediate, args, bits)
    if (replacing[opcode!] !== bits || immediate[0] !== 0) return 0
    const others = this.#lanesOf(args[0]!, bits) & ~1
    return others | Number(this.isPlain(args[1]!, bits))
  }

  #isSame(x: Expr, y: Expr): boolean {
    const register = this.#sources.get(x)
    return register !== undefined && register === this.#sources.get(y)
  }

  #shuffled(bytes: readonly number[], args: readonly Expr[], bits: number): number {
    const size = bits / 8
    const sources = args.map((vector) => this.#lanesOf(vector, bits))
    let lanes = 0
    for (let at = 0; at < 16; at += size) {
      const first = bytes[at]!
      const isWhole = first % size === 0 && bytes.slice(at, at + size).every((byte, n) => byte === first + n)
      if (isWhole && (sources[first >> 4]! >> ((first % 16) / size)) & 1) lanes |= 1 << (at / size)
    }
    return lanes
  }

  /** The vector that a scalar is the lowest lane of, and what is known of it. */
  #lowestOf({ code, args }: Expr, bits: number): { vector: Expr; lanes: number } | undefined {
    const isLowest = code[0] === SIMD && extracting[code[1]!] === bits && code[2] === 0
    return isLowest ? { vector: args[0]!, lanes: this.#lanesOf(args[0]!, bits) } : undefined
  }
}

/** The bits of a float and the float are one. */
const scalarOf = (value: Expr): Expr => floatOf(value) ?? value
